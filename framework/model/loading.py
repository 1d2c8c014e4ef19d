"""Load a model and its tokenizer by name."""

from __future__ import annotations

import base64
import contextlib
import copy
import ctypes
import itertools
import json
import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn.modules.module import register_module_parameter_registration_hook
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import cached_file
from transformers.utils import logging as transformers_logging

from framework import hub
from framework.errors import UserError, is_out_of_memory, is_panic
from framework.files import opening
from framework.model import decoders, encoders, neurons
from framework.model.prompted import PromptedModel
from framework.tasks import LABEL_WORDS

MOST_PARAMETERS = 20_000  # tensors; 126 layers of Llama have 1,136
WEIGHTS = (".safetensors", ".bin")
MOST_GROWTH = 10_000  # times that a tokenizer may lengthen a text; those in use stay below 2,000
# The most characters that a rule makes of one, for rules without strings of their own. Unicode makes up to 18.
GROWTH = {"NFC": 3, "NFD": 4, "NFKC": 18, "NFKD": 18, "Lowercase": 2, "BertNormalizer": 24, "ByteLevel": 4}
# Files that determine the tokens, besides those that end in .model.
TOKENS = {"config.json", "tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", "tokenizer_config.json",
          "special_tokens_map.json", "added_tokens.json", "bpe.codes", "vocab.bpe", "dict.txt", "emoji.json",
          "tekken.json"}
# What --label_words could be where the model lacks the words asked for.
OTHER_LABEL_WORDS = (
    LABEL_WORDS, ("bad", "good"), ("no", "yes"), ("false", "true"), ("sad", "happy"), ("non", "oui"),
    ("mauvais", "bon"), ("nein", "ja"), ("schlecht", "gut"), ("no", "sí"), ("malo", "bueno"), ("não", "sim"),
    ("no", "sì"), ("nee", "ja"), ("nie", "tak"), ("нет", "да"), ("لا", "نعم"), ("नहीं", "हाँ"), ("否", "是"),
    ("负", "正"), ("いいえ", "はい"), ("아니", "네"))


class Loaded(NamedTuple):
    """What `load` loads."""

    model: PromptedModel  # in eval mode
    fingerprint: str  # SHA-256 of the files read from a folder, or the hub's revision


def load(
    name: str, label_words: Sequence[str] = LABEL_WORDS, device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Loaded:
    """Load a frozen model with its tokenizer.

    Parameters
    ----------
    name : str
        What `--pretrained_model` was given: a folder, "backbone" or a name on the hub.
    label_words : sequence of two str
        The answers of class 0 and class 1.

    Raises
    ------
    UserError
        If the model cannot be loaded, is of an unknown family, or lacks what its family needs: a mask token, the
        language-model head, the label words.
    """
    path, flag = name, f"--pretrained_model {name}"
    if not (Path(name) / "config.json").exists() and name.rstrip("/") in ("backbone", "./backbone"):
        path = str(Path(__file__).resolve().parents[2] / "backbone")  # the small model, in any working directory
    if not Path(path).is_dir():
        hub.go_offline_if_away()
    with _quiet():
        try:
            files = []
            if Path(path).is_dir():
                files = _check_files(Path(path), flag)
                if not (Path(path) / "config.json").exists():
                    raise UserError(f"{flag}: the folder {path} holds no config.json, so it is no model. If you mean a "
                                    "model of this name on the hub, rename the folder (and a study in it: --study)")
                _check_tokenizer(Path(path), flag)
            # Never run code that comes with a model, whatever its files ask for.
            config = AutoConfig.from_pretrained(path, trust_remote_code=False)
            config.gradient_checkpointing, config.return_dict = False, True  # as our passes need them
            kind = encoders if config.model_type in neurons.OUTPUTS else decoders
            if kind is decoders:
                decoders.check_family(config, flag)
            if how := getattr(config, "quantization_config", None):
                raise UserError(f"{flag}: is quantised (quantization_config in its config.json: "
                                f"{dict(how).get('quant_method')}); choose the model that is not")
            if Path(path).is_dir():
                _check_size(kind.FAMILY, config, files, flag)
            tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
            label_ids = find_label_ids(tokenizer, label_words, flag)
            model = kind.load(path, config, tokenizer, label_ids, dtype, flag)
            model.check_tokens([model.alone()])
        except (UserError, MemoryError, KeyboardInterrupt):
            raise
        except ImportError as error:  # some tokenizers need a package of their own
            reason = " ".join(str(error).split())
            raise UserError(f"{flag}: needs a package that is not installed: {reason}") from None
        except BaseException as error:  # damaged files can fail anywhere inside the loaders, Rust's among them
            if is_out_of_memory(error) or not (isinstance(error, Exception) or is_panic(error)):
                raise
            reason = " ".join(str(error).split())[:300]
            if Path(path).is_dir():
                if "ignore_mismatched_sizes" in reason:
                    reason = "its weights have other sizes than its config.json says"
                raise UserError(f"{flag}: the folder holds no model that can be loaded ({reason}); download "
                                "or save it again") from None
            raise UserError(f"{flag}: no such folder, and the hub cannot be reached or does not know it; download it "
                            "and pass its folder (SmolLM2: python download_data.py --model smollm2), or use the small "
                            f"model: --pretrained_model backbone ({reason})") from None
    return Loaded(model.to(device).eval(), opening.sha256(*files) if files else _revision(path))


def _revision(name):
    """The commit of a model that was just loaded from the hub: its files are cached below ``snapshots/{commit}``."""
    return Path(str(cached_file(name, "config.json", local_files_only=True))).parent.name


@contextlib.contextmanager
def _quiet():
    """Within it, transformers prints neither warnings nor progress."""
    verbosity, progress = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if progress:
            transformers_logging.enable_progress_bar()


def _growth(rule):
    """How many times a tokenizer's rule, with all its parts, can lengthen a text."""
    growth: float = GROWTH.get(rule.get("type"), 1)
    if "content" in rule and "pattern" in rule:  # Replace; older files may not name the type
        pattern = rule["pattern"].get("String")  # a regular expression may match nothing, between any two characters
        growth = len(rule["content"]) / len(pattern) if pattern else 1 + len(rule["content"])
    elif "prepend" in rule:
        growth = 1 + len(rule["prepend"])
    elif "precompiled_charsmap" in rule:  # a trie's size, the trie, then the replacements
        table = base64.b64decode(rule["precompiled_charsmap"] or "")
        growth = max(map(len, table[4 + int.from_bytes(table[:4], "little"):].split(b"\0")))
    parts = itertools.chain(*(value for value in rule.values() if isinstance(value, list)))
    return max(1.0, growth) * math.prod(_growth(part) for part in parts if isinstance(part, dict))


def _check_tokenizer(folder, flag):
    """Raise `UserError` if the tokenizer could lengthen a text without bound, or splits words at random."""
    path = folder / "tokenizer.json"
    if path.exists():
        content = json.loads(opening.read_bytes(path))
        if content["model"].get("dropout"):
            raise UserError(f"{flag}: its tokenizer.json splits words at random; set its dropout to null")
        growth = math.prod(_growth(content.get(part) or {}) for part in ("normalizer", "pre_tokenizer", "decoder"))
        if growth > MOST_GROWTH:
            raise UserError(f"{flag}: the rules in its tokenizer.json can make a text {growth:.2g} times as long; "
                            "restore the tokenizer.json that the model was saved with")


def _check_files(folder, flag):
    """The files in a folder that determine weights and tokens, sorted; raise `UserError` if any is unsafe to read."""
    for path in (*folder.iterdir(), *folder.glob("additional_chat_templates/*")):
        if path.exists() and not path.is_file() and not path.is_dir():  # the loader would wait for ever
            raise UserError(f"{flag}: {path.name} in it is a pipe or a device, not a file; remove it")
        if path.name in TOKENS and path.is_file() and path.stat().st_size > 1 << 30:
            raise UserError(f"{flag}: {path.name} in it has {path.stat().st_size:,} bytes; restore the file that the "
                            "model was saved with")
    for config, name, usual in (("config.json", "transformers_weights", "model.safetensors"),
                                ("tokenizer_config.json", "fast_tokenizer_files", "tokenizer.json")):
        if (folder / config).exists() and name in json.loads(opening.read_bytes(folder / config)):
            raise UserError(f"{flag}: its {config} sets {name}; remove that entry, and rename the file to {usual}")
    if (folder / "adapter_config.json").exists():
        raise UserError(f"{flag}: holds an adapter without its model; merge the two, save the result, and give that "
                        "folder")
    for path in folder.glob("*.index.json"):  # which file holds which weight
        for name in set(json.loads(opening.read_bytes(path))["weight_map"].values()):
            if Path(name).name != name:
                raise UserError(f"{flag}: {path.name} in it points to weights in another folder ({name[:40]}); put "
                                "them beside it, and name them there without a folder")
    return sorted(path for path in folder.iterdir() if path.is_file() and (
        path.name.endswith((*WEIGHTS, ".model", ".index.json")) or path.name in TOKENS))


def _check_size(family, config, files, flag):
    """Raise `UserError` if a model is larger than its weights' files explain, before it is built."""
    layers, sizes = config.num_hidden_layers, [path.stat().st_size for path in files if path.name.endswith(WEIGHTS)]
    if max(sizes, default=0) < 1000:  # other forms of weights, or what git keeps in place of large files
        raise UserError(f"{flag}: holds no weights (*.safetensors, *.bin), or only pointers to them; fetch them with "
                        "git lfs pull, or download or save it again")
    if not 1 <= layers <= 1000:
        raise UserError(f"{flag}: its config.json says {layers} layers of width {config.hidden_size}; restore the "
                        "config.json that the model was saved with")
    with torch.device("meta"), _few_parameters(flag):  # shapes without numbers
        made = family.from_config(copy.deepcopy(config), attn_implementation="eager", trust_remote_code=False)
    numbers, stored = sum(parameter.numel() for parameter in made.parameters()), sum(sizes)  # a file has no buffers
    if numbers > 2 * stored:  # twice: a head may share the embeddings' numbers
        raise UserError(f"{flag}: its config.json says {layers} layers of width {config.hidden_size}, {numbers:,} "
                        f"numbers in all, but its files of weights have {stored:,} bytes; restore the config.json that "
                        "the model was saved with")


@contextlib.contextmanager
def _few_parameters(flag):
    """Within it, raise `UserError` once too many parameters are made, whichever count in a config asks for them."""
    made = itertools.count(1)

    def count(module, name, parameter):
        if next(made) > MOST_PARAMETERS:
            raise UserError(f"{flag}: its config.json asks for more than {MOST_PARAMETERS:,} tensors of weights; "
                            "restore the config.json that the model was saved with")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def find_label_ids(tokenizer: Any, label_words: Sequence[str], flag: str) -> list[int]:
    """The vocabulary entries of the label words, class 0 first: both as a text begins with them, or both after a space.

    A word that begins a text and one that follows a space differ in more than their meaning.

    Raises `UserError` if a word is not one token of the vocabulary (the error begins with the model's `flag`), the two
    are tokens in different forms only, or both are the same token.
    """
    ids = _same_form(tokenizer, label_words)
    if not ids:
        others = [pair for pair in OTHER_LABEL_WORDS if _same_form(tokenizer, pair)]
        words = [] if others else _whole_words(tokenizer)
        no_token = [word for word in label_words if {*_tokens(tokenizer, word)} == {None}]
        missing = (f"{flag}: {no_token[0]!r} is not one token of its vocabulary" if no_token else
                   f"{flag}: of {' and '.join(label_words)}, one is a token only where a text begins with it, the "
                   "other only after a space")
        if not others and not words:
            raise UserError(f"{missing}, nor is any other word; restore the tokenizer.json that the model was saved "
                            "with, or choose another model")
        fix = " or ".join(f"--label_words {' '.join(pair)}" for pair in others[:5]) or (
            f"two of its whole words, such as {', '.join(words)}: --label_words NO YES")
        raise UserError(f"{missing}; choose {fix}")
    if ids[0] == ids[1]:
        raise UserError(f"--label_words {' '.join(label_words)}: are the same token; choose two that differ")
    return ids


def _tokens(tokenizer, word):
    """The token of a word as a text begins with it, and after a space; None where it is not one token."""
    forms = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (word, f" {word}"))
    return [ids[0] if len(ids) == 1 and ids[0] != tokenizer.unk_token_id else None for ids in forms]


def _same_form(tokenizer, words):
    """The tokens of words in the first form in which each is one token; empty without such a form."""
    forms = zip(*(_tokens(tokenizer, word) for word in words))
    return next((list(ids) for ids in forms if None not in ids), [])


def _whole_words(tokenizer):
    """The first eight words of 4 letters or more that are one token as a text begins with them, else after a space."""
    words: tuple[list[str], list[str]] = [], []
    for token_id in range(len(tokenizer)):
        word = tokenizer.decode([token_id]).strip()
        if len(word) > 3 and word.isalpha():
            for of_form, token in zip(words, _tokens(tokenizer, word)):
                if token == token_id:
                    of_form.append(word)
        if len(words[0]) == 8:
            break
    return (words[0] if len(words[0]) > 1 else words[1])[:8]


def prepare(device: torch.device) -> None:
    """Make this process ready for many passes on a device.

    On a CPU, memory that a pass frees is kept for the next one. By default, glibc returns large blocks to the system
    and fetches them again page by page, which costs up to a third of a pass.

    On an NVIDIA GPU, sums run in the same order every time.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    elif device.type == "cpu" and platform.libc_ver()[0] == "glibc":
        trim_threshold, most_mappings = -1, -4  # M_TRIM_THRESHOLD, M_MMAP_MAX of malloc.h
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(most_mappings, 0)
        mallopt(trim_threshold, 2**31 - 1)
