"""Every step against reference values: A, what the study's own program computed with a tiny RoBERTa on GoEmotions;
C, what plain transformers computes with a tiny Llama, a row at a time in float64."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from framework.files import masks, prompts, texts
from framework.measures import of_answers
from framework.model import loading
from framework.model.neurons import Intervention
from framework.tasks import Task, TaskRows
from framework.training.effects import effect
from framework.training.evaluate import answer
from framework.training.rows import task_rows
from framework.training.trainer import Job, PromptTrainer, TrainSettings

TASKS = {"A": [Task(concept, seed) for concept in ("fear", "pride", "grief") for seed in (1, 42)],
         "C": [Task("fear", 1), Task("grief", 42), Task("pride", 1)]}
MAX_LENGTH = {"A": 256, "C": 40}
POSITIONS = 16384
CASES = [(kind, task) for kind, tasks in TASKS.items() for task in tasks]
# Relative to a logit, or to 1 if the logit is smaller. CPUs round float32 differently: the reference itself is up to
# 1.7e-4 away from float64, at logits of 3.
EXACTNESS = {torch.float32: 1e-4, torch.float64: 1e-9}


@pytest.fixture(scope="session")
def reference(shared):
    return {kind: shared / "golden" / kind for kind in TASKS}


@pytest.fixture(scope="session")
def load(reference):
    """A reference's model in a precision, loaded once."""
    loaded = {}

    def load(kind, dtype):
        if (kind, dtype) not in loaded:
            model = loading.load(str(reference[kind] / "model"), dtype=dtype).model
            if kind == "C":
                # The reference rounded the rotary frequencies to float16, along with the weights.
                frequencies = model.model.base_model.rotary_emb.inv_freq
                frequencies.copy_(frequencies.half())
            loaded[kind, dtype] = model
        return loaded[kind, dtype]

    return load


@pytest.fixture(scope="session")
def dev(goemotions):
    return texts.read(str(goemotions), "dev")


@pytest.fixture(scope="session")
def dev_tokens(load, dev):
    return {kind: load(kind, torch.float32).encode(dev.texts, MAX_LENGTH[kind]) for kind in TASKS}


def prompt_of(folder, task):
    return prompts.read(folder / "checkpoint" / f"{task.name}.pt").best_prompt


@pytest.mark.parametrize("task", TASKS["A"])
def test_dev_rows(reference, dev, task):
    expected = json.loads((reference["A"] / "dev_rows.json").read_text())[task.name]
    rows = task_rows(dev, task)
    assert rows.row.tolist() == expected["row"] and rows.label.tolist() == expected["label"]


# The study computed in float32, and so did its reference.
@pytest.mark.parametrize(("kind", "task", "dtype"), [(*case, torch.float32) for case in CASES] + [
    ("C", task, torch.float64) for task in TASKS["C"]])
def test_logits_with_and_without_masks(reference, load, dev, dev_tokens, kind, task, dtype):
    model, folder = load(kind, dtype), reference[kind]
    tokens = [dev_tokens[kind][row] for row in task_rows(dev, task).row]
    prompt, of_masks = prompt_of(folder, task).to(dtype), masks.read(folder / "masks.pkl")
    with torch.no_grad():
        plain = model(tokens, prompt)
        masked = model(tokens, prompt, Intervention.stack(list(of_masks.values())))
    exactness = {"rtol": EXACTNESS[dtype], "atol": EXACTNESS[dtype]}
    np.testing.assert_allclose(plain, np.load(folder / "logits.npz")[task.name], **exactness)
    expected = np.load(folder / "masked_logits.npz")
    for name, ours in zip(of_masks, masked):
        np.testing.assert_allclose(ours, expected[f"{task.name}__{name}"], **exactness)


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_right_answers_and_margins(reference, load, dev, dev_tokens, kind, task):
    """All masks in one pass, and each alone, give the reference's counts."""
    model, folder = load(kind, torch.float32), reference[kind]
    expected = json.loads((folder / "masked_accuracy.json").read_text())[task.name]
    rows, prompt, of_masks = task_rows(dev, task), prompt_of(folder, task), masks.read(folder / "masks.pkl")
    def measured(mask_list):
        answers = answer(model, dev_tokens[kind], rows, prompt, POSITIONS, intervention=Intervention.stack(mask_list))
        return of_answers(answers, torch.from_numpy(rows.label))

    def counts(of):
        return [round(share * len(rows.row), 9) for share in of["accuracy"].tolist()]

    together = measured(list(of_masks.values()))
    assert dict(zip(of_masks, counts(together))) == {name: expected[name]["correct"] for name in of_masks}
    assert [count for mask in of_masks.values() for count in counts(measured([mask]))] == counts(together)
    if kind == "C":
        plain = of_answers(answer(model, dev_tokens[kind], rows, prompt, POSITIONS), torch.from_numpy(rows.label))
        assert float(plain["accuracy"]) == expected["best"]
        margins = [expected["margin"], *(expected[name]["margin"] for name in of_masks)]
        np.testing.assert_allclose([float(plain["margin"]), *together["margin"]], margins, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_activations(reference, load, kind, task):
    for dtype in (torch.float32, torch.float64) if kind == "C" else (torch.float32,):
        ours = load(kind, dtype).read(prompt_of(reference[kind], task).to(dtype)[None])[0].numpy()
        folder = reference[kind] / "active_neuron_before_relu_csv"
        expected = pd.read_csv(folder / f"{task.name}.csv", float_precision="round_trip").to_numpy()[0]
        # The files hold float32.
        np.testing.assert_allclose(ours, expected, rtol=1e-7 if kind == "C" else 0, atol=EXACTNESS[dtype])
        if kind == "A":
            signs = pd.read_csv(reference[kind] / "active_neuron_after_relu_csv" / f"{task.name}.csv").to_numpy()[0]
            assert ((ours > 0) == signs).all()


@pytest.mark.parametrize("task", TASKS["C"])
def test_effects(reference, load, dev, dev_tokens, task):
    expected = np.load(reference["C"] / "neuron_effects.npz")[task.name].ravel()
    for dtype, share in ((torch.float64, 1e-6), (torch.float32, 1e-3)):
        prompt, rows = prompt_of(reference["C"], task).to(dtype), task_rows(dev, task)
        ours = effect(load("C", dtype), dev_tokens["C"], rows, prompt, POSITIONS).zeroed / len(rows.row)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=share * np.abs(expected).max())


@pytest.mark.parametrize("kind", TASKS)
def test_training_trajectory(reference, load, goemotions, kind):
    """Thirty steps in float64 from the reference's initial prompt, on its batches."""
    model, train = load(kind, torch.float64), texts.read(str(goemotions), "train")
    expected = json.loads((reference[kind] / "training.json").read_text())
    saved = np.load(reference[kind] / "training_prompts.npz")
    rows = [np.array(batch["row"]) for batch in expected["batches"]] if kind == "A" else expected["batch_rows"]
    batches = np.arange(sum(map(len, rows))).reshape(len(rows), -1)
    row = np.concatenate(rows)
    label = train.column("fear")[row].astype(np.int64)
    if kind == "A":
        assert label.tolist() == [label for batch in expected["batches"] for label in batch["label"]]
    drawn = task_rows(train, Task("fear", 1))
    assert set(zip(row, label)) <= set(zip(*drawn))
    used = {index: model.encode([train.texts[index]], MAX_LENGTH[kind])[0] for index in set(row)}
    settings = TrainSettings() if kind == "A" else TrainSettings(prompt_len=7, lr=expected["lr"])
    trainer = PromptTrainer(model, used, None, settings, POSITIONS)
    trainer.add(Job(Task("fear", 1), TaskRows(row, label), None), torch.from_numpy(saved["initial"]))
    losses = [float(trainer.step([batch])) for batch in batches]
    reached = expected["loss" if kind == "A" else "losses"]
    np.testing.assert_allclose(losses[:10], reached[:10], rtol=0, atol=1e-9)
    np.testing.assert_allclose(losses, reached, rtol=0, atol=1e-3)
    np.testing.assert_allclose(trainer.prompts[0], saved["final"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("mode", ["before_relu", "after_relu"])
def test_get_active_neuron_writes_the_same_files(reference, script, tmp_path, mode):
    """The script, with the `-all` files, which are sums over seeds."""
    folder = reference["A"]
    script("get_active_neuron.py", "--sentiment", "fear", "pride", "grief", "--random_seed", 1, 42, "--activation_mode",
           mode, f"--pretrained_model={folder / 'model'}", f"--checkpoint_dir={folder / 'checkpoint'}")
    names = sorted(path.name for path in (folder / f"active_neuron_{mode}_csv").glob("*.csv"))
    assert len(names) == 9
    for name in names:
        ours, expected = (pd.read_csv(where / f"active_neuron_{mode}_csv" / name) for where in (tmp_path, folder))
        assert list(ours.columns) == list(expected.columns)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", TASKS)
def test_eval_mask_neuron_counts_the_same(reference, goemotions, script, tmp_path, kind):
    folder = reference[kind]
    script("eval_mask_neuron.py", "--sentiment", "fear", "--random_seed", "1", "--pretrained_model", folder / "model",
           "--checkpoint_dir", folder / "checkpoint", "--dataset", goemotions, "--maskPath", folder / "masks.pkl",
           "--precision=fp32", "--resultPath", "results", "--max_length", MAX_LENGTH[kind])
    result = json.loads((tmp_path / "results" / "fear-1.json").read_text())
    expected = json.loads((folder / "masked_accuracy.json").read_text())["fear-1"]
    names = list(masks.read(folder / "masks.pkl"))
    assert {name: result[name] for name in names} == {name: expected[name]["accuracy"] for name in names}


def test_get_neuron_effect_finds_the_same(reference, goemotions, script, tmp_path):
    folder = reference["C"]
    script("get_neuron_effect.py", "--sentiment", "fear", "--random_seed", "1", "--pretrained_model", folder / "model",
           "--checkpoint_dir", folder / "checkpoint", "--dataset", goemotions, "--precision=fp32", "--max_length", 40,
           "--output_dir", "effects")
    ours = pd.read_csv(tmp_path / "effects" / "fear-1.csv").to_numpy()[0]
    expected = np.load(folder / "neuron_effects.npz")["fear-1"].ravel()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-3 * np.abs(expected).max())
