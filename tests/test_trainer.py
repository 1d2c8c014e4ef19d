"""Training many prompts at once does to each what training it alone does."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from transformers import AutoTokenizer, RobertaConfig, RobertaForMaskedLM

from conftest import ROOT
from framework.analysis.effects import summed_loss
from framework.analysis.masks import make_masks
from framework.errors import UserError
from framework.measures import accuracy, of_answers
from framework.measures import margin as margins
from framework.model import speed
from framework.model.encoders import PromptedEncoder
from framework.model.neurons import Intervention
from framework.model.passes import cut_by_length, within_memory
from framework.tasks import Task, TaskRows
from framework.training.effects import effect
from framework.training.evaluate import answer
from framework.training.state import Finished, State
from framework.training.trainer import Diverged, Epoch, Job, PromptTrainer, Step, TrainSettings, adam_step, group_size

SETTINGS = TrainSettings(prompt_len=4, epochs=3, batch_size=8, lr=0.05, warmup_steps=3)


def make_model(dropout=0.0, dtype=torch.double):
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "backbone")
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40, type_vocab_size=1, initializer_range=0.5, attn_implementation=speed.ATTENTION,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    return PromptedEncoder(RobertaForMaskedLM(config).to(dtype), tokenizer, (7, 8))


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def tokens():
    random = np.random.default_rng(0)
    return [random.integers(5, 600, random.integers(2, 20)) for _ in range(200)]


def make_job(task, rows=60):
    random = np.random.default_rng(task.seed)
    row = random.integers(0, 200, rows)
    return Job(task, TaskRows(row, row % 2), TaskRows(row[:20], row[:20] % 2))


def jobs(*specs):
    return [make_job(Task(concept, seed), rows) for concept, seed, rows in specs]


def train(model, tokens, queue, group_size, settings=SETTINGS):
    """Each task's end, and its losses."""
    trainer = PromptTrainer(model, tokens, tokens, settings, positions_per_batch=300)
    finished, losses = {}, {}
    for event in trainer.run(queue, group_size):
        if isinstance(event, Step):
            for task, loss in zip(event.tasks, event.losses.tolist()):
                losses.setdefault(task, []).append(loss)
        if isinstance(event, Finished):
            finished[event.task] = event
    return finished, losses


@pytest.mark.parametrize(("dropout", "lr"), [(0, 0.05), (0.1, 0.02)])  # more amplifies rounding in ten steps
def test_a_task_learns_the_same_beside_others(dropout, lr, tokens):
    """Different sizes, so that tasks end at different times and their places go to others."""
    model, settings = make_model(dropout), dataclasses.replace(SETTINGS, lr=lr)
    queue = jobs(("fear", 1, 60), ("pride", 3, 37), ("grief", 5, 90), ("joy", 7, 16), ("own concept", 9, 50))
    together, losses = train(model, tokens, queue, group_size=3, settings=settings)
    assert together.keys() == {job.task for job in queue}
    for job in queue:
        alone, own_losses = train(model, tokens, [job], group_size=1, settings=settings)
        np.testing.assert_allclose(losses[job.task][:10], own_losses[job.task][:10], rtol=0, atol=1e-9)
        # Without bias correction Adam's first steps amplify rounding, so later ones agree less closely.
        ours, expected = together[job.task], alone[job.task]
        np.testing.assert_allclose(ours.final_prompt, expected.final_prompt, rtol=0, atol=0.02)
        assert (ours.epoch, ours.best_acc) == (expected.epoch, expected.best_acc)


def test_a_gpus_layout_meets_the_same_noise(tokens, monkeypatch):
    """A CPU packs rows without padding, a GPU pads them: the noise of dropout is the same."""
    model, settings = make_model(dropout=0.1), dataclasses.replace(SETTINGS, epochs=1, lr=0.02)
    queue = jobs(("fear", 1, 60), ("grief", 5, 37))
    packed = train(model, tokens, queue, 2, settings)[1]
    layout = speed.Layout
    monkeypatch.setattr(speed, "Layout", lambda *arguments, packed: layout(*arguments, packed=False))
    padded = train(model, tokens, queue, 2, settings)[1]
    for task in packed:
        np.testing.assert_allclose(padded[task], packed[task], rtol=0, atol=1e-9)


def test_every_row_is_seen_once_an_epoch_in_an_order_of_its_own(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    trainer.add(make_job(Task("fear", 1), rows=37))
    orders = []
    for _ in range(2):
        orders.append([])
        for _ in range(5):
            orders[-1] += trainer.next_batches()[0].tolist()
            trainer.step(trainer.next_batches())
        trainer.group[0][1].epoch += 1
    assert [sorted(order) for order in orders] == [list(range(37))] * 2 and orders[0] != orders[1]


def test_training_lowers_the_loss_and_leaves_the_backbone_alone(model, tokens):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    settings = TrainSettings(prompt_len=4, epochs=30, batch_size=60, lr=0.05)
    _, losses = train(model, tokens, jobs(("fear", 1, 60)), 1, settings)
    losses, = losses.values()
    assert losses[-1] < 0.8 * losses[0]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_patience_ends_a_task(model, tokens):
    still = TrainSettings(prompt_len=4, epochs=9, batch_size=8, lr=0.0, patience=2)
    trainer = PromptTrainer(model, tokens, tokens, still, 300)
    *_, last, finished = trainer.run(jobs(("fear", 1, 60)), 1)
    assert isinstance(last, Epoch) and (last.epoch, finished.epoch) == (3, 1)


def test_without_selection_the_last_epoch_is_the_best(model, tokens):
    finished, _ = train(model, tokens, jobs(("fear", 1, 60)), 1, dataclasses.replace(SETTINGS, select="none"))
    end, = finished.values()
    assert end.epoch == SETTINGS.epochs and end.best_acc == end.final_acc
    assert torch.equal(end.best_prompt, end.final_prompt)


def start(model, tokens, init, task):
    trainer = PromptTrainer(model, tokens, tokens, TrainSettings(prompt_len=4, prompt_init=init), 300)
    trainer.add(make_job(task))
    return trainer.prompts[0]


def test_prompts_start_from_noise_the_mask_token_words_or_a_text(model, tokens):
    fear, joy, other = Task("fear", 1), Task("joy", 1), Task("fear", 3)
    embeddings = model.get_input_embeddings().weight
    assert torch.equal(start(model, tokens, "mask", fear), embeddings[model.tokenizer.mask_token_id].expand(4, -1))
    noise = {tuple(start(model, tokens, "normal", task).flatten().tolist()) for task in (fear, joy, other, fear)}
    assert len(noise) == 3 and all(0.01 < np.std(values) < 0.03 for values in noise)
    words = start(model, tokens, "words", fear)
    ids = [(embeddings == word).all(1).nonzero().item() for word in words]
    assert all(model.tokenizer.decode([index]).strip().isalpha() for index in ids)
    assert torch.equal(words, start(model, tokens, "words", joy)), "all concepts of a seed start alike"
    assert not torch.equal(words, start(model, tokens, "words", other))
    ids = model.tokenizer("joy, fear", add_special_tokens=False)["input_ids"]
    assert torch.equal(start(model, tokens, "text:joy, fear", other), embeddings[(ids * 4)[:4]])
    with pytest.raises(UserError, match="--prompt_init text: gives no token"):
        start(model, tokens, "text:", fear)


def random_masks(count):
    return (torch.rand(count, 3, 32, generator=torch.Generator().manual_seed(0)) > 0.3).double()


def test_interventions_in_one_pass_count_as_one_at_a_time(model, tokens):
    masks, add = random_masks(5), torch.randn(5, 3, 32, generator=torch.Generator().manual_seed(1)).double()
    rows, prompt = make_job(Task("fear", 1)).train, torch.randn(4, 16, dtype=torch.double) / 5
    for together in (Intervention(masks), Intervention(masks, add)):
        each = [Intervention(*(None if part is None else part[i:i + 1] for part in together)) for i in range(5)]
        at_once = answer(model, tokens, rows, prompt, 1000, intervention=together)
        alone = torch.cat([answer(model, tokens, rows, prompt, 64, intervention=one) for one in each])
        torch.testing.assert_close(at_once, alone, rtol=0, atol=1e-12)
        right = accuracy(at_once, torch.from_numpy(rows.label))
        assert len(set(right.tolist())) > 1, "the masks make a difference"
    untouched = answer(model, tokens, rows, prompt, 1000, intervention=Intervention(torch.ones(1, 3, 32)))
    plain = answer(model, tokens, rows, prompt, 1000)
    assert plain.shape == (len(rows.row), 2)
    torch.testing.assert_close(untouched[0], plain, rtol=0, atol=1e-12)


def test_measures_of_answers(model, tokens):
    """Of answers in the rows' order, whatever the passes; against plain sums, and scikit-learn for the AUC."""
    rows, prompt = make_job(Task("fear", 1)).train, torch.randn(4, 16, dtype=torch.double) / 5
    with torch.no_grad():
        logits = torch.cat([model([tokens[row]], prompt) for row in rows.row])
    answers = answer(model, tokens, rows, prompt, 1000)
    torch.testing.assert_close(answers, logits, rtol=0, atol=1e-12)
    right, wrong = (logits[range(len(rows.row)), label] for label in (rows.label, 1 - rows.label))
    label = torch.from_numpy(rows.label)
    measured = of_answers(answers, label)
    assert float(measured["margin"]) == pytest.approx(float((right - wrong).mean()), abs=1e-12)
    assert float(measured["accuracy"]) == float((right > wrong).double().mean())
    rounded = torch.stack([answers, answers + torch.tensor([0.0, 9.0]), answers.round(decimals=2)])
    found = of_answers(rounded, label)
    assert found["AUC"].tolist() == pytest.approx(
        [roc_auc_score(rows.label, each[:, 1] - each[:, 0]) for each in rounded.numpy()], abs=1e-12)
    assert found["AUC"][0] == found["AUC"][1] and found["accuracy"][1] == label.double().mean(), "shifted: all yes"


def test_where_a_row_under_all_masks_is_too_much_passes_have_some_of_them(model, tokens, monkeypatch):
    masks = Intervention(random_masks(5))
    rows, prompt = make_job(Task("fear", 1)).train, torch.randn(4, 16, dtype=torch.double) / 5
    expected = answer(model, tokens, rows, prompt, 1000, intervention=masks)
    passes, forward = [], type(model).forward

    def spy(self, batch, prompts, intervention):
        count = len(intervention.multiply) * len(batch)
        passes.append((count, count * (len(batch[0]) + 4)))
        return forward(self, batch, prompts, intervention)

    monkeypatch.setattr(type(model), "forward", spy)
    longest = max(len(tokens[row]) for row in rows.row) + 4
    found = answer(model, tokens, rows, prompt, 2 * longest, intervention=masks)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert all(count == 1 or positions <= 2 * longest for count, positions in passes)


def test_effects_are_slopes_of_the_margin(model, tokens):
    """Against finite differences; on rows of unequal length, in several passes."""
    rows, prompt = make_job(Task("fear", 1)).train, torch.randn(4, 16, dtype=torch.double) / 5
    effects = effect(model, tokens, rows, prompt, 200).zeroed
    chosen, step = torch.randperm(96, generator=torch.Generator().manual_seed(0))[:12], 1e-4
    multiply = torch.ones(24, 96, dtype=torch.double)
    multiply[range(12), chosen] += step
    multiply[range(12, 24), chosen] -= step
    answers = answer(model, tokens, rows, prompt, 1000, intervention=Intervention(multiply.view(24, 3, 32)))
    margin = margins(answers, torch.from_numpy(rows.label)).sum(-1)
    slopes = (margin[:12] - margin[12:]) / (2 * step)
    torch.testing.assert_close(effects[chosen], -slopes, rtol=1e-5, atol=1e-9)
    single = effect(make_model(dtype=torch.float), tokens, rows, prompt.float(), 1000).zeroed
    assert (single - effects).abs().max() < 1e-3 * effects.abs().max()


@pytest.mark.parametrize("method", ["zero", "float", "mean", "resample", "scale"])
def test_summed_effects_are_the_slope_of_any_mask(method, model, tokens):
    """Against finite differences: a hundred-thousandth of a mask's change, in either direction."""
    random = np.random.default_rng(0)
    ranks, statistics = {"valence": random.permutation(96) + 1}, {"mean": random.normal(size=96)}
    statistics["sample1"] = statistics["mean"] + 1
    mask = make_masks(ranks, [20], 3, method, scales=[1.5], statistics=statistics).popitem()[1].astype(float)
    multiply, add = mask if mask.ndim == 3 else (mask, np.zeros_like(mask))
    step = 1e-5 * np.array([[1.0], [-1.0]])
    part = Intervention(*(torch.from_numpy(part.reshape(2, 3, 32)) for part in (
        1 + step * (multiply - 1).ravel(), step * add.ravel())))
    rows, prompt = make_job(Task("fear", 1)).train, torch.randn(4, 16, dtype=torch.double) / 5
    margin = margins(answer(model, tokens, rows, prompt, 1000, intervention=part), torch.from_numpy(rows.label)).sum(-1)
    zeroed, added = (-each.numpy() for each in effect(model, tokens, rows, prompt, 200))
    assert summed_loss(mask, zeroed, added) == pytest.approx(float(margin[1] - margin[0]) / 2e-5, rel=1e-5)


@pytest.mark.parametrize(("prompt_len", "tasks"), [(100, 12), (20, 22)])
def test_tasks_that_train_together_fill_passes(prompt_len, tasks):
    assert group_size("auto", 16, prompt_len) == tasks
    assert group_size(3, 16, prompt_len) == 3


def test_where_memory_runs_out_passes_are_halved(capsys):
    tried = []

    def compute(positions):
        tried.append(positions)
        if positions > 100:
            raise RuntimeError("CUDA out of memory")
        return "done"

    assert within_memory(compute, 400) == ("done", 100) and tried == [400, 200, 100]
    assert "going on with 200" in capsys.readouterr().err
    with pytest.raises(MemoryError):
        within_memory(lambda positions: compute(1000), 400)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=50), st.integers(1, 500), st.none() | st.integers(1, 9))
def test_batches_hold_every_row_once_within_the_bounds(lengths, positions, most_rows):
    comments = [np.zeros(length, int) for length in lengths]
    batches = cut_by_length(comments, np.arange(len(lengths)), 3, positions, most_rows)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[row] for row in batch) + 3
        assert len(batch) == 1 or (len(batch) * longest <= positions and len(batch) <= (most_rows or 50))


def test_adam_step_is_adamw_without_bias_correction():
    """Against torch's own AdamW, with rates that undo its corrections."""
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


def test_a_state_is_bytes_that_are_read_again(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    events = trainer.run(jobs(("fear", 1, 60), ("a b-c", 3, 16)), 2)
    states = [dataclasses.replace(trainer.state(), settings={"lr": 0.05, "words": ["a", "b"]}) for _ in events]
    assert any(state.ended and state.group for state in states)
    for state in states:
        data = state.to_bytes()
        again = State.from_bytes(data, "x.state")
        assert again.to_bytes() == data
        assert again.tasks == state.tasks and again.settings == state.settings


def test_damaged_states_are_refused(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    for event in trainer.run(jobs(("fear", 1, 60), ("joy", 3, 40)), 2):
        if isinstance(event, Finished):
            break
    state = trainer.state()
    data = state.to_bytes()
    renamed = [(b"best_epoch", b"best_epohc"), (b"group_size", b"group_sice"), (b"exp_avg_sq", b"exp_avg_xq"),
               (b"group.0.best_prompt", b"group.9.best_prompt"), (b"ended.0.best_prompt", b"ended.0.best_pronpt")]
    for other in (b"", b"a", b"PK\x03\x04rest", data[:9], data[:-1], data[100:], bytes(len(data)),
                  *(data.replace(old, new) for old, new in renamed)):
        assert other != data
        with pytest.raises(UserError, match="^x.state: is not a saved state of training; delete it$"):
            State.from_bytes(other, "x.state")
    for name in ("prompts", "exp_avg"):
        tensor = getattr(state, name).clone()
        tensor[0, 0, 0] = float("nan")
        with pytest.raises(ValueError, match="no state"):
            dataclasses.replace(state, **{name: tensor})
        with pytest.raises(ValueError, match="no state"):
            dataclasses.replace(state, **{name: tensor[:, :2]})
    for wrong in ({"epoch": -1}, {"step": 1.5}, {"best_acc": 2.0}, {"best_prompt": None}, {"losses": ["a"]}):
        with pytest.raises((ValueError, TypeError)):
            dataclasses.replace(state, group=[dataclasses.replace(state.group[0], **wrong), *state.group[1:]])


def test_a_state_of_other_rows_or_prompts_is_refused(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    trainer.add(make_job(Task("fear", 1)))
    for _ in range(5):
        trainer.step(trainer.next_batches())
    state = trainer.state()
    with pytest.raises(UserError, match="saved state of fear-1 is of other rows than the task has"):
        trainer.resume(state, lambda task: make_job(task, rows=20))
    others = {name: torch.zeros(1, 5, 16, dtype=torch.double) for name in ("prompts", "exp_avg", "exp_avg_sq")}
    with pytest.raises(UserError, match="another shape"):
        trainer.resume(dataclasses.replace(state, **others), make_job)


def test_a_task_that_diverges_leaves_the_others_as_they_are(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    trainer.add(make_job(Task("fear", 1)))
    trainer.add(make_job(Task("joy", 3)), torch.full((4, 16), 1e300, dtype=torch.double))  # its square is infinite
    events = []
    for event in trainer.run([], 2):
        events.append(event)
        assert all(tensor.isfinite().all() for tensor in (trainer.state().prompts, trainer.state().exp_avg_sq))
    assert [event for event in events if isinstance(event, Diverged)] == [(Task("joy", 3), 1)]
    assert [event.task for event in events if isinstance(event, Finished)] == [Task("fear", 1)]
    assert {event.task for event in events if isinstance(event, Epoch)} == {Task("fear", 1)}


def test_training_goes_on_from_any_state_to_the_same_prompts(tokens):
    """States are taken at each event: after steps, between dev evaluations, and before what has ended is written."""
    model, queue = make_model(dropout=0.1), jobs(("fear", 1, 24), ("joy", 3, 40), ("love", 5, 24), ("pride", 7, 16))
    found = {job.task: job for job in queue}

    def outcome(end):
        return end.best_acc, end.epoch, end.best_prompt.tolist(), end.final_acc, end.final_prompt.tolist()

    trainer, states, expected = PromptTrainer(model, tokens, tokens, SETTINGS, 300), [], {}
    for event in trainer.run(queue, 3):
        begun = set(trainer.state().tasks) | expected.keys()
        states.append((trainer.state().to_bytes(), [job for job in queue if job.task not in begun]))
        if isinstance(event, Finished):
            expected[event.task] = outcome(event)
    assert len(expected) == 4
    for data, rest in states[::3] + states[-3:]:
        state, ends = State.from_bytes(data, "x.state"), {}
        trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
        trainer.resume(state, found.get)
        for event in trainer.run(rest, 3):
            if isinstance(event, Finished):
                ends[event.task] = outcome(event)
        assert ends.keys() == {*state.tasks, *(job.task for job in rest)}
        assert ends == {task: expected[task] for task in ends}


def test_a_task_that_is_left_out_on_resuming_leaves_the_others_as_they_are(model, tokens):
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, 300)
    for job in jobs(("fear", 1, 24), ("joy", 3, 40)):
        trainer.add(job)
    trainer.step(trainer.next_batches())
    state = trainer.state()
    trainer.resume(state, lambda task: make_job(task, 40) if task.concept == "joy" else None)
    assert [job.task for job, _ in trainer.group] == [Task("joy", 3)] and trainer.prompts[0].equal(state.prompts[1])
