"""Training many prompts at once does to each what training it alone does."""

import copy
import dataclasses
import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import RobertaConfig

from framework import roberta
from framework.errors import UserError
from framework.model import loading
from framework.roberta import RobertaForMaskedLMPrompt
from framework.tasks import TaskRows
from framework.training.trainer import PromptTrainer, Task, TrainSettings, adam_step, count_right, cut_by_length

SETTINGS = TrainSettings(prompt_len=4, epochs=3, batch_size=8, lr=0.05, warmup_steps=3)


def make_model(dropout=0.0):
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40, type_vocab_size=1, initializer_range=0.5,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    return RobertaForMaskedLMPrompt(config, prompt_len=4, label_ids=(7, 8)).double()


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def tokens():
    random = np.random.default_rng(0)
    return [random.integers(5, 50, random.integers(2, 20)) for _ in range(200)]


def make_task(emotion, seed, rows=60):
    random = np.random.default_rng(seed)
    row = random.integers(0, 200, rows)
    return Task(emotion, seed, TaskRows(row, row % 2), TaskRows(row[:20], row[:20] % 2))


def train(model, tokens, tasks, group_size, settings=SETTINGS):
    trainer = PromptTrainer(model, tokens, tokens, settings, positions_per_batch=300)
    finished, losses = {}, {}
    step = trainer.step

    def record(batches):
        names = [task.name for task in trainer.tasks]
        result = step(batches)
        for name, loss in zip(names, result.tolist()):
            losses.setdefault(name, []).append(loss)
        return result

    trainer.step = record
    trainer.run(tasks, group_size, on_finish=lambda task, prompt: finished.update({task.name: (task, prompt)}))
    return finished, losses


@pytest.mark.parametrize(("dropout", "lr"), [(0, 0.05), (0.1, 0.02)])  # more amplifies rounding in ten steps
def test_a_task_learns_the_same_beside_others(dropout, lr, tokens):
    """Different sizes, so that tasks end at different times and their places go to others."""
    model, settings = make_model(dropout), dataclasses.replace(SETTINGS, lr=lr)
    specs = [("fear", 1, 60), ("pride", 3, 37), ("grief", 5, 90), ("joy", 7, 16), ("love", 9, 50)]
    together, losses = train(model, tokens, [make_task(*spec) for spec in specs], group_size=3, settings=settings)
    assert sorted(together) == sorted(f"{emotion}-{seed}" for emotion, seed, _ in specs)
    for spec in specs:
        alone, own_losses = train(model, tokens, [make_task(*spec)], group_size=1, settings=settings)
        (name, (task, prompt)), = alone.items()
        np.testing.assert_allclose(losses[name][:10], own_losses[name][:10], rtol=0, atol=1e-9)
        # Without bias correction Adam's first steps amplify rounding, so later ones agree less closely.
        np.testing.assert_allclose(together[name][1], prompt, rtol=0, atol=0.02)
        assert (together[name][0].best_epoch, together[name][0].best_acc) == (task.best_epoch, task.best_acc)


def test_a_gpus_layout_meets_the_same_noise(tokens, monkeypatch):
    """On a CPU rows stand behind each other without padding, on a GPU padded: the noise of dropout is the same."""
    model, settings = make_model(dropout=0.1), dataclasses.replace(SETTINGS, epochs=1, lr=0.02)

    def losses():
        return train(model, tokens, [make_task("fear", 1), make_task("grief", 5, 37)], 2, settings)[1]

    packed = losses()
    monkeypatch.setattr(roberta, "PackedRows", roberta.PaddedRows)
    padded = losses()
    for name in packed:
        np.testing.assert_allclose(padded[name], packed[name], rtol=0, atol=1e-9)


def test_a_gpu_is_asked_to_add_in_the_same_order_every_time(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    try:
        loading.prepare(torch.device("cuda"))
        assert torch.are_deterministic_algorithms_enabled() and os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)


def test_every_row_is_seen_once_an_epoch(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    task = make_task("fear", 1, rows=37)
    trainer.add(task)
    seen = []
    while len(seen) < 37:
        seen += trainer.next_rows()[0].tolist()
    assert sorted(seen) == list(range(37)) and len(task.order) == 0


def test_training_lowers_the_loss_and_leaves_the_backbone_alone(model, tokens):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    settings = TrainSettings(prompt_len=4, epochs=30, batch_size=60, lr=0.05)
    _, losses = train(model, tokens, [make_task("fear", 1)], 1, settings)
    assert losses["fear-1"][-1] < 0.8 * losses["fear-1"][0]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_patience_ends_a_task(model, tokens):
    still = TrainSettings(prompt_len=4, epochs=9, batch_size=8, lr=0.0, patience=2)
    finished, _ = train(model, tokens, [make_task("fear", 1)], 1, still)
    task, _ = finished["fear-1"]
    assert (task.best_epoch, task.epoch) == (1, 3)


def test_mask_start_is_the_mask_embedding(model, tokens):
    first = [np.array([4, *ids]) for ids in tokens]
    trainer = PromptTrainer(model, first, first, TrainSettings(prompt_len=4, prompt_init="mask"), 300)
    trainer.add(make_task("fear", 1))
    assert torch.equal(trainer.prompts[0], model.get_input_embeddings().weight[4].expand(4, -1))


def test_masks_in_one_pass_count_as_one_at_a_time(model, tokens):
    masks = (torch.rand(5, 3, 32, generator=torch.Generator().manual_seed(0)) > 0.3).double()
    rows, prompt = make_task("fear", 1).train, torch.randn(4, 16, dtype=torch.double) / 5
    together = count_right(model, tokens, rows, prompt, 1000, neuron_masks=masks)
    alone = [count_right(model, tokens, rows, prompt, 64, neuron_masks=mask[None]) for mask in masks]
    assert together.tolist() == [int(right) for right in alone]
    assert len(set(together.tolist())) > 1, "the masks make a difference"
    untouched = count_right(model, tokens, rows, prompt, 1000, neuron_masks=torch.ones(1, 3, 32))
    assert untouched.tolist() == [int(count_right(model, tokens, rows, prompt, 1000))]


def test_where_a_row_under_all_masks_is_too_much_passes_have_some_of_them(model, tokens, monkeypatch):
    masks = (torch.rand(5, 3, 32, generator=torch.Generator().manual_seed(0)) > 0.3).double()
    rows, prompt = make_task("fear", 1).train, torch.randn(4, 16, dtype=torch.double) / 5
    expected = count_right(model, tokens, rows, prompt, 1000, neuron_masks=masks)
    passes, forward = [], type(model).forward

    def spy(self, input_ids, *arguments, neuron_masks, **more):
        passes.append((len(neuron_masks) * len(input_ids), len(neuron_masks) * input_ids.numel()))
        return forward(self, input_ids, *arguments, neuron_masks=neuron_masks, **more)

    monkeypatch.setattr(type(model), "forward", spy)
    longest = max(len(tokens[row]) for row in rows.row) + 4
    assert count_right(model, tokens, rows, prompt, 2 * longest, neuron_masks=masks).tolist() == expected.tolist()
    assert all(count == 1 or positions <= 2 * longest for count, positions in passes)


@pytest.mark.parametrize(("prompt_len", "tasks"), [(100, 8), (20, 22)])
def test_tasks_that_train_together_fill_passes(prompt_len, tasks):
    assert loading.group_size("auto", 4096, 16, prompt_len) == tasks
    assert loading.group_size(3, 4096, 16, prompt_len) == 3


def test_a_masked_neuron_is_gone(model, tokens):
    """Masking a neuron equals cutting its outgoing weights."""
    mask = torch.ones(1, 3, 32, dtype=torch.double)
    mask[0, 0, 3] = mask[0, 1, 30] = mask[0, 2, 5] = 0
    input_ids, prompt = torch.from_numpy(tokens[0])[None], torch.randn(4, 16, dtype=torch.double)
    masked = model(input_ids, prompt=prompt, neuron_masks=mask).logits[0]
    weights = [model.roberta.encoder.layer[layer].output.dense.weight for layer in range(3)]
    saved = [weight.detach().clone() for weight in weights]
    with torch.no_grad():
        for layer, unit in ((0, 3), (1, 30), (2, 5)):
            weights[layer][:, unit] = 0
        cut = model(input_ids, prompt=prompt).logits
        for weight, value in zip(weights, saved):
            weight.copy_(value)
    torch.testing.assert_close(masked, cut, rtol=0, atol=1e-12)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=50), st.integers(1, 500), st.none() | st.integers(1, 9))
def test_batches_hold_every_row_once_within_the_bounds(lengths, positions, most_rows):
    comments = [np.zeros(length, int) for length in lengths]
    batches = cut_by_length(comments, np.arange(len(lengths)), 3, positions, most_rows)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[row] for row in batch) + 3
        assert len(batch) == 1 or (len(batch) * longest <= positions and len(batch) <= (most_rows or 50))


def test_adam_step_is_adamw_without_bias_correction():
    """Against torch's own AdamW, whose corrections are undone by the rates that they amount to."""
    torch.manual_seed(0)
    prompts = torch.randn(2, 3, 4, dtype=torch.double)
    reference = prompts.clone().requires_grad_(True)
    exp_avg, exp_avg_sq = torch.zeros_like(prompts), torch.zeros_like(prompts)
    for step in range(1, 6):
        gradient = torch.randn_like(prompts)
        correction = (1 - 0.999**step) ** 0.5
        optimizer = torch.optim.AdamW([reference], lr=0.01 * (1 - 0.9**step) / correction, eps=1e-6 / correction,
                                      weight_decay=0.0)
        optimizer.state[reference] = {"step": torch.tensor(float(step - 1)), "exp_avg": exp_avg.clone(),
                                      "exp_avg_sq": exp_avg_sq.clone()}
        reference.grad = gradient.clone()
        optimizer.step()
        with torch.no_grad():
            reference -= 0.01 * 0.1 * reference  # decay after the update, as the study's optimiser did
        adam_step(prompts, gradient, exp_avg, exp_avg_sq, torch.tensor(0.01, dtype=torch.double), 0.1)
        torch.testing.assert_close(prompts, reference.detach(), rtol=0, atol=1e-12)


def loss_and_gradient(model, tokens, dtype=torch.double):
    """Of six rows of unequal length, each with its own prompt."""
    batch = [torch.from_numpy(ids) for ids in tokens[:6]]
    input_ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=1)
    attended = torch.arange(input_ids.shape[1]) < torch.tensor([len(ids) for ids in batch])[:, None]
    prompt = torch.randn(6, 4, 16, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    prompt = prompt.to(dtype).requires_grad_(True)
    loss = model(input_ids, attended, labels=torch.arange(6) % 2, prompt=prompt).loss
    return loss.double(), torch.autograd.grad(loss, prompt)[0].double()


def test_in_float32_loss_and_gradient_are_those_of_float64(model, tokens):
    """In float32 a CPU multiplies by weights laid out beforehand; in float64 it does not."""
    expected = loss_and_gradient(model, tokens)
    single = copy.deepcopy(model).float()
    torch.testing.assert_close(loss_and_gradient(single, tokens, torch.float), expected, rtol=1e-3, atol=1e-5)
    with torch.no_grad():  # weights changed in place count at once
        single.roberta.encoder.layer[0].output.dense.weight.zero_()
    assert abs(loss_and_gradient(single, tokens, torch.float)[0] - expected[0]) > 1e-3


def test_rows_padded_as_for_a_gpu_give_the_same_as_rows_packed(model, tokens, monkeypatch):
    packed = loss_and_gradient(model, tokens)
    monkeypatch.setattr(roberta, "PackedRows", roberta.PaddedRows)
    torch.testing.assert_close(loss_and_gradient(model, tokens), packed, rtol=0, atol=1e-10)


def test_a_state_of_other_rows_or_prompts_is_refused(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    trainer.add(make_task("fear", 1))
    trainer.step(trainer.next_rows())
    state = trainer.state() | {"path": "x.state"}
    with pytest.raises(UserError, match="x.state: is of other rows than fear-1"):
        trainer.load_state(state, lambda *task: make_task(*task, rows=20))
    with pytest.raises(UserError, match="x.state: .* another shape"):
        trainer.load_state(state | {"prompts": torch.zeros(1, 5, 16)}, make_task)


def test_a_task_that_diverges_ends_the_run_with_the_others_saved(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    trainer.add(make_task("fear", 1))
    trainer.add(make_task("joy", 3), torch.full((4, 16), 1e300, dtype=torch.double))  # its square is infinite
    saved = []
    with pytest.raises(UserError, match="joy-3: loss or prompt is no longer finite in epoch 1.*smaller --lr"):
        trainer.run([], 2, save=lambda state, last: saved.append(state()) or last)
    assert all([task["emotion"] for task in state["tasks"]] == ["fear"] for state in saved[1:])
    assert all(state["prompts"].isfinite().all() for state in saved)


def test_training_goes_on_from_any_state_to_the_same_prompts(model, tokens):
    """States are taken after each step and each dev evaluation: some tasks' epochs are then not evaluated yet."""
    specs = [("fear", 1), ("joy", 3), ("love", 5)]
    saved, expected = [], {}

    def copied(state, last):
        saved.append(copy.deepcopy(state()))
        return True

    def keep(found):
        return lambda task, prompt: found.update({task.name: (task.best_acc, task.best_epoch, prompt.tolist())})

    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    trainer.run([make_task(*spec) for spec in specs], 3, on_finish=keep(expected), save=copied)
    ending = [state for state in saved if any(len(task["order"]) == 0 < len(task["losses"]) for task in state["tasks"])]
    assert len(ending) == 9, "in each of three epochs three, two or one task is still to be evaluated"
    for state in ending:
        found = {}
        trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
        trainer.load_state(state, make_task)
        trainer.run([], 3, on_finish=keep(found))
        assert found and found == {name: expected[name] for name in found}
