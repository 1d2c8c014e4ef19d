#!/usr/bin/env python
"""How much of a result is rounding: the same study with other threads, batches and precision.

    python benchmarks/rounding.py

Trains a prompt for each of 27 emotions on the embedded backbone and the demonstration corpus, reads and ranks the
neurons, and evaluates masks; then does so again with one thing changed at a time. Prints how far accuracies and ranks
are from those of the first run and, for comparison, how far those of another seed are. The embedded backbone has no
dropout, so training tasks alone is compared once more on a copy with RoBERTa's. Runs on the CPU, and compares with a
GPU if there is one.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from framework.files import results  # noqa: E402
from framework.model.device import resolve_precision  # noqa: E402

RATINGS = ROOT / "data" / "demo" / "attribute_ratings.csv"


def study(folder, flags, epochs, seed=1, environment=None, prompts=None, backbone="backbone"):
    """Run steps 1, 3, 4 and 6 in a folder, or step 6 alone on the prompts and masks of the folder `prompts`.

    On the CPU and in the precision that is fastest there, unless `flags` say otherwise.
    """
    folder.mkdir()
    model = ["--pretrained_model", backbone, "--random_seed", str(seed)]
    precision = {torch.float32: "fp32", torch.bfloat16: "bf16"}[resolve_precision("auto", torch.device("cpu"))]
    flags = ["--device=cpu", f"--precision={precision}", *flags]
    device = [flag for flag in flags if "--device" in flag]
    source = prompts or folder
    checkpoints, masks = ["--checkpoint_dir", source / "checkpoint"], source / "masks" / "top.pkl"
    steps = [
        ["train.py", *model, *checkpoints, "--dataset", "demo", "--prompt_len", 20, "--epochs", epochs, "--lr", 0.02,
         *flags],
        ["get_active_neuron.py", *model, *checkpoints, *device, "--output_dir", folder / "active"],
        ["rsa_searchlight.py", "--activation_dir", folder / "active", "--attributes", RATINGS, "--CSV_Path",
         folder / "rank.csv"],
        ["gen_mask.py", "--CSV_Path", folder / "rank.csv", "--PKL_File", masks, "--thresholds", 250, 500]]
    flags = [flag for flag in flags if "tasks_per_batch" not in flag]
    steps = (steps if prompts is None else []) + [
        ["eval_mask_neuron.py", *model, *checkpoints, "--dataset", "demo", "--maskPath", masks, "--resultPath",
         folder / "results", *flags]]
    for script, *rest in steps:
        subprocess.run([sys.executable, ROOT / script, *map(str, rest)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})}, cwd=folder)


def with_dropout(folder):
    """A copy of the backbone that drops out a tenth, as RoBERTa does."""
    shutil.copytree(ROOT / "backbone", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(
        {**config, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}))
    return folder


def accuracies(folder):
    """Dev accuracy of each task's best prompt."""
    return pd.read_csv(folder / "goemotions_prompt_tuning_accuracy.csv").set_index("sentiment")["accuracy"]


def masked(folder):
    """Accuracies under masks [tasks, masks]."""
    return results.read_all(folder / "results").drop(columns=["sentiment", "seed", "best"]).to_numpy(float)


def compare_training(name, ours, other):
    """One line: accuracies and ranks of two studies."""
    distance = (accuracies(ours) - accuracies(other)).abs()
    first, second = (pd.read_csv(folder / "rank.csv") for folder in (ours, other))
    top = len(first) // 10
    shared = np.mean([len(set(first[column].nsmallest(top).index) & set(second[column].nsmallest(top).index)) / top
                      for column in first])
    print(f"| {name} | {(distance == 0).mean():.0%} | {100 * distance.mean():.1f} | {100 * distance.max():.1f} "
          f"| {100 * (accuracies(other).mean() - accuracies(ours).mean()):+.1f} "
          f"| {first.corrwith(second, method='spearman').mean():.3f} | {shared:.0%} |", flush=True)


def compare_evaluation(name, ours, other):
    """One line: accuracies of the same prompts under the same masks."""
    distance = np.abs(masked(ours) - masked(other))
    print(f"| {name} | {(distance == 0).mean():.1%} | {100 * distance.mean():.2f} | {100 * distance.max():.1f} |",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=6, help="passes over the training rows")
    flags = parser.parse_args()
    one_thread = {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        first = folder / "first"
        study(first, [], flags.epochs)
        print("| trained again | accuracies equal | mean distance, points | largest | shift of the mean | Spearman of "
              "ranks | of the top tenth shared |\n| --- | --- | --- | --- | --- | --- | --- |")
        changes: dict[str, dict] = {
            "the same": {}, "one thread": {"environment": one_thread},
            "tasks alone": {"flags": ["--tasks_per_batch=1"]}, "float32": {"flags": ["--precision=fp32"]},
            "another seed": {"seed": 3}}
        on_gpu = {"on a GPU": {"flags": ["--device=cuda"]}} if torch.cuda.is_available() else {}
        for name, changed in (changes | on_gpu).items():
            other = folder / name.replace(" ", "_")
            study(other, **{"flags": [], "epochs": flags.epochs, **changed})
            compare_training(name, first, other)
        backbone, together = folder / "dropout_model", folder / "dropout"
        with_dropout(backbone)
        study(together, [], flags.epochs, backbone=backbone)
        changes = {"tasks alone": {"flags": ["--tasks_per_batch=1"]}}
        for name, changed in (changes | on_gpu).items():
            other = folder / f"{name.replace(' ', '_')}_with_dropout"
            study(other, epochs=flags.epochs, backbone=backbone, **changed)
            compare_training(f"{name}, with dropout", together, other)
        print("\n| evaluated again | accuracies equal | mean distance, points | largest |\n| --- | --- | --- | --- |")
        changes = {
            "the same": {}, "one thread": {"environment": one_thread},
            "masks one by one": {"flags": ["--masks_per_batch=1"]}, "float32": {"flags": ["--precision=fp32"]}}
        for name, changed in (changes | on_gpu).items():
            other = folder / f"evaluated_{name.replace(' ', '_')}"
            study(other, **{"flags": [], "epochs": 0, "prompts": first, **changed})
            compare_evaluation(name, first, other)


if __name__ == "__main__":
    main()
