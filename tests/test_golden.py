"""Every step against what the study's own program computed with a tiny model on GoEmotions."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from framework import artifacts
from framework.model import loading, neurons
from framework.old_trainer import PromptTrainer, Task, TrainSettings, count_right
from framework.tasks import TaskRows, encode, task_rows

TASKS = [(emotion, seed) for emotion in ("fear", "pride", "grief") for seed in (1, 42)]
POSITIONS = 16384


@pytest.fixture(scope="module")
def backbone(golden):
    model, tokenizer, _ = loading.load_backbone(str(golden / "model"), prompt_len=100)
    return model, tokenizer


@pytest.fixture(scope="module")
def dev(goemotions):
    return artifacts.read_goemotions(goemotions, "dev")


@pytest.fixture(scope="module")
def dev_tokens(dev, backbone):
    return encode(dev.texts, backbone[1], 256)


def prompt_of(golden, emotion, seed):
    return artifacts.read_checkpoint(golden / "checkpoint" / f"{emotion}-{seed}.pt")["best_prompt"]


@pytest.mark.parametrize("emotion, seed", TASKS)
def test_dev_rows(golden, dev, emotion, seed):
    expected = json.loads((golden / "dev_rows.json").read_text())[f"{emotion}-{seed}"]
    rows = task_rows(dev, emotion, seed)
    assert rows.row.tolist() == expected["row"]
    assert rows.label.tolist() == expected["label"]


@pytest.mark.parametrize("emotion, seed", TASKS)
def test_logits(golden, backbone, dev, dev_tokens, emotion, seed):
    model, _ = backbone
    tokens = [torch.from_numpy(dev_tokens[row]) for row in task_rows(dev, emotion, seed).row]
    input_ids = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=1)
    with torch.no_grad():
        logits = model(input_ids, input_ids != 1, prompt=prompt_of(golden, emotion, seed)).logits
    np.testing.assert_allclose(logits.numpy(), np.load(golden / "logits.npz")[f"{emotion}-{seed}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("emotion, seed", TASKS)
def test_masked_accuracies(golden, backbone, dev, dev_tokens, emotion, seed):
    """All masks in one pass, and each alone, give the study's counts of right answers."""
    expected = json.loads((golden / "masked_accuracy.json").read_text())[f"{emotion}-{seed}"]
    masks = artifacts.read_masks(golden / "masks.pkl")
    rows, prompt = task_rows(dev, emotion, seed), prompt_of(golden, emotion, seed)
    stacked = torch.stack([mask.float() for mask in masks.values()])
    together = count_right(backbone[0], dev_tokens, rows, prompt, POSITIONS, neuron_masks=stacked)
    assert dict(zip(masks, together.tolist())) == {name: expected[name]["correct"] for name in masks}
    alone = [count_right(backbone[0], dev_tokens, rows, prompt, POSITIONS, neuron_masks=stacked[i: i + 1])
             for i in range(len(masks))]
    assert torch.cat(alone).tolist() == together.tolist()


@pytest.mark.parametrize("emotion, seed", TASKS)
def test_masked_logits(golden, backbone, dev, dev_tokens, emotion, seed):
    masks = artifacts.read_masks(golden / "masks.pkl")
    expected = np.load(golden / "masked_logits.npz")
    tokens = [torch.from_numpy(dev_tokens[row]) for row in task_rows(dev, emotion, seed).row]
    input_ids = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=1)
    stacked = torch.stack([mask.float() for mask in masks.values()])
    with torch.no_grad():
        logits = backbone[0](input_ids, input_ids != 1, prompt=prompt_of(golden, emotion, seed),
                             neuron_masks=stacked).logits
    for name, ours in zip(masks, logits):
        np.testing.assert_allclose(ours, expected[f"{emotion}-{seed}__{name}"], rtol=0, atol=1e-4)


def test_activations(golden, backbone):
    model, tokenizer = backbone
    for emotion, seed in TASKS:
        ours = neurons.read(model, tokenizer, prompt_of(golden, emotion, seed)[None])[0].numpy()
        for mode in ("before", "after"):
            expected = pd.read_csv(golden / f"active_neuron_{mode}_relu_csv" / f"{emotion}-{seed}.csv").to_numpy()[0]
            np.testing.assert_allclose(ours if mode == "before" else ours > 0, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("mode", ["before_relu", "after_relu"])
def test_get_active_neuron_writes_the_same_files(golden, script, tmp_path, mode):
    """The script, with the `-all` files, which are sums over seeds."""
    script("get_active_neuron.py", "--sentiment", "fear", "pride", "grief", "--random_seed", 1, 42, "--activation_mode",
           mode, f"--pretrained_model={golden / 'model'}", f"--checkpoint_dir={golden / 'checkpoint'}")
    names = sorted(path.name for path in (golden / f"active_neuron_{mode}_csv").glob("*.csv"))
    assert len(names) == 9
    for name in names:
        ours, expected = (pd.read_csv(folder / f"active_neuron_{mode}_csv" / name) for folder in (tmp_path, golden))
        assert list(ours.columns) == list(expected.columns)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4)


def test_eval_mask_neuron_counts_the_same(golden, goemotions, script, tmp_path):
    script("eval_mask_neuron.py", "--sentiment", "fear", "--random_seed", "1", "--pretrained_model", golden / "model",
           "--checkpoint_dir", golden / "checkpoint", "--dataset", goemotions, "--maskPath", golden / "masks.pkl",
           "--precision=fp32", "--resultPath", "results")
    result = artifacts.read_json(tmp_path / "results" / "fear-1.json")
    expected = json.loads((golden / "masked_accuracy.json").read_text())["fear-1"]
    masks = artifacts.read_masks(golden / "masks.pkl")
    assert {name: result[name] for name in masks} == {name: expected[name]["accuracy"] for name in masks}


def test_training_trajectory(golden, goemotions, backbone):
    """Thirty steps in float64 from the study's initial prompt, on its batches."""
    model, tokenizer, _ = loading.load_backbone(str(golden / "model"), prompt_len=100, dtype=torch.float64)
    train = artifacts.read_goemotions(goemotions, "train")
    reference = json.loads((golden / "training.json").read_text())
    prompts = np.load(golden / "training_prompts.npz")
    rows = [TaskRows(np.array(batch["row"]), np.array(batch["label"])) for batch in reference["batches"]]
    everything = TaskRows(np.concatenate([r.row for r in rows]), np.concatenate([r.label for r in rows]))
    drawn = task_rows(train, "fear", 1)
    assert set(zip(*everything)) <= set(zip(*drawn))
    used = {row: encode([train.texts[row]], tokenizer, 256)[0] for row in set(everything.row)}
    trainer = PromptTrainer(model, used, None, TrainSettings(), POSITIONS)
    trainer.add(Task("fear", 1, everything, None), torch.from_numpy(prompts["initial"]))
    losses = [float(trainer.step([np.arange(16 * i, 16 * (i + 1))])) for i in range(30)]
    np.testing.assert_allclose(losses[:10], reference["loss"][:10], rtol=0, atol=1e-9)
    np.testing.assert_allclose(losses, reference["loss"], rtol=0, atol=1e-3)
    np.testing.assert_allclose(trainer.prompts[0], prompts["final"], rtol=0, atol=1e-3)
