"""The six steps as a user runs them, on the demonstration corpus and a tiny model, and what they say to bad input."""

import json
import os
import pickle
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import RobertaForMaskedLM

from framework import artifacts, sweep

EMOTIONS = ["fear", "gratitude", "grief", "joy", "pride", "anger"]
TASKS = ["--sentiment", *EMOTIONS, "--random_seed", 1, 3]
ATTRIBUTES = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "demo", "attribute_ratings.csv")


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny_model):
    """A folder in which all six steps have run; returns it and what each script printed."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("study")
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    printed = {}
    for command in (
        ["train.py", *TASKS, f"--pretrained_model={tiny_model}", "--dataset=demo", "--prompt_len", 4, "--epochs", 2,
         "--lr", 0.05],
        ["get_active_neuron.py", *TASKS, "--pretrained_model", tiny_model],
        ["get_active_neuron.py", *TASKS, "--pretrained_model", tiny_model, "--activation_mode=after_relu"],
        ["rsa_searchlight.py", "--activation_dir=./active_neuron_before_relu_csv", "--attributes", ATTRIBUTES],
        ["gen_mask.py", "--CSV_Path=./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", "--mode=14Properties",
         "--mask_method=1", "--PKL_File=./masks/RSA_14property_top_500_6000.pkl", "--thresholds", 8, 16],
        ["eval_mask_neuron.py", *TASKS, "--pretrained_model", tiny_model, "--dataset=demo"],
        ["plot_results.py", "--rank", "./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv",
         "--results", "./eval_mask_neuron_result/RSA_14property_top_500_6000", "--k", 16],
    ):
        process = subprocess.run([sys.executable, os.path.join(root, command[0]), *map(str, command[1:])], cwd=folder,
                                 text=True, capture_output=True, timeout=600)
        assert process.returncode == 0, f"{command}\n{process.stdout}\n{process.stderr}"
        printed.setdefault(command[0], process)
    return folder, printed


def test_all_six_steps(study):
    folder, printed = study
    for emotion in EMOTIONS:
        for seed in (1, 3):
            checkpoint = artifacts.read_checkpoint(folder / "checkpoint" / f"{emotion}-{seed}.pt")
            result = artifacts.read_json(
                folder / "eval_mask_neuron_result" / "RSA_14property_top_500_6000" / f"{emotion}-{seed}.json")
            assert result["best"] == checkpoint["best_acc"]
            assert sum(name.endswith("_random") for name in result) == 14 * 2
    accuracies = pd.read_csv(folder / "goemotions_prompt_tuning_accuracy.csv")
    assert list(accuracies.columns) == ["sentiment", "random_seed", "accuracy"] and len(accuracies) == 12
    ranks = pd.read_csv(folder / "neuron_rank" / "neuron_rank_by_searchlight_RSA_14property.csv")
    assert ranks.shape == (64, 14)
    for name in ("Neurons_Correspond_Selectively_to_Emotional_Attributes", "Acc_after_masking_correspond_neuron"):
        assert (folder / "pic" / f"{name}.png").stat().st_size > 10_000


def test_scripts_say_what_they_wrote_and_what_comes_next(study):
    _, printed = study
    for name, process in printed.items():
        assert "next:" in process.stdout, name
    assert "fear-1" in printed["train.py"].stderr, "the bar names the task"


def test_after_relu_counts(study):
    folder, _ = study
    sums = pd.read_csv(folder / "active_neuron_after_relu_csv" / "fear-all.csv").to_numpy()[0]
    each = [pd.read_csv(folder / "active_neuron_after_relu_csv" / f"fear-{seed}.csv").to_numpy()[0] for seed in (1, 3)]
    assert set(np.unique(each)) == {0, 1} and (sums == np.sum(each, axis=0)).all()


def train_flags(tiny_model, *more):
    return ("train.py", "--sentiment", "fear", "--random_seed", 1, "--pretrained_model", tiny_model, "--dataset=demo",
            "--prompt_len=4", "--epochs=1", *more)


def test_the_same_command_again_trains_nothing_and_gives_the_same_bytes(script, tmp_path, tiny_model):
    script(*train_flags(tiny_model))
    first = (tmp_path / "checkpoint" / "fear-1.pt").read_bytes()
    assert "1 finished before" in script(*train_flags(tiny_model)).stdout
    (tmp_path / "checkpoint" / "fear-1.pt").unlink()
    script(*train_flags(tiny_model))
    assert (tmp_path / "checkpoint" / "fear-1.pt").read_bytes() == first


def test_other_settings_are_refused_and_overwrite_replaces(script, tmp_path, tiny_model):
    script(*train_flags(tiny_model))
    first = (tmp_path / "checkpoint" / "fear-1.pt").read_bytes()
    refused = script(*train_flags(tiny_model, "--lr=0.1"), status=2)
    assert "lr is 0.002 there and 0.1 here" in refused.stderr and "--overwrite" in refused.stderr
    assert (tmp_path / "checkpoint" / "fear-1.pt").read_bytes() == first
    script(*train_flags(tiny_model, "--lr=0.1", "--overwrite"))
    assert artifacts.read_checkpoint(tmp_path / "checkpoint" / "fear-1.pt")["settings"]["lr"] == 0.1


def test_a_prompt_that_diverges_leaves_nothing_behind(script, tiny_model, tmp_path):
    line = script(*train_flags(tiny_model, "--lr=1e38"), status=2).stderr.splitlines()[-1]
    assert "fear-1" in line and "in epoch 1" in line and "a smaller --lr" in line
    assert not list((tmp_path / "checkpoint").glob("*.pt"))
    script(*train_flags(tiny_model))


def test_a_run_writes_the_flags_that_another_takes(script, tmp_path, tiny_model):
    script(*train_flags(tiny_model, "--lr=0.03"))
    config = tmp_path / "checkpoint" / "train.yaml"
    assert f"--config {os.path.join('checkpoint', 'train.yaml')}" in config.read_text().splitlines()[0]
    script("train.py", "--config", config, "--checkpoint_dir=again")  # the command line goes before the file
    assert (tmp_path / "again" / "fear-1.pt").read_bytes() == (tmp_path / "checkpoint" / "fear-1.pt").read_bytes()
    settings = artifacts.read_config(tmp_path / "again" / "train.yaml")
    assert settings == {**artifacts.read_config(config), "checkpoint_dir": "again", "save_seconds": "30.0"}  # was "30"
    assert settings["lr"] == "0.03" and settings["sentiment"] == ["fear"]


def test_every_step_writes_its_flags(study):
    folder, _ = study
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.yaml")} == {
        "checkpoint/train.yaml", "active_neuron_before_relu_csv/get_active_neuron.yaml",
        "active_neuron_after_relu_csv/get_active_neuron.yaml", "pic/plot_results.yaml",
        "neuron_rank/neuron_rank_by_searchlight_RSA_14property.yaml", "masks/RSA_14property_top_500_6000.yaml",
        "eval_mask_neuron_result/RSA_14property_top_500_6000/eval_mask_neuron.yaml"}


@pytest.mark.parametrize(("content", "part"), [
    ("sentimen: joy", "--sentimen"), ("sentiment: jy", "'jy'"), ("<<: {epochs: 3}", "neither a value"),
    ("epochs: 0x" + "f" * 5000, "--epochs"),
    ("epochs: !!python/object/apply:os.mkdir [harm]", "epochs can't be set to a list")])
def test_config_with_a_wrong_flag(script, tmp_path, content, part):
    (tmp_path / "flags.yaml").write_text(content)
    assert part in one_line(script("train.py", "--config=flags.yaml", status=2))
    assert not (tmp_path / "harm").exists(), "no code was run"


def test_tensorboard(script, tmp_path, tiny_model):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    script(*train_flags(tiny_model, "--epochs=3", "--lr=0.05", "--tensorboard=board"))
    events = accumulator.EventAccumulator(str(tmp_path / "board")).Reload()
    accuracies = events.Scalars("dev_accuracy/fear-1")
    checkpoint = artifacts.read_checkpoint(tmp_path / "checkpoint" / "fear-1.pt")
    assert [event.step for event in accuracies] == [1, 2, 3]
    assert max(event.value for event in accuracies) == pytest.approx(checkpoint["best_acc"])
    losses = [event.value for event in events.Scalars("train_loss/fear-1")]
    assert len(losses) == 3 and losses[-1] < losses[0]


def one_line(process):
    lines = process.stderr.strip().splitlines()
    assert len(lines) == 1, process.stderr
    return lines[0]


EVAL = ("eval_mask_neuron.py", "--sentiment", "fear", "--random_seed", 1, "--dataset=demo")


@pytest.fixture
def copy(study, tmp_path):
    """The finished study, copied, for a test to damage."""
    shutil.copytree(study[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_unknown_emotion(script):
    line = one_line(script("train.py", "--sentiment", "hapiness", status=2))
    assert "hapiness" in line and "joy" in line


@pytest.mark.parametrize("flag", ["--epochs=0", "--epochs=x", "--lr=-1", "--lr=nan", "--train_batch_size=0",
                                  "--random_seed=-1", "--random_seed=4294967296", "--max_length=2",
                                  "--precision=fp8", "--warmup=3", "--negatives=all"])
def test_bad_flag(script, flag):
    assert flag.partition("=")[0] in one_line(script("train.py", flag, status=2))


def test_missing_checkpoint(script, tiny_model, copy):
    (copy / "checkpoint" / "fear-1.pt").unlink()
    for name in ("get_active_neuron.py", "eval_mask_neuron.py"):
        line = one_line(script(name, *TASKS, "--pretrained_model", tiny_model, status=2))
        assert "fear-1.pt" in line and "train.py" in line


def test_prompt_of_another_width(script, tiny_model, copy):
    torch.save({"best_prompt": torch.zeros(4, 24), "best_acc": 0.5}, copy / "checkpoint" / "fear-1.pt")
    for command in (EVAL, ("get_active_neuron.py", "--sentiment", "fear", "--random_seed", 1)):
        line = one_line(script(*command, "--pretrained_model", tiny_model, status=2))
        assert "fear-1.pt" in line and "width 24" in line and "16" in line


def test_prompts_of_another_backbone(script, tiny_model, copy):
    shutil.copytree(tiny_model, copy / "other")
    model = RobertaForMaskedLM.from_pretrained(tiny_model)
    torch.nn.init.normal_(model.roberta.encoder.layer[0].output.dense.weight)
    model.save_pretrained(copy / "other")
    for command in (EVAL, ("get_active_neuron.py", *TASKS)):
        line = one_line(script(*command, "--pretrained_model=other", status=2))
        assert "-1.pt: was trained on" in line and "--pretrained_model" in line


def test_a_copy_of_the_backbone_and_of_the_data_are_the_same(script, tiny_model, copy):
    shutil.copytree(tiny_model, copy / "moved")
    shutil.copytree(os.path.dirname(ATTRIBUTES), copy / "data")
    flags = ["--pretrained_model=moved", "--dataset=data", "--prompt_len", 4, "--epochs", 2, "--lr", 0.05]
    assert "12 finished before" in script("train.py", *TASKS, *flags).stdout


def test_evaluation_takes_the_rows_of_the_training(script, tiny_model, tmp_path):
    script(*train_flags(tiny_model, "--negatives=strict"))
    torch.save({"best_prompt": torch.zeros(4, 16), "best_acc": 0.5}, tmp_path / "checkpoint" / "joy-1.pt")
    artifacts.write_masks(tmp_path / "masks.pkl", {"valence_top5": torch.ones(2, 32)})
    model = ["--pretrained_model", tiny_model, "--maskPath=masks.pkl", "--resultPath=results"]
    script(*EVAL, *model)
    result = artifacts.read_result(tmp_path / "results" / "fear-1.json")
    assert result["settings"]["negatives"] == "strict"
    assert result["best"] == artifacts.read_checkpoint(tmp_path / "checkpoint" / "fear-1.pt")["best_acc"]
    line = one_line(script(*EVAL, *model, "--sentiment", "joy", "fear", status=2))
    assert "fear-1.pt" in line and "--negatives" in line


def test_folders_with_a_dot_keep_their_own_records(script, tiny_model, copy):
    for folder, mode in (("a_lr0.1", "before_relu"), ("a_lr0.02", "after_relu")):
        script("get_active_neuron.py", *TASKS, "--pretrained_model", tiny_model, "--output_dir", folder,
               "--activation_mode", mode)
    assert artifacts.read_json(copy / "a_lr0.1" / "settings.json")["activation_mode"] == "before_relu"
    script("rsa_searchlight.py", "--attributes", ATTRIBUTES, "--activation_dir=a_lr0.1", "--CSV_Path=v.csv")
    line = one_line(script("gen_mask.py", "--CSV_Path=v.csv", "--PKL_File=v.pkl", "--thresholds", 8, status=2))
    assert "v.json" in line and "rsa_searchlight.py" in line


def test_accuracies_of_other_folders_are_let_be(script, tiny_model, copy):
    before = (copy / "goemotions_prompt_tuning_accuracy.csv").read_bytes()
    trained = script(*train_flags(tiny_model, "--checkpoint_dir=strict"))
    assert "--checkpoint_dir strict --output_dir strict/active_neuron_before_relu_csv\n" in trained.stdout
    assert (copy / "goemotions_prompt_tuning_accuracy.csv").read_bytes() == before
    assert len(pd.read_csv(copy / "strict" / "goemotions_prompt_tuning_accuracy.csv")) == 1


def test_what_each_step_names_as_next_runs(study, script, tiny_model, copy):
    _, printed = study
    for name, process in reversed(printed.items()):  # the later first, before the earlier ones make their input anew
        line, = re.findall("^next: python (.*)$", process.stdout, re.M)
        if "compare_people" in line:
            continue
        line, _, as_given = line.replace("RATINGS.csv", ATTRIBUTES).replace(
            "RANKS.csv", "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv").replace(
            " DIR", " active_neuron_before_relu_csv").partition(", with ")
        tasks = TASKS if "sentiment" in as_given else []
        given = [*tasks, "--pretrained_model", tiny_model, "--dataset=demo"] if as_given else []
        script(*line.split(), *given, *(["--overwrite"] if name in ("rsa_searchlight.py", "gen_mask.py") else []))


def test_ranks_without_the_asked_columns(script, tmp_path):
    pd.DataFrame({"valence": range(1, 65)}).to_csv(tmp_path / "ranks.csv", index=False)
    line = one_line(script("gen_mask.py", "--CSV_Path=ranks.csv", "--mode=3Spaces", "--thresholds", 8, status=2))
    assert "ranks.csv" in line and "'affective'" in line and not (tmp_path / "masks").exists()
    spaces = {name: range(1, 65) for name in ("affective", "basic-emotions", "appraisal")}
    pd.DataFrame(spaces).to_csv(tmp_path / "ranks.csv", index=False)
    assert "--mode 3Spaces" in one_line(script("gen_mask.py", "--CSV_Path=ranks.csv", "--thresholds", 8, status=2))


def test_name_too_long(script, tmp_path):
    pd.DataFrame({"valence": range(1, 1537)}).to_csv(tmp_path / "ranks.csv", index=False)
    line = one_line(script("gen_mask.py", "--CSV_Path=ranks.csv", "--thresholds", 8, f"--PKL_File={'a' * 300}.pkl",
                           status=2))
    assert "too long" in line


def test_mask_of_another_shape(script, tiny_model, copy):
    with open(copy / "masks" / "wrong.pkl", "wb") as file:
        pickle.dump({"valence_top5": torch.ones(2, 33)}, file)
    line = one_line(script(*EVAL, "--pretrained_model", tiny_model, "--maskPath", "masks/wrong.pkl", status=2))
    assert "wrong.pkl" in line and "[2, 33]" in line and "[2, 32]" in line


def test_mask_pickle_that_runs_code(script, tiny_model, copy):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(copy / "harm"),)

    with open(copy / "masks" / "harmful.pkl", "wb") as file:
        pickle.dump({"valence_top5": Harmful()}, file)
    line = one_line(script(*EVAL, "--pretrained_model", tiny_model, "--maskPath", "masks/harmful.pkl", status=2))
    assert "harmful.pkl" in line and "mkdir" in line
    assert not (copy / "harm").exists()


def test_checkpoint_that_runs_code(script, tiny_model, copy):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(copy / "harm"),)

    torch.save({"best_prompt": torch.zeros(4, 16), "best_acc": Harmful()}, copy / "checkpoint" / "fear-1.pt")
    assert "fear-1.pt" in one_line(script(*EVAL, "--pretrained_model", tiny_model, status=2))
    assert not (copy / "harm").exists()


def test_truncated_checkpoint(script, tiny_model, copy):
    path = copy / "checkpoint" / "fear-1.pt"
    path.write_bytes(path.read_bytes()[:-500])
    assert "fear-1.pt" in one_line(script(*EVAL, "--pretrained_model", tiny_model, status=2))


@pytest.mark.parametrize("path, reader", [
    ("active_neuron_before_relu_csv/grief-3.csv", ["rsa_searchlight.py", "--attributes", ATTRIBUTES, "--overwrite"]),
    ("neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", ["gen_mask.py", "--thresholds", 8]),
    ("neuron_rank/neuron_rank_by_searchlight_RSA_14property_significant_by_layer.csv", [
        "plot_results.py", "--rank", "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", "--k=8"]),
    ("eval_mask_neuron_result/RSA_14property_top_500_6000/fear-1.json", [
        "plot_results.py", "--results", "eval_mask_neuron_result/RSA_14property_top_500_6000", "--k=8"])])
def test_a_changed_digit(script, copy, path, reader):
    content = (copy / path).read_text()
    place = max(content.rfind(digit, 0, -80) for digit in "1234") if path.endswith("json") else len(content) - 2
    assert content[place].isdecimal()
    (copy / path).write_text(content[:place] + str((int(content[place]) + 1) % 10) + content[place + 1:])
    line = one_line(script(*reader, status=2))
    assert os.path.basename(path) in line and "has changed since it was written" in line


@pytest.mark.parametrize("output, command", [
    ("active_neuron_before_relu_csv", ["get_active_neuron.py", *TASKS]),
    ("neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", ["rsa_searchlight.py", "--attributes", ATTRIBUTES]),
    ("masks/RSA_14property_top_500_6000.pkl", ["gen_mask.py", "--thresholds", 8])])
def test_a_second_process_on_one_output_is_refused(script, tiny_model, copy, output, command):
    before = artifacts.settings_path(copy / output).read_bytes()
    model = ["--pretrained_model", tiny_model] if output.startswith("active") else []
    with sweep.alone(copy / output):
        line = one_line(script(*command, *model, "--overwrite", status=2))
    assert output in line and "another process" in line
    assert artifacts.settings_path(copy / output).read_bytes() == before


def test_dataset_without_a_split(script, tiny_model, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.tsv").write_text("thank you\t15\tid\n")
    line = one_line(script("train.py", "--dataset=data", "--pretrained_model", tiny_model, status=2))
    assert "data" in line and "`dev`" in line


def test_emotion_without_a_row(script, tiny_model, tmp_path):
    for split in ("train", "dev"):
        (tmp_path / f"{split}.tsv").write_text("thank you\t15\tid\n")
    line = one_line(script("train.py", "--dataset=.", "--pretrained_model", tiny_model, "--prompt_len=4", "--sentiment",
                           "grief", "--random_seed", 1, status=2))
    assert "grief" in line


def test_unreachable_hub(script, tmp_path):
    nowhere = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "cache")}
    line = one_line(script("train.py", "--dataset=demo", "--pretrained_model=roberta-base", status=2, env=nowhere))
    assert "--pretrained_model" in line and "folder" in line
    line = one_line(script("train.py", "--dataset=goemotions", status=2, env=nowhere))
    assert "--dataset FOLDER" in line


def test_model_without_the_label_words(script, tmp_path, tiny_model):
    shutil.copytree(tiny_model, tmp_path / "model")
    path = tmp_path / "model" / "tokenizer.json"
    content = json.loads(path.read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["neqative"] = vocabulary.pop("negative")
    content["model"]["merges"] = []
    path.write_text(json.dumps(content))
    assert "'negative'" in one_line(script(*train_flags("model"), status=2))


def test_prompt_longer_than_the_model(script, tiny_model):
    assert "--prompt_len" in one_line(script(*train_flags(tiny_model, "--prompt_len=79"), status=2))


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_folder_without_permission(script, tiny_model, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "closed" in one_line(script(*train_flags(tiny_model, "--checkpoint_dir=closed/x"), status=2))
