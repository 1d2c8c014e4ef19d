"""Load the backbone and its tokenizer by name; choose device and precision."""

import math
import os
from pathlib import Path

import torch
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import logging as transformers_logging

from framework.artifacts import sha256
from framework.errors import UserError
from framework.roberta import LABEL_WORDS, RobertaForMaskedLMPrompt

ROOT = Path(__file__).resolve().parents[1]


def resolve_device(name):
    """A torch device for "auto" (the first GPU if there is one) or a device's name."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError):
        raise UserError(f"--device {name}: not available here; use --device auto or --device cpu") from None


def resolve_precision(name, device):
    """The backbone's dtype for "auto", "fp32" or "bf16".

    "auto" is bfloat16 where the hardware multiplies it natively and float32 elsewhere. The choice follows from the
    hardware and not from a measurement, so that a command gives the same results each time.
    """
    if name == "auto":
        if device.type == "cuda":
            native = torch.cuda.get_device_capability(device)[0] >= 8
        else:
            native = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        return torch.bfloat16 if native else torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def resolve_model(name):
    """A local folder, the embedded model for "backbone", or a name on the hub, as `from_pretrained` takes it."""
    if not Path(name).exists() and name.rstrip("/") in ("backbone", "./backbone"):
        return str(ROOT / "backbone")
    return name


def load_backbone(name, prompt_len, device="cpu", dtype=torch.float32):
    """Load a frozen backbone with its tokenizer.

    Parameters
    ----------
    name : str
        What `--pretrained_model` was given: a folder, "backbone" or a name on the hub.
    prompt_len : int
    device : torch.device
    dtype : torch.dtype

    Returns
    -------
    model : RobertaForMaskedLMPrompt
        In eval mode.
    tokenizer : transformers tokenizer
    fingerprint : str
        SHA-256 of a folder's files, or the hub's revision: which weights these are.

    Raises
    ------
    UserError
        If it cannot be loaded, is no RoBERTa, or lacks the two label words.
    """
    path = resolve_model(name)
    flag = f"--pretrained_model {name}"
    verbosity, progress = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(path)
        if config.model_type != "roberta":
            raise UserError(f"{flag}: is a {config.model_type} model, a RoBERTa is needed")
        tokenizer = AutoTokenizer.from_pretrained(path)
        label_ids = find_label_ids(tokenizer, flag)
        model = RobertaForMaskedLMPrompt.from_pretrained(
            path, prompt_len=prompt_len, label_ids=label_ids, dtype=dtype).to(device).eval()
    except UserError:
        raise
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        if Path(path).is_dir():
            reason = str(error).split("\n")[0]
            raise UserError(f"{flag}: the folder holds no RoBERTa that can be loaded ({reason})") from None
        raise UserError(f"{flag}: no such folder, and the hub cannot be reached or does not know it; download the model "
                        "and pass its folder, or use the embedded one: --pretrained_model backbone") from None
    finally:
        transformers_logging.set_verbosity(verbosity)
        if progress:
            transformers_logging.enable_progress_bar()
    return model, tokenizer, getattr(config, "_commit_hash", None) or _hash_folder(path)


def _hash_folder(path):
    names = sorted(name for name in os.listdir(path)
                   if name.endswith((".safetensors", ".bin")) or name in ("config.json", "tokenizer.json", "vocab.json",
                                                                         "merges.txt", "tokenizer_config.json"))
    return sha256(*(Path(path) / name for name in names))


def find_label_ids(tokenizer, flag):
    """The vocabulary entries of the label words, class 0 first."""
    vocabulary = tokenizer.get_vocab()
    for word in LABEL_WORDS:
        if word not in vocabulary:
            raise UserError(f"{flag}: its vocabulary lacks the word {word!r} as one token; choose another model")
    return [vocabulary[word] for word in LABEL_WORDS]


def fit_length(model, prompt_len, max_length):
    """The longest text, in tokens, that fits beside mask and prompt: `max_length`, or less if the model ends first."""
    room = model.config.max_position_embeddings - 1 - prompt_len
    if room < 3:
        raise UserError(f"--prompt_len {prompt_len}: the model has {model.config.max_position_embeddings} positions; "
                        f"use at most {model.config.max_position_embeddings - 32}")
    return min(max_length, room)


def positions_per_batch(model, training):
    """How many positions (rows x length) one forward pass takes, from the device's memory.

    On a CPU, more than fits its caches makes nothing faster.
    """
    if model.device.type != "cuda":
        return 4096
    free, _ = torch.cuda.mem_get_info(model.device)
    config = model.config
    width = 12 * config.hidden_size + 3 * config.intermediate_size  # values that a layer keeps for the backward pass
    layers = config.num_hidden_layers if training else 2
    return max(4096, int(0.6 * free / (width * layers * model.dtype.itemsize)))


def group_size(tasks_per_batch, positions, batch_size):
    """How many tasks train together: as asked, or ("auto") enough that their rows fill a forward pass several times.

    More rows than one pass takes are sorted by length before they are cut into passes, which saves padding.
    """
    if tasks_per_batch != "auto":
        return tasks_per_batch
    typical_length = 128  # a prompt of 100 and a median comment
    return max(4, math.ceil(4 * positions / typical_length / batch_size))


def check_prompt(prompt, model, source):
    """Raise `UserError` if a prompt [P, H] was not trained for a model of this width."""
    if prompt.shape[1] != model.config.hidden_size:
        raise UserError(f"{source}: prompts of width {prompt.shape[1]} do not fit --pretrained_model, whose width is "
                        f"{model.config.hidden_size}; name the model that they were trained with")
