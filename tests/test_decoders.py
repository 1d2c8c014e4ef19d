"""Every family of decoders: the same answers as the plain model, neurons that are gone when masked, and refusals."""

import copy
import importlib
import json
import sys
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from conftest import ROOT
from framework.errors import UserError
from framework.files import prompts
from framework.measures import margin as margins
from framework.model import loading, speed
from framework.model.decoders import PromptedDecoder, check_batches, down_projections
from framework.model.neurons import Intervention
from framework.model.passes import within_memory
from framework.tasks import Task, TaskRows
from framework.training.effects import effect
from framework.training.evaluate import answer
from framework.training.state import Finished, State
from framework.training.trainer import Job, PromptTrainer, Step, TrainSettings

SIZES = dict(
    hidden_size=32, intermediate_size=56, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=64,
    initializer_range=0.3, bos_token_id=0, eos_token_id=2, pad_token_id=1)
GROUPED = dict(num_key_value_heads=2)
# What sets a family apart: how it counts positions, where its blocks stand, what its head does.
FAMILIES = {
    "gpt2": dict(n_inner=56, attn_pdrop=0.1, resid_pdrop=0.1, embd_pdrop=0.1),  # Conv1D, learnt positions, dropout
    "gpt_neox": dict(rotary_pct=0.5, tie_word_embeddings=False),  # attention and feed-forward side by side
    "gptj": dict(n_inner=56, rotary_dim=4),  # no route for its attention
    "opt": dict(ffn_dim=56, word_embed_proj_dim=16),  # learnt positions from 2, narrower embeddings, flat neurons
    "llama": GROUPED | dict(tie_word_embeddings=True),
    "mistral": GROUPED | dict(sliding_window=40, head_dim=12),
    "qwen2": GROUPED,  # biases of queries, keys and values
    "qwen3": GROUPED | dict(head_dim=12),  # their norms
    "gemma2": GROUPED | dict(head_dim=12, sliding_window=40, attn_logit_softcapping=5.0, final_logit_softcapping=2.0),
    "gemma3_text": GROUPED | dict(head_dim=12, sliding_window=40),
    "phi3": GROUPED | dict(sliding_window=None),  # one map for gate and up
    "olmo": GROUPED | dict(clip_qkv=0.5),  # a bound on queries, keys and values, set in place
    "olmo2": GROUPED,
    "smollm3": GROUPED,  # no rotation in every fourth layer
    "falcon": dict(new_decoder_architecture=True, num_kv_heads=2, bias=True, alibi=False),
    "falcon-alibi": dict(alibi=True, multi_query=True, parallel_attn=False),
    "granite": GROUPED | dict(logits_scaling=3.0, residual_multiplier=0.5, embedding_multiplier=4.0),
    "cohere": GROUPED | dict(logit_scale=0.5),
    "starcoder2": GROUPED | dict(sliding_window=40),
    "granitemoehybrid": GROUPED | dict(  # named after experts, but has none
        num_local_experts=0, num_experts_per_tok=0, shared_intermediate_size=56, layer_types=["attention"] * 3,
        position_embedding_type="rope", mamba_n_heads=4, mamba_d_head=16),
}
WORDS = (7, 8)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(ROOT / "backbone")


def make_plain(family, tokenizer, **more):
    torch.manual_seed(0)
    sizes = {**SIZES, "vocab_size": len(tokenizer), **FAMILIES.get(family, {}), **more}
    config = AutoConfig.for_model(family.split("-")[0], **sizes)
    # transformers' own softmax computes in float32; torch's attention has no bound on the scores.
    exact = getattr(AutoModelForCausalLM._model_mapping[type(config)], "_supports_sdpa", False)
    kind = "sdpa" if exact and not getattr(config, "attn_logit_softcapping", None) else "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation=kind).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():  # no bias of zeros, no norm of ones
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def make_ours(plain, tokenizer, words=WORDS):
    config = copy.deepcopy(plain.config)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=speed.attention_for(type(plain)))
    model = model.to(plain.dtype)
    model.load_state_dict(plain.state_dict())
    return PromptedDecoder(model.eval(), tokenizer, words, down_projections(model, "--pretrained_model x"))


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request, tokenizer):
    plain = make_plain(request.param, tokenizer)
    return plain, make_ours(plain, tokenizer)


@pytest.fixture(scope="module")
def llama(tokenizer):
    plain = make_plain("llama", tokenizer)
    return plain, make_ours(plain, tokenizer)


def some_rows(model):
    """Six texts of unequal length, one of them twice, and a prompt for each."""
    random = np.random.default_rng(0)
    rows = [np.array([0, *random.integers(5, 500, length)]) for length in (3, 17, 1, 9, 0)]
    prompts = torch.randn(6, 5, model.prompt_width, generator=torch.Generator().manual_seed(0), dtype=torch.double) / 3
    return [*rows, rows[1]], prompts


def plain_logits(plain, rows, prompts):
    """A row at a time, as a user of transformers would."""
    logits = []
    for row, prompt in zip(rows, prompts):
        embedded = torch.cat([plain.get_input_embeddings()(torch.from_numpy(row)), prompt])[None]
        logits.append(plain(inputs_embeds=embedded, use_cache=False).logits[0, -1, list(WORDS)])
    return torch.stack(logits)


def test_answers_and_gradients_are_the_plain_models(pair):
    """In the fast path, with texts computed apart, and with all positions computed together."""
    plain, ours = pair
    rows, prompts = some_rows(ours)
    ones = Intervention(torch.ones(1, *ours.shape, dtype=torch.double))
    mine, reference = prompts.clone().requires_grad_(True), prompts.clone().requires_grad_(True)
    expected = plain_logits(plain, rows, reference)
    assert expected.std() > 0.1, "the reference says something"
    weights = torch.tensor([1.0, -2.0], dtype=torch.double)
    gradient, = torch.autograd.grad((expected * weights).sum(), reference)
    for logits in (ours(rows, mine), ours(rows, mine, ones)[0]):
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(torch.autograd.grad((logits * weights).sum(), mine)[0], gradient, rtol=0, atol=1e-5)


@pytest.mark.parametrize("attend, reason", [
    (lambda query, *rest: query + 1, "its answers differ by "), (lambda query: query, "TypeError: ")])
@pytest.mark.parametrize("family", ["llama", "opt", "gemma2"])
def test_what_the_fast_path_does_not_fit_is_computed_as_transformers_does(
        family, attend, reason, tokenizer, monkeypatch, capsys):
    plain = make_plain(family, tokenizer)
    ours = make_ours(plain, tokenizer)
    rows, prompts = some_rows(ours)
    monkeypatch.setattr(speed, "_attend_by_products", attend)
    with torch.no_grad():
        for logits in (ours(rows, prompts), ours(rows, prompts, Intervention(torch.ones(2, *ours.shape).double()))[1]):
            torch.testing.assert_close(logits, plain_logits(plain, rows, prompts), rtol=0, atol=1e-5)
    assert not ours.fast
    line, = capsys.readouterr().err.splitlines()
    assert f"the fast computation does not work for this family ({reason}" in line


def test_a_masked_neuron_is_gone_and_another_takes_its_value(pair):
    """Masking equals cutting weights of the down projection; other changes equal those of a plain hook."""
    plain, ours = pair
    rows, prompts = some_rows(ours)
    names = down_projections(plain, "x")
    multiply, add = torch.ones(3, *ours.shape, dtype=torch.double), torch.zeros(3, *ours.shape, dtype=torch.double)
    multiply[0, 0, 3] = multiply[0, 1, 50] = multiply[0, 2, 5] = 0
    multiply[1], add[1] = torch.rand(ours.shape).double() * 2, torch.randn(ours.shape).double()
    with torch.no_grad():
        untouched = plain_logits(plain, rows, prompts)
        masked, changed, same = ours(rows, prompts, Intervention(multiply, add))
        only_masked = ours(rows, prompts, Intervention(multiply[:1]))[0]
        cut = copy.deepcopy(plain)
        for name, unit in zip(names, (3, 50, 5)):
            weight = cut.base_model.get_submodule(name).weight
            (weight if ours.config.model_type == "gpt2" else weight.T)[unit] = 0
        expected_cut = plain_logits(cut, rows, prompts)
        handles = [plain.base_model.get_submodule(name).register_forward_pre_hook(
            lambda module, inputs, layer=layer: (inputs[0] * multiply[1, layer] + add[1, layer],))
            for layer, name in enumerate(names)]
        expected_changed = plain_logits(plain, rows, prompts)
        for handle in handles:
            handle.remove()
    for ours_, theirs in ((masked, expected_cut), (only_masked, expected_cut), (changed, expected_changed),
                          (same, untouched)):
        torch.testing.assert_close(ours_, theirs, rtol=0, atol=1e-5)
    assert (expected_cut - untouched).abs().max() > 1e-3


def test_neurons_are_what_enters_the_down_projection_at_the_last_position(pair):
    plain, ours = pair[0], make_ours(pair[0], pair[1].tokenizer)  # one that has not been used for anything else
    rows, prompts = some_rows(ours)
    values = []
    handles = [plain.base_model.get_submodule(name).register_forward_pre_hook(
        lambda module, inputs: values.append(inputs[0].reshape(-1, inputs[0].shape[-1])[-1]))
        for name in down_projections(plain, "x")]
    with torch.no_grad():
        plain_logits(plain, [np.array([0])] * 6, prompts)
        plain_logits(plain, rows, prompts)
    for handle in handles:
        handle.remove()
    alone, behind = torch.stack(values).reshape(2, 6, -1)
    torch.testing.assert_close(ours.read(prompts), alone, rtol=0, atol=1e-5)
    torch.testing.assert_close(ours.read(prompts, rows), behind, rtol=0, atol=1e-5)


def test_several_changes_of_the_last_layer_alone(pair):
    ours = pair[1]
    rows, prompts = some_rows(ours)
    multiply = torch.ones(2, *ours.shape, dtype=torch.double)
    multiply[0, -1, :9] = multiply[1, -1, 9:30] = 0
    with torch.no_grad():
        both = ours(rows, prompts, Intervention(multiply))
        for one, logits in zip(multiply, both):
            torch.testing.assert_close(logits, ours(rows, prompts, Intervention(one[None]))[0], rtol=0, atol=1e-9)
    assert (both[0] - both[1]).abs().max() > 1e-3


def test_a_row_alone_is_as_in_a_batch(pair):
    ours = copy.deepcopy(pair[1]).float()
    rows, prompts = some_rows(ours)
    mine, exact = prompts.float().requires_grad_(True), prompts.clone().requires_grad_(True)
    gradient, expected = (torch.autograd.grad(model(rows, start)[:, 1].sum(), start)[0]
                          for model, start in ((ours, mine), (pair[1], exact)))
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-2, atol=1e-3)
    prompts, mask = prompts.float(), Intervention((torch.rand(2, *ours.shape) > 0.3).float())
    with torch.no_grad():
        together, masked = ours(rows, prompts), ours(rows, prompts, mask)
        for i, row in enumerate(rows):
            torch.testing.assert_close(ours([row], prompts[i:i + 1])[0], together[i], rtol=0, atol=1e-5)
            torch.testing.assert_close(ours([row], prompts[i], mask)[:, 0], masked[:, i], rtol=0, atol=1e-5)


def test_rows_padded_as_for_a_gpu_give_the_same(pair, monkeypatch):
    ours = pair[1]
    rows, prompts = some_rows(ours)
    change = Intervention(torch.rand(2, *ours.shape).double() * 2, torch.randn(2, *ours.shape).double())

    def results():
        mine = prompts.clone().requires_grad_(True)
        logits = torch.cat([ours(rows, mine)[None], ours(rows, mine, change)])
        return logits.detach(), torch.autograd.grad(logits[:, :, 0].sum(), mine)[0], ours.read(prompts, rows)

    expected, layout = results(), speed.Layout
    ours.text_states.forget()
    monkeypatch.setattr(speed, "BY_PRODUCTS", set())
    attention = torch.nn.functional.scaled_dot_product_attention

    def with_as_many_keys(query, key, value, **options):  # as a GPU's fast kernels require with a mask
        assert not ours.fast or query.shape[1] == key.shape[1] == value.shape[1]
        return attention(query, key, value, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", with_as_many_keys)
    monkeypatch.setattr(speed, "Layout", lambda *rest, packed: layout(*rest, packed=False))
    torch.testing.assert_close(results(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_states_of_texts_are_the_same_bits_whatever_is_kept(llama, dtype):
    ours = make_ours(copy.deepcopy(llama[0]).to(dtype), llama[1].tokenizer)
    random = np.random.default_rng(0)
    rows = [random.integers(5, 500, length) for length in random.integers(0, 30, 80)]
    prompts = torch.randn(5, ours.prompt_width, generator=torch.Generator().manual_seed(0))
    computed, compute = [], ours.text_states._compute
    ours.text_states._compute = lambda ids: computed.append(ids) or compute(ids)
    with torch.no_grad():
        fresh = ours(rows, prompts)
        ours.keep_texts(1.0)
        for part in (rows[7:9], rows[30:], rows[::-1]):  # computed beside other texts
            ours(part, prompts)
        seen = len(computed)
        ours.to("cpu").keep_texts()  # as at the beginning of another group of tasks
        assert torch.equal(ours(rows, prompts), fresh)
        assert len(computed) == seen, "nothing is computed again"
        ours.keep_texts(0.0)
        ours.double()  # what was kept was of another precision
        ours(rows[:1], prompts)
    assert len(computed) == seen + 1


LONGROPE = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [4.0] * 4}


@pytest.mark.parametrize(("family", "more"), [
    ("gpt2", dict(max_position_embeddings=70)), ("llama", dict(max_position_embeddings=70)),
    ("phi3", dict(sliding_window=None, max_position_embeddings=400, original_max_position_embeddings=70,
                  rope_parameters=LONGROPE | {"original_max_position_embeddings": 70}))])
def test_padding_may_reach_beyond_the_positions(family, more, tokenizer):
    """A text of 65 tokens is padded to 96, and the model has 70 positions, or reads longer rows in another way."""
    plain = make_plain(family, tokenizer, **more)
    ours, row = make_ours(plain, tokenizer), np.arange(5, 70)
    prompts = torch.randn(1, 5, 32, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours([row], prompts), plain_logits(plain, [row], prompts), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_to_zero_is_to_multiply_to_the_bit(llama, dtype):
    model = make_ours(copy.deepcopy(llama[0]).to(dtype), llama[1].tokenizer)
    rows, prompts = some_rows(model)
    masks = (torch.rand(3, *model.shape, generator=torch.Generator().manual_seed(0)) > 0.3).float()
    pairs = [torch.stack([mask, torch.zeros_like(mask)]) for mask in masks]
    zeroed = model(rows, prompts, Intervention.stack(masks))
    assert torch.equal(zeroed, model(rows, prompts, Intervention.stack(pairs)))
    assert (zeroed[0] - zeroed[1]).abs().max() > 1e-3


def test_no_more_is_kept_than_there_is_room_for(llama):
    ours = copy.deepcopy(llama[1])
    states = ours.text_states
    texts = [np.array([0, index, 7, 8, 9]) for index in range(5, 45)]
    states.room = 10 * states.of(texts[:1])[0].nbytes
    for _ in range(3):
        states.of(texts)
        assert states._bytes <= states.room and len(states._kept) == 10
    kept = set(states._kept)
    for _ in range(20):  # other tasks' texts take the places of those no longer asked for
        states.of(texts[:10])
    assert set(states._kept) == {text.tobytes() for text in texts[:10]} and kept


def test_kept_texts_make_room_before_passes_are_halved(llama):
    ours = copy.deepcopy(llama[1])
    states, tried = ours.text_states, []
    texts = [np.array([0, index, 7, 8, 9]) for index in range(5, 45)]
    states.room = 40 * states.of(texts[:1])[0].nbytes

    def compute(positions):
        states.of(texts)
        tried.append((positions, len(states._kept)))
        if tried[-1] > (100, 10):
            raise RuntimeError("CUDA out of memory")

    within_memory(compute, 100, ours)
    assert tried == [(100, 40), (100, 20), (100, 10)]


def test_what_begins_a_text_is_the_tokenizers(llama, tokenizer):
    """Not the config's. `max_length` counts only the text's own tokens; special tokens typed in it are characters."""
    ours = llama[1]
    words = tokenizer("a few words", add_special_tokens=False)["input_ids"]
    assert [row.tolist() for row in ours.encode(["a few words", ""], 99)] == [[tokenizer.bos_token_id, *words],
                                                                             [tokenizer.bos_token_id]]
    assert ours.encode(["a few words"], 2)[0].tolist() == [tokenizer.bos_token_id, *words[:2]]
    typed = ours.encode([f"x {tokenizer.eos_token} {tokenizer.mask_token}"], 99)[0]
    assert not set(typed[1:]) & set(tokenizer.all_special_ids)
    without = copy.deepcopy(tokenizer)
    without.bos_token = None
    plain = make_plain("qwen2", tokenizer, bos_token_id=2)
    ours = make_ours(plain, without)
    assert ours.encode(["a few words"], 99)[0].tolist() == words
    with pytest.raises(UserError, match="^'': this text of the data has no token"):
        ours.encode(["a few words", ""], 99)
    prompts = torch.randn(2, 3, 32, dtype=torch.double)
    with torch.no_grad():
        rows = [np.array([], int), np.array(words)]
        torch.testing.assert_close(ours(rows, prompts), plain_logits(plain, rows, prompts), rtol=0, atol=1e-5)
        assert ours.read(prompts).shape == (2, 3 * 56)


def test_text_and_prompt_fit_positions_and_window(llama, tokenizer):
    ours = llama[1]
    assert ours.fit_length(20, 256) == 64 - 20 - 1 and ours.fit_length(20, 30) == 30
    with pytest.raises(UserError, match="--prompt_len 62: the model has 64 positions"):
        ours.fit_length(62, 30)
    few = copy.deepcopy(ours)
    for positions, line in ((64, "use at most 32"), (20, "use at most 16"), (3, "choose a model that has more")):
        few.config.max_position_embeddings = positions
        with pytest.raises(UserError, match=f"the model has {positions} positions; {line}"):
            few.fit_length(62, 30)
    few.config.max_position_embeddings = -1  # XLNet's, which has no table of them
    assert few.fit_length(62, 30) == 30
    window = make_ours(make_plain("gemma2", tokenizer), tokenizer)
    assert window.fit_length(20, 18) == 18
    with pytest.raises(UserError, match=r"need more than the 40 positions .* use --max_length 18 or less"):
        window.fit_length(20, 19)
    with pytest.raises(UserError, match=r"need more than the 40 positions .* use --prompt_len 20 or less"):
        window.fit_length(45, 10)
    long = make_ours(make_plain("phi3", tokenizer, sliding_window=None, original_max_position_embeddings=40,
                                rope_parameters=LONGROPE), tokenizer)
    assert long.fit_length(20, 256) == 40 - 20 - 1  # a longer row would change how all rows of its pass are read
    mpt = make_ours(make_plain("mpt", tokenizer, d_model=32, n_heads=4, n_layers=3, max_seq_len=50,
                              max_position_embeddings=None), tokenizer)
    assert mpt.fit_length(20, 256) == 50 - 20 - 1
    full = make_ours(make_plain("qwen2", tokenizer, sliding_window=40, use_sliding_window=False), tokenizer)
    assert full.fit_length(20, 40) == 40


def test_a_vocabulary_without_words_has_none_to_start_from(llama):
    ours = copy.copy(llama[1])
    ours.tokenizer = SimpleNamespace(get_vocab=lambda: {"12": 5, "Ġ!": 6, "<s>": 0}, all_special_ids=[0])
    with pytest.raises(UserError, match="--prompt_init words: .* has no whole words; use --prompt_init normal"):
        ours.starting_words("words", 1, np.random.default_rng(0))


def make_job(task, rows=30):
    row = np.random.default_rng(task.seed).integers(0, 40, rows)
    return Job(task, TaskRows(row, row % 2), TaskRows(row[:10], row[:10] % 2))


def train(model, tokens, jobs):
    """The losses of ten steps, one column per task."""
    trainer = PromptTrainer(model, tokens, tokens, TrainSettings(prompt_len=4, batch_size=8, lr=0.02), 200)
    steps = (event.losses.tolist() for event in trainer.run(jobs, len(jobs)) if isinstance(event, Step))
    return np.array(list(islice(steps, 10)))


def test_a_task_learns_the_same_beside_others_and_without_dropout(tokenizer):
    """GPT-2's config asks for dropout; decoders are trained without it, whether texts' states are kept or not."""
    random = np.random.default_rng(0)
    tokens = [np.array([0, *random.integers(5, 500, length)]) for length in random.integers(1, 20, 40)]
    ours = make_ours(make_plain("gpt2", tokenizer), tokenizer)
    jobs = [make_job(Task("fear", 1)), make_job(Task("joy", 3), 20)]
    together = train(ours, tokens, jobs)
    alone = np.hstack([train(ours, tokens, [job]) for job in jobs])
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)
    ours.keep_texts(1.0)
    assert (train(ours, tokens, jobs) == together).all()


def test_training_goes_on_to_the_same_bits_with_other_texts_kept(llama):
    """A run resumed elsewhere has none of the states that the first one kept."""
    random = np.random.default_rng(0)
    tokens = [np.array([0, *random.integers(5, 500, length)]) for length in random.integers(0, 20, 40)]
    jobs = {job.task: job for job in (make_job(Task("fear", 1)), make_job(Task("joy", 3), 20))}
    settings, ends, states = TrainSettings(prompt_len=4, batch_size=8, lr=0.02, epochs=3), [], []
    for room, start in ((1.0, None), (0.0, 9), (1e-4, 5)):
        model = make_ours(copy.deepcopy(llama[0]).float(), llama[1].tokenizer)
        model.keep_texts(room)
        trainer = PromptTrainer(model, tokens, tokens, settings, 200)
        if start is not None:
            trainer.resume(State.from_bytes(states[start], "x.state"), jobs.get)
        finished = {}
        for event in trainer.run([] if start is not None else jobs.values(), 2):
            states.append(trainer.state().to_bytes())
            if isinstance(event, Finished):
                finished[event.task] = (event.final_prompt.tolist(), event.best_prompt.tolist(), event.best_acc)
        ends.append(finished)
    assert len(ends[0]) == 2 and ends[0] == ends[1] == ends[2]


def test_effects_reach_through_the_text(tokenizer):
    """Against finite differences: a neuron also counts at the positions of the text."""
    ours = make_ours(make_plain("gpt2", tokenizer), tokenizer)
    rows, prompts = some_rows(ours)
    task, prompt = TaskRows(np.arange(6), np.arange(6) % 2), prompts[0]
    effects = effect(ours, rows, task, prompt, 100).zeroed
    chosen, step = torch.arange(0, 168, 17), 1e-4
    multiply = torch.ones(20, 168, dtype=torch.double)
    multiply[range(10), chosen] += step
    multiply[range(10, 20), chosen] -= step
    answers = answer(ours, rows, task, prompt, 1000, intervention=Intervention(multiply.view(20, 3, 56)))
    margin = margins(answers, torch.from_numpy(task.label)).sum(-1)
    torch.testing.assert_close(effects[chosen], (margin[10:] - margin[:10]) / (2 * step), rtol=1e-5, atol=1e-9)


# ------------------------------------------------------------------------------------------------------- from a folder


def save(model, tokenizer, folder):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "gemma2"])
def test_a_folder_is_loaded_as_the_model_that_was_saved(family, tokenizer, tmp_path):
    plain = make_plain(family, tokenizer)
    words = [tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in ("negative", "positive")]
    loaded = loading.load(save(plain, tokenizer, tmp_path), dtype=torch.double).model
    assert isinstance(loaded, PromptedDecoder)
    rows, prompts = some_rows(loaded)
    with torch.no_grad():
        torch.testing.assert_close(loaded(rows, prompts), make_ours(plain, tokenizer, words)(rows, prompts))


@pytest.mark.parametrize("family", ["gemma2", "falcon"])
def test_all_steps(family, tokenizer, tmp_path, monkeypatch):
    """In this process, since starting so many takes minutes."""
    save(make_plain(family, tokenizer).float(), tokenizer, tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    for name, *flags in (
        ["train.py", "--sentiment", "fear", "joy", "gratitude", "anger", "--random_seed", "1", "3",
         "--pretrained_model=model", "--dataset=demo", "--prompt_len=4", "--prompt_init=words", "--epochs=2",
         "--max_train_rows=16", "--lr=0.05", "--max_length=30"],
        ["get_active_neuron.py"],
        ["get_active_neuron.py", "--statistics", "--comments=40", "--samples=2"],
        ["rsa_searchlight.py", "--attributes", str(ROOT / "data" / "demo" / "attribute_ratings.csv")],
        ["gen_mask.py", "--thresholds", "20", "--mask_method", "mean", "--statistics", "active_neuron_statistics.csv"],
        ["eval_mask_neuron.py", "--max_rows", "20"],
        ["get_neuron_effect.py", "--max_rows", "20"],
    ):
        monkeypatch.setattr(sys, "argv", [name, *flags])
        importlib.import_module(name.removesuffix(".py")).main()
    trained = prompts.read(tmp_path / "checkpoint" / "joy-3.pt")
    assert trained.record.get("prompt_init") == "words" and trained.record.get("max_length") == 30
    assert trained.record.get("dropout") is False
    results, = (tmp_path / "eval_mask_neuron_result").iterdir()
    result = json.loads((results / "joy-3.json").read_text())
    assert result["margins"].keys() >= {"best"} and len(result["margins"]) > 5
    assert pd.read_csv(tmp_path / "neuron_effect_csv" / "joy-3.csv").shape[1] == 3 * (128 if family == "falcon" else 56)


@pytest.mark.parametrize(("family", "more", "message"), [
    ("mixtral", dict(num_local_experts=4), "is a mixtral model, a mixture of experts"),
    ("qwen3_moe", dict(num_experts=4, moe_intermediate_size=8), "a mixture of experts"),
    ("mamba", {}, "whose blocks do not each consist of attention and one dense feed-forward part"),
    ("recurrent_gemma", dict(lru_width=32, attention_window_size=8),
     "blocks do not each consist of attention and one dense feed-forward part"),
    ("roc_bert", {}, "a word also sees later words"),  # an encoder that transformers maps to a causal head, too
    ("llama", dict(intermediate_size=32), "blocks do not each consist of attention and one dense"),  # D = H: which map?
    ("reformer", dict(is_decoder=True, axial_pos_embds=False, attention_head_size=8, feed_forward_size=56,
                      attn_layers=["local"] * 3), "is a reformer model, which cannot take rows of different lengths"),
    ("git", {}, "is a git model, which reads more than text"),
])
def test_what_has_no_neurons_of_its_own_is_refused(family, more, message, tokenizer, tmp_path):
    model = make_plain(family, tokenizer, **more)
    with pytest.raises(UserError, match=message) as error:
        loading.load(save(model, tokenizer, tmp_path))
    assert "\n" not in str(error.value) and "choose a dense decoder" in str(error.value)


def test_an_encoder_with_a_decoder_is_refused(tokenizer, tmp_path):
    config = AutoConfig.for_model("t5", d_model=16, d_ff=24, d_kv=8, num_layers=1, num_heads=2, vocab_size=99)
    AutoModelForSeq2SeqLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="is a t5 model, an encoder with a decoder; choose a dense decoder"):
        loading.load(str(tmp_path))


def test_a_model_without_its_head_or_the_label_words_is_refused(tokenizer, tmp_path):
    plain = make_plain("gpt_neox", tokenizer)
    plain.base_model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="has no weights for .*; choose a model saved with its language-model head"):
        loading.load(str(tmp_path))
    with pytest.raises(UserError, match="'gratefully so' is not one token of its vocabulary"):
        loading.load(str(tmp_path), ("negative", "gratefully so"))


def test_weights_that_its_config_does_not_announce_are_refused(tokenizer, tmp_path):
    """transformers would leave them out without a word, and compute another model."""
    folder = Path(save(make_plain("llama", tokenizer, attention_bias=True), tokenizer, tmp_path))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"attention_bias": False}))
    with pytest.raises(UserError, match="its weights hold .*bias, which its config.json does not describe"):
        loading.load(str(folder))
    save(make_plain("llama", tokenizer), tokenizer, tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.mlp.down_proj.weight_scale"] = torch.ones(1)  # of float8, say
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match="its weights hold .*weight_scale, so they are quantised; choose the model"):
        loading.load(str(folder))
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "fp8"}}))
    with pytest.raises(UserError, match="is quantised .*: fp8.; choose the model that is not"):
        loading.load(str(folder))


def test_a_model_that_goes_by_its_neurons_is_refused(tokenizer):
    """BLOOM's slices of a linear map, for models that several GPUs share."""
    plain = make_plain("bloom", tokenizer, pretraining_tp=2, slow_but_exact=True)
    ours = make_ours(plain, tokenizer)
    with pytest.raises(UserError, match="this bloom model computes without calling its down projections"):
        ours.read(torch.randn(1, 3, ours.prompt_width, dtype=torch.double))


def test_a_classifier_whose_head_would_be_its_embeddings_is_refused(tokenizer, tmp_path):
    plain = make_plain("qwen2", tokenizer, tie_word_embeddings=True)
    AutoModelForSequenceClassification.from_config(plain.config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="was saved as Qwen2ForSequenceClassification, without a head that predicts"):
        loading.load(str(tmp_path))
    save(plain.base_model, tokenizer, tmp_path)
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(UserError, match="was saved to embed sentences .modules.json., not to predict words"):
        loading.load(str(tmp_path))


def test_a_model_whose_answers_depend_on_neighbours_is_refused(tokenizer, monkeypatch):
    model, forward = make_ours(make_plain("gptj", tokenizer), tokenizer), PromptedDecoder.forward
    check_batches(model, "x")
    monkeypatch.setattr(PromptedDecoder, "forward", lambda *given: forward(*given) + len(given[1]))
    with pytest.raises(UserError, match="x: is a gptj model, .* together .a row's answer depends on those beside it."):
        check_batches(model, "x")


def test_a_tokenizer_of_another_model_or_none_is_refused(tokenizer, tmp_path):
    line = "its tokenizer makes tokens that its weights have no embedding for; restore the tokenizer that the model"
    small = make_ours(make_plain("qwen2", tokenizer, vocab_size=400), tokenizer)
    ids = small.encode(["a"], 9)[0]
    assert ids.max() < 400
    with pytest.raises(UserError, match=line):
        small.encode(["a", "gratefully so"], 9)
    assert small.starting_words("words", 1000, np.random.default_rng(0)).max() < 400

    folder = save(make_plain("qwen2", tokenizer), tokenizer, tmp_path)
    other = copy.deepcopy(tokenizer)
    other.add_special_tokens({"bos_token": "<begin>"})
    other.save_pretrained(folder)
    with pytest.raises(UserError, match=line):
        loading.load(folder)
    for path in tmp_path.glob("*token*"):
        path.unlink()
    with pytest.raises(UserError, match="nor is any other word; restore the tokenizer.json that the model was saved"):
        loading.load(folder)
