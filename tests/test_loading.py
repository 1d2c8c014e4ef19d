"""Which folders are taken for a model, which are refused in one line, and what tells one model from another."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoConfig,
    GPTNeoForCausalLM,
)

from conftest import ROOT
from framework.errors import UserError
from framework.model import loading
from framework.model.device import resolve_device
from tests.test_hostile_files import Harm, saved


@pytest.fixture
def folder(tiny_model, tmp_path, monkeypatch):
    """A model of two layers, beside code that would make the folder `harm`."""
    monkeypatch.chdir(tmp_path)
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "code.py").write_text("import os\nos.makedirs('harm', exist_ok=True)\nfrom transformers import *\n"
                                    "class A(RobertaConfig): model_type = 'a'\n")
    yield folder
    assert not (tmp_path / "harm").exists(), "no code was run"


def change(path, **values):
    """Change what a JSON file says."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def load(folder):
    return loading.load(str(folder))


def refused(folder):
    """The line that a folder is refused with, at once."""
    begin = time.process_time()  # others may use the machine
    with pytest.raises(UserError, match=f"--pretrained_model {folder}") as error:
        load(folder)
    assert time.process_time() - begin < 20 and "\n" not in str(error.value)
    return str(error.value)


# ---------------------------------------------------------------------------------------------------- code in a folder


def ask_for_code(folder, **values):
    change(folder / "config.json", **values, auto_map={
        "AutoConfig": "code.A", "AutoTokenizer": ["code.A", "code.A"], "AutoModelForMaskedLM": "code.A"})
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["code.A", None]})


def test_code_beside_a_known_model_is_left_alone(folder):
    ask_for_code(folder)
    assert load(folder).model.config.model_type == "roberta"


def test_an_unknown_model_with_code_is_refused(folder):
    ask_for_code(folder, model_type="a", architectures=["A"])
    refused(folder)


def test_safetensors_come_before_a_pickle_that_runs_code(folder):
    (folder / "pytorch_model.bin").write_bytes(saved(Harm()))
    load(folder)
    (folder / "model.safetensors").unlink()
    refused(folder)


def test_a_pickle_of_weights_loads(folder):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    load(folder)


def test_attention_from_elsewhere_is_not_asked_for(folder):
    for name in ("_attn_implementation", "attn_implementation"):
        change(folder / "config.json", **{name: "kernels-community/flash-attn"})
        assert load(folder).model.config._attn_implementation == "openneuron"


# ---------------------------------------------------------------------------------------- damaged, surplus, out of size


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("damage", ids=["empty", "half", "first byte"], argvalues=[
    lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\0" + data[1:]])
def test_damaged_model(folder, name, damage):
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    refused(folder)


@pytest.mark.parametrize(("values", "line"), [
    ({"num_hidden_layers": 0}, "config.json says 0 layers of width 16"),
    ({"num_hidden_layers": 10**7}, "config.json says 10000000 layers"),
    ({"num_hidden_layers": 10**5, "hidden_size": 2}, "config.json says 100000 layers"),
    ({"vocab_size": 10**9}, r"\d,\d{3},\d{3},\d{3} numbers in all"),
    ({"type_vocab_size": 10**9}, "numbers in all"),
    ({"num_hidden_layers": 1}, r"its weights hold roberta.encoder.layer.1.* which its config.json does not describe"),
    ({"num_hidden_layers": 3}, "has no weights for roberta.encoder.layer.2"),
    ({"max_position_embeddings": 10**8}, "numbers in all"),
    ({"intermediate_size": 10**8}, "numbers in all"),
    ({"intermediate_size": 40}, "its weights have other sizes than its config.json says"),
    ({"is_decoder": True}, "its config.json sets is_decoder"),
    ({"position_embedding_type": "relative_key_query"}, "choose a model with absolute positions"),
], ids=lambda value: str(value)[:40])
def test_a_config_that_is_of_another_model(folder, values, line):
    change(folder / "config.json", **values)
    assert re.search(line, refused(folder))


@pytest.mark.parametrize("values", [{"gradient_checkpointing": True}, {"return_dict": False}], ids=str)
def test_a_config_may_ask_for_what_training_its_model_needed(folder, values):
    change(folder / "config.json", **values)
    model = load(folder).model
    prompt = torch.zeros(2, model.prompt_width, requires_grad=True)
    torch.autograd.grad(model(model.encode(["thanks", "so much"], 9), prompt).sum(), prompt)


@pytest.mark.parametrize(("layers", "line"), [
    (0, "config.json says 0 layers of width 16"), (10**7, "config.json says 10000000 layers"),
    (1, r"its weights hold transformer.h.1.* which its config.json does not describe"),
    (3, "has no weights for transformer.h.2")])
def test_layers_of_a_decoder_go_by_another_name(folder, layers, line):
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=3000, n_embd=16, n_layer=2, n_head=2, n_positions=80)).save_pretrained(folder)
    load(folder)
    change(folder / "config.json", n_layer=layers)
    assert re.search(line, refused(folder))


@pytest.mark.parametrize("count", ["num_hidden_groups", "inner_group_num"])
def test_groups_of_layers_without_end(folder, count):
    config = AlbertConfig(vocab_size=1000, embedding_size=16, hidden_size=2, num_hidden_layers=1, num_attention_heads=1,
                          intermediate_size=2)
    AlbertForMaskedLM(config).save_pretrained(folder)
    change(folder / "config.json", **{count: 10**4})
    assert "asks for more than 20,000 tensors" in refused(folder)


def test_tables_that_no_file_holds_may_be_larger_than_the_weights(folder):
    config = GPTNeoConfig(vocab_size=2000, hidden_size=4, num_layers=2, num_heads=2, max_position_embeddings=1000,
                          attention_types=[[["global"], 2]])
    torch.manual_seed(0)
    GPTNeoForCausalLM(config).save_pretrained(folder)
    assert load(folder).model.shape == (2, 16)


def test_weights_that_are_not_numbers(folder):
    weights = load_file(folder / "model.safetensors")
    weights["roberta.encoder.layer.1.output.dense.bias"][3] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert "NaN" in refused(folder)


def test_pipes_and_devices_are_not_opened(folder):
    os.mkfifo(folder / "added_tokens.json")
    assert "added_tokens.json in it is a pipe or a device" in refused(folder)
    (folder / "added_tokens.json").unlink()
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/dev/zero")
    assert "model.safetensors in it is a pipe or a device" in refused(folder)


def test_folders_and_links_among_the_files(folder, tmp_path):
    expected = load(folder).fingerprint
    (folder / "optimizer.bin").mkdir()
    (folder / "dangling.safetensors").symlink_to("nowhere")
    (folder / "model.safetensors").rename(tmp_path / "blob")  # as the hub's client keeps its files
    (folder / "model.safetensors").symlink_to(tmp_path / "blob")
    assert load(folder).fingerprint == expected


@pytest.mark.parametrize("place", ["elsewhere/weights.safetensors", "../weights.safetensors"])
def test_weights_in_another_folder(folder, place):
    """Nobody would see that they change, or that one is a pipe."""
    names = load_file(folder / "model.safetensors")
    os.rename(folder / "model.safetensors", folder / "other.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": dict.fromkeys(names, place)}))
    (folder / "elsewhere").mkdir()
    os.mkfifo(folder / place)
    assert "points to weights in another folder" in refused(folder)
    (folder / "model.safetensors.index.json").write_text("[]")
    refused(folder)


def test_weights_that_the_config_names_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": "sub/w.safetensors"}))
    assert "config.json sets transformers_weights; remove that" in refused(folder)


def test_an_adapter_is_not_passed_over(folder):
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "roberta-base"}')
    assert "holds an adapter without its model" in refused(folder)
    (folder / "config.json").unlink()
    assert "holds an adapter without its model" in refused(folder)


def test_a_tokenizer_that_panics(folder, capfd):
    """Oniguruma's regular expressions fail when they are used, and `except Exception` misses Rust's panics."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "(a+)+b"}, "behavior": "Isolated",
                                  "invert": False}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    model = load(folder).model
    with pytest.raises(UserError, match="its tokenizer fails .*choose another model"):
        model.encode(["a" * 60], 80)
    assert "panicked" not in capfd.readouterr().err
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def sequence(of, *rules):
    return {"type": "Sequence", of: list(rules)}


def becomes(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


DOUBLED = becomes("a", "aa")


def charsmap(strings, trie=bytes(4)):
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(
        len(trie).to_bytes(4, "little") + trie + strings).decode()}


@pytest.mark.parametrize(("part", "rule"), ids=lambda value: str(value)[:60], argvalues=[
    ("normalizer", sequence("normalizers", *[DOUBLED] * 40)),
    ("normalizer", sequence("normalizers", *[sequence("normalizers", *[DOUBLED] * 7)] * 6)),
    ("normalizer", {"normalizers": [{"pattern": {"String": "a"}, "content": "aa"}] * 40}),
    ("normalizer", sequence("normalizers", *[becomes("x*", "a", "Regex")] * 40)),
    ("normalizer", sequence("normalizers", *[{"type": "Prepend", "prepend": "a"}, becomes("a", "a" * 200)] * 2)),
    ("normalizer", sequence("normalizers", *[becomes("a", "\ufdfa"), {"type": "NFKC"}] * 12)),
    ("normalizer", sequence("normalizers", *[charsmap(b"aaaa\0bb\0")] * 20)),
    ("pre_tokenizer", sequence("pretokenizers", *[
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}] * 40)),
    ("decoder", sequence("decoders", *[DOUBLED] * 40))])
def test_a_tokenizer_that_makes_texts_without_end(folder, part, rule):
    """A file of a few kB whose rules each double a text; forty of them make 10^12 characters of one."""
    change(folder / "tokenizer.json", **{part: rule})
    assert "the rules in its tokenizer.json can make a text" in refused(folder)


def test_a_tokenizer_in_a_file_of_another_name_is_refused(folder):
    """Its rules would not be checked, and nobody would see that it changes."""
    shutil.copy(folder / "tokenizer.json", folder / "tokenizer.4.0.0.json")
    change(folder / "tokenizer_config.json", fast_tokenizer_files=["tokenizer.4.0.0.json"])
    assert "tokenizer_config.json sets fast_tokenizer_files; remove that" in refused(folder)


def test_a_tokenizer_that_splits_words_at_random_is_refused(folder):
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    change(folder / "tokenizer.json", model=model | {"dropout": 0.1})
    assert "splits words at random; set its dropout to null" in refused(folder)


@pytest.mark.parametrize("rules", ids=["Llama", "Gemma", "T5", "ALBERT", "BERT"], argvalues=[
    [{"type": "Prepend", "prepend": "\u2581"}, becomes(" ", "\u2581")],
    [becomes(" ", "\u2581")],
    [charsmap("\0".join(["fi", "\ufdfa" * 11]).encode()), {"type": "Strip", "strip_left": False, "strip_right": True},
     becomes(" {2,}", "\u2581", "Regex")],
    [becomes("``", '"'), becomes("''", '"'), {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
     charsmap(b"fi\0" + b"x" * 33)],
    [{"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
      "lowercase": True}]])
def test_rules_of_tokenizers_in_use_are_no_growth_without_end(folder, rules):
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
    of_llama = sequence("decoders", becomes("\u2581", " "), {"type": "ByteFallback"}, {"type": "Fuse"},
                        {"type": "Strip", "content": " ", "start": 1, "stop": 0})
    change(folder / "tokenizer.json", normalizer=sequence("normalizers", *rules), pre_tokenizer=metaspace,
           decoder=of_llama)
    loading._check_tokenizer(folder, "")


# --------------------------------------------------------------------------------------------- which model and device


@pytest.mark.parametrize("name", ["special_tokens_map.json", "added_tokens.json", "tekken.json", "emoji.json",
                                  "tokenizer_config.json", "config.json", "model.safetensors"])
def test_what_changes_tokens_or_weights_changes_the_fingerprint(folder, name):
    expected = load(folder).fingerprint
    path = folder / name
    if name == "model.safetensors":
        weights = load_file(path)
        weights["lm_head.bias"][7] += 1
        save_file(weights, path, {"format": "pt"})
    else:
        path.write_text(path.read_text() + " " if path.exists() else "{}")
    assert load(folder).fingerprint != expected


def test_models_on_the_hub_are_told_apart_by_their_revision(tiny_model, tmp_path):
    """Here from the hub's cache, as on a machine without a network."""
    commits = {"one/tiny": "1" * 40, "two/tiny": "2" * 40}
    for name, commit in commits.items():
        cached = tmp_path / f"hub/models--{name.replace('/', '--')}"
        shutil.copytree(tiny_model, cached / "snapshots" / commit)
        (cached / "refs").mkdir()
        (cached / "refs/main").write_text(commit)
    code = f"from framework.model import loading; print(*(loading.load(name).fingerprint for name in {[*commits]}))"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
                             env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_ENDPOINT": "http://127.0.0.1:9"})
    assert process.stdout.split() == [*commits.values()]


def test_a_folder_that_hides_a_model_of_the_hub_is_named(tmp_path, monkeypatch):
    """As when a study is called like its model."""
    monkeypatch.chdir(tmp_path)
    for name in ("roberta-large", "backbone"):
        (tmp_path / name / "checkpoint").mkdir(parents=True)
    assert "on the hub, rename the folder (and a study in it: --study)" in refused("roberta-large")
    assert loading.load("backbone").model.shape == (4, 1024)


@pytest.mark.parametrize("left", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", None])
def test_weights_that_are_missing(folder, left):
    (folder / "model.safetensors").unlink()
    for part in range(9 if left is not None else 0):
        (folder / f"model-{part}.safetensors").write_bytes(left)
    assert "holds no weights" in refused(folder)


def test_a_device_without_numbers_is_refused():
    for name in ("meta", "cuda:99", "nonsense"):
        with pytest.raises(UserError, match=f"--device {name}: not available here"):
            resolve_device(name)
