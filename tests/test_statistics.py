"""What step 3 reads over comments, against a plain loop: transformers' own classes, a comment at a time, with hooks."""

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from framework.files import activations, prompts
from framework.files.record import Record
from framework.model import loading, passes, statistics
from framework.roberta import RobertaForMaskedLMPrompt
from tests.conftest import ROOT

TEXTS = ["thank you", "", "I am so sorry for what you <s> lost", "caf\u00e9 \U0001f600 wow", "word " * 20, "ah", "no!"]


def folder_of(family, tiny_model, tmp_path):
    if family == "llama":
        tokenizer = AutoTokenizer.from_pretrained(tiny_model)
        tokenizer.save_pretrained(tmp_path)
        torch.manual_seed(0)
        LlamaForCausalLM(LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=80, initializer_range=0.5)).save_pretrained(tmp_path)
        return tmp_path
    return tiny_model


def plain_neurons(folder, family, row, prompt):
    """All neurons [positions, L, D] of a row of tokens, read with a prompt."""
    read = []
    if family == "llama":  # text, prompt
        model = AutoModel.from_pretrained(folder, dtype=torch.float64).eval()
        maps = [layer.mlp.down_proj for layer in model.layers]
        inputs = {"inputs_embeds": torch.cat([model.embed_tokens(torch.from_numpy(row)), prompt])[None]}
    else:  # <mask>, prompt, text
        model = RobertaForMaskedLMPrompt.from_pretrained(folder, label_ids=(0, 1), dtype=torch.float64).eval()
        maps = [layer.output for layer in model.roberta.encoder.layer]
        inputs = {"input_ids": torch.from_numpy(row)[None], "prompt": prompt}
    for module in maps:
        module.register_forward_pre_hook(lambda module, inputs: read.append(inputs[0][0]))
    with torch.inference_mode():
        model(**inputs)
    return torch.stack(read, dim=1).numpy()


@pytest.mark.parametrize("prompt_len", [0, 3])
@pytest.mark.parametrize("family", ["roberta", "llama"])
def test_statistics_are_those_of_a_plain_loop(family, prompt_len, tiny_model, tmp_path, monkeypatch, capsys):
    """Over the texts' own tokens alone, in several passes; a text is read with one of two prompts, in turn.

    Memory runs out late in a pass: what it has read so far does not count twice.
    """
    folder = folder_of(family, tiny_model, tmp_path)
    model = loading.load(str(folder), dtype=torch.float64).model
    rows = model.encode(TEXTS, 30)
    steering = torch.randn(2, prompt_len, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    parts = [part[some] for part in passes.cut_by_length(rows, np.arange(len(rows)), prompt_len, 80)
             for some in passes.cut_by_length(rows, part, prompt_len, 40)]
    assert len(parts) > 2 and len(parts[-1]) > 1
    monkeypatch.setattr(passes, "positions_per_batch", lambda model, training: 80)
    read = type(model).read_everywhere

    def run_out(model, batch, *others):
        read(model, batch, *others)
        if len(batch) * (len(batch[0]) + prompt_len) > 40:
            raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(type(model), "read_everywhere", run_out)
    *done, found = statistics.over_texts(model, rows, steering, 8, 5)
    assert "going on with 40" in capsys.readouterr().err

    values = []
    for i, row in enumerate(rows):
        neurons = plain_neurons(folder, family, row, steering[i % 2])
        # A text's own tokens are all but the first and the prompt at the end; or all but <mask>, prompt, <s> and </s>.
        values += [*(neurons[1:len(row)] if family == "llama" else neurons[1 + prompt_len + 1:-1])]
    values = np.array(values).reshape(len(values), -1)
    expected = {"mean": values.mean(axis=0), "sd": np.sqrt(np.square(values - values.mean(axis=0)).mean(axis=0)),
                "mean_abs": np.abs(values).mean(axis=0), "share_above_0": (values > 0).mean(axis=0)}
    drawn = np.random.default_rng(5).choice(len(values), 8, replace=False)  # of the positions, text after text
    expected |= {f"sample{number}": values[place] for number, place in enumerate(drawn, 1)}
    assert done == [*np.cumsum([len(part) for part in parts])] and list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-6, atol=1e-6, err_msg=name)


def test_read_over_is_the_mean_at_the_answer_over_the_same_comments(here, tiny_model, tmp_path, monkeypatch):
    """In several passes; other comments under another seed."""
    here("train.py", "--sentiment", "fear", "joy", "--seed", 1, "--pretrained_model", tiny_model, "--dataset=demo",
         "--prompt_len=4", "--epochs=1")
    monkeypatch.setattr(passes, "positions_per_batch", lambda model, training: 100)
    comments = pd.read_csv(ROOT / "data/demo/train.csv").text
    model = loading.load(str(tiny_model), dtype=torch.float64).model
    for seed in (0, 7):
        here("get_active_neuron.py", "--read_over=10", f"--comment_seed={seed}", f"--output_dir={seed}")
        drawn = np.random.default_rng(seed).choice(len(comments), 10, replace=False)
        rows = model.encode([comments[i] for i in drawn], 80 - 1 - 4)
        for concept in ("fear", "joy"):
            prompt = prompts.read(tmp_path / "checkpoint" / f"{concept}-1.pt").best_prompt.double()
            expected = np.mean([plain_neurons(tiny_model, "roberta", row, prompt)[0].ravel() for row in rows], axis=0)
            found, _ = activations.read(tmp_path / str(seed), [concept])
            np.testing.assert_allclose(found[0, 0], expected, rtol=1e-5, atol=1e-5)
    # If there are fewer comments, all are read, and the record says how many.
    (tmp_path / "few").mkdir()
    (tmp_path / "few/train.csv").write_text("text,joy\nthank you,1\nwell,0\n")
    said = here("get_active_neuron.py", "--read_over=10", "--dataset=few", "--output_dir=of_few").stdout
    assert "over 2 comments of few" in said and Record.read(tmp_path / "of_few").get("kind") == "read_over 2"
