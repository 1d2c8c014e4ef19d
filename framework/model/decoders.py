"""Causal language models of transformers: text, then prompt; the answer is read at the last position.

A family needs no entry anywhere: blocks and down projections are found by structure, or the model is refused.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from transformers.pytorch_utils import Conv1D
from transformers.utils import has_file

from framework.errors import UserError, is_out_of_memory
from framework.model import speed
from framework.model.encoders import check_head, check_weights
from framework.model.neurons import Intervention
from framework.model.prompted import PromptedModel
from framework.model.text_states import BehindTexts, Recorded, TextStates, room_for

# Entries of a config that limit how many positions before it a position sees.
WINDOWS = ("sliding_window", "window_size", "attention_window_size", "attention_chunk_size")
EXPERTS = "a mixture of experts, in which each token uses neurons of its own"
CHOOSE = "choose a dense decoder, such as one of GPT-2, Llama, Qwen 3, Gemma or SmolLM"

# What the code of a family that cannot be used may raise.
FAILURES = AssertionError, RuntimeError, TypeError, ValueError, LookupError, AttributeError

FAMILY = AutoModelForCausalLM


class PromptedDecoder(PromptedModel):
    """A frozen decoder that reads the token that begins a text (`bos`, if it has one), a text and a prompt.

    Positions count from 0, attention is causal, and the model's own head answers at the last position. A text's states
    do not depend on the prompt behind it. Unless neurons are changed, they are computed once, without gradient, and
    kept for later passes while `text_states` has room.
    """

    dropout = False
    options = {"use_cache": False}  # nothing is generated, so nothing is kept for the next token

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, label_ids: Sequence[int],
                 down: list[str]) -> None:
        self.bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        self.needs = len(self.bos)
        super().__init__(model, tokenizer, label_ids, down)
        self.text_states = TextStates(self._states_of)
        self._watched = self._settled = False

    def train(self, mode: bool = True) -> PromptedDecoder:
        """Decoders are trained without dropout: nothing changes."""
        return super().train(False)

    def encode(self, texts: Sequence[str], max_length: int) -> list[np.ndarray]:
        """Tokenise texts once: `bos` if there is one, then the text cut to `max_length` tokens, an int array each.

        Raises `UserError` if a row would be empty.
        """
        tokens = self.tokens_of(texts, add_special_tokens=False, truncation=True, max_length=max_length)
        if not self.bos and [] in tokens:
            row = tokens.index([])
            raise UserError(f"{texts[row][:40]!r}: this text of the data has no token (row {row + 1}), and the "
                            "tokenizer adds none; leave such texts out of the data")
        return [np.array([*self.bos, *ids], dtype=np.int64) for ids in tokens]

    def before_prompt(self, length: int) -> int:
        """All of a row's tokens stand before the prompt."""
        return length

    def answer_at(self, length: int) -> int:
        """The last position answers."""
        return length - 1

    def alone(self) -> np.ndarray:
        """`bos`, or nothing."""
        return np.array(self.bos, dtype=np.int64)

    def fit_length(self, prompt_len: int, max_length: int) -> int:
        """As in `PromptedModel`; text and prompt must also be shorter than the window of the model's attention."""
        max_length = super().fit_length(prompt_len, max_length)
        window = window_of(self.config)
        if window is None or self.needs + max_length + prompt_len < window:
            return max_length
        room = window - 1 - self.needs - prompt_len
        fix = f"--max_length {room}" if room > 0 else f"--prompt_len {max(1, window // 2)}"
        raise UserError(f"--max_length {max_length} and --prompt_len {prompt_len}: together need more than the "
                        f"{window} positions that the model attends to; use {fix} or less")

    def keep_texts(self, gigabytes: float | None = None) -> None:
        """Keep the states of texts up to so many GB, or as `room_for` says. Changes only the time."""
        if gigabytes is not None or not self.text_states.room:  # memory that earlier tasks' texts take is not free
            self.text_states.room = room_for(self.device, gigabytes)

    def forward(
        self, rows: Sequence[np.ndarray], prompts: Tensor, intervention: Intervention | None = None
    ) -> Tensor:
        """As in `PromptedModel`."""
        self._settle()
        if intervention is not None or self._watched or not self.fast:
            return super().forward(rows, prompts, intervention)
        return self._answer_behind(rows, prompts)

    def _answer_behind(self, rows, prompts):
        """The answers of prompts behind texts whose states are known or are computed apart."""
        layout = BehindTexts(self.text_states.of(rows), prompts.shape[-2], self.device)
        states = prompts.to(self.dtype).expand(len(rows), -1, -1).flatten(0, 1).clone()  # CTRL scales them in place
        return self._through(states, layout)[0]

    @contextlib.contextmanager
    def at_neurons(self, function: Callable[[int, Tensor], Tensor | None]) -> Iterator[None]:
        """As in `PromptedModel`; within it, passes compute a text's positions together with its prompt's."""
        self._settle()  # its passes are not the caller's
        watched, self._watched = self._watched, True
        try:
            with super().at_neurons(function):
                yield
        finally:
            self._watched = watched

    def _settle(self):
        """Before the first pass, check on four short rows that the fast path gives the plain model's answers.

        If it does not, or fails in the family's code, it is dropped, and one line says so.
        """
        if self._settled or not self.fast:
            return
        self._settled, random, words = True, np.random.default_rng(0), self.get_input_embeddings()
        rows = [random.integers(words.num_embeddings, size=length) for length in (1, 2, 3, 4)]
        prompts = words(torch.from_numpy(random.integers(words.num_embeddings, size=(4, 2))).to(self.device))
        factors = torch.from_numpy(random.random((2, *self.shape)).astype(np.float32))  # one for all might cancel
        changed, found, reason = Intervention(factors), None, ""
        with torch.no_grad():
            try:
                with torch.inference_mode(False), torch.enable_grad():
                    steered = prompts.clone().requires_grad_(True)
                    torch.autograd.grad(self._answer_behind(rows, steered).sum(), steered)
                found = torch.stack([self._answer_behind(rows, prompts), *super().forward(rows, prompts, changed)])
            except FAILURES as error:
                reason = _in_one_line(error)
            self._go(fast=False)
            expected = torch.stack([super().forward(rows, prompts), *super().forward(rows, prompts, changed)])
        self.text_states.forget()
        if found is not None:
            tolerance = max(torch.finfo(self.dtype).eps, torch.finfo(torch.float32).eps) ** 0.5
            distance = float((found - expected).abs().max() / expected.abs().max())
            if distance <= tolerance:
                self._go(fast=True)
                return
            reason = f"its answers differ by {distance:.1g} of their size"
        tqdm.write(f"{self.config.model_type}: the fast computation does not work for this family ({reason}); going on "
                   "with that of transformers, which is slower", file=sys.stderr)
        check_batches(self, "--pretrained_model")

    def _go(self, fast):
        self.fast = fast
        self.model.set_attn_implementation(speed.ATTENTION if fast else plain_attention(self.model))

    def _states_of(self, ids):
        """Keys and values of texts [R, T]: Tensor [L, 2, R, heads, T, size]."""
        layout = Recorded(len(ids), ids.shape[1], self.device)
        if most := self.positions():  # padding may reach beyond a table of positions
            layout.position = layout.position.clamp(max=most - 1)
        self._through(self.embed(ids.flatten().to(self.device)), layout)
        return torch.stack(layout.keys_and_values)

    def _apply(self, function: Callable[[Tensor], Tensor], recurse: bool = True) -> PromptedDecoder:
        before = self.device, self.dtype
        super()._apply(function, recurse)
        if (self.device, self.dtype) != before:
            self.text_states.forget()
        return self


def load(
    path: str, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase, label_ids: Sequence[int],
    dtype: torch.dtype, flag: str
) -> PromptedDecoder:
    """Load a checkpoint of any family of causal models; parameters as for `framework.model.encoders.load`.

    Raises `UserError` if its neurons are ambiguous, it lacks weights, or it is not causal.
    """
    model, info = AutoModelForCausalLM.from_pretrained(
        path, config=config, dtype=dtype, output_loading_info=True, trust_remote_code=False,
        attn_implementation=speed.attention_for(AutoModelForCausalLM._model_mapping[type(config)]))
    check_weights(info["missing_keys"], info["unexpected_keys"], model.state_dict(), "language-model", flag)
    check_head(config, MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, "language-model", flag)
    if has_file(path, "modules.json"):  # SentenceTransformers' list of what follows the layers
        raise UserError(f"{flag}: was saved to embed sentences (modules.json), not to predict words; choose a model "
                        "saved with its language-model head")
    down = down_projections(model, flag)
    if not is_causal(model):
        raise UserError(f"{flag}: is a {config.model_type} model, in which a word also sees later words; {CHOOSE}")
    prompted = PromptedDecoder(model, tokenizer, label_ids, down)
    check_batches(prompted, flag)
    return prompted


def check_batches(model: PromptedDecoder, flag: str) -> None:
    """Raise `UserError` unless rows of different lengths answer together, with a gradient, as each does alone.

    Where the fast path is taken, it is compared with the family's own code before the first pass.
    """
    if model.fast:
        return
    random, words = np.random.default_rng(0), model.get_input_embeddings()
    rows = [random.integers(words.num_embeddings, size=length) for length in (2, 5)]
    try:
        with torch.inference_mode(False), torch.enable_grad():
            prompt = words.weight[:2].detach().clone().requires_grad_(True)
            together = model(rows, prompt)
            torch.autograd.grad(together.sum(), prompt)
            alone = torch.cat([model([row], prompt) for row in rows])
        exact = model.dtype != torch.bfloat16  # which rounds too much to tell
        reason = "a row's answer depends on those beside it" if exact and not torch.allclose(
            together, alone, rtol=0, atol=1e-3 * float(alone.detach().abs().max())) else ""
    except FAILURES as error:
        reason = _in_one_line(error)
    if reason:
        raise UserError(f"{flag}: is a {model.config.model_type} model, which cannot take rows of different lengths "
                        f"together ({reason}); {CHOOSE}")


def _in_one_line(error):
    """What a family's code raised; a lack of memory is none of its own, and is raised again."""
    if is_out_of_memory(error):
        raise error
    return f"{type(error).__name__}: {error}".split("\n")[0]


def plain_attention(model: PreTrainedModel) -> str:
    """A family's attention in transformers itself; torch's fused one ignores a bound on the scores."""
    bounded = getattr(model.config, "attn_logit_softcapping", None)
    return "sdpa" if getattr(type(model), "_supports_sdpa", False) and not bounded else "eager"


@torch.no_grad()
def is_causal(model: PreTrainedModel) -> bool:
    """Whether a token's states are the same whatever follows it: transformers gives some encoders causal heads, too."""
    ours = model.config._attn_implementation
    model.set_attn_implementation(plain_attention(model))
    states = model.eval().base_model(input_ids=torch.tensor([[1, 2], [1, 3]])).last_hidden_state[:, 0].float()
    model.set_attn_implementation(ours)
    return torch.allclose(states[0], states[1], rtol=1e-2, atol=1e-2 * float(states.abs().max()))


def check_family(config: PreTrainedConfig, flag: str) -> None:
    """Raise `UserError` unless a config is that of a dense decoder of text."""
    kind = f"{flag}: is a {config.model_type} model,"
    if config.is_encoder_decoder:
        raise UserError(f"{kind} an encoder with a decoder; {CHOOSE}")
    if config.get_text_config(decoder=True) is not config or getattr(config, "vision_config", None):
        raise UserError(f"{kind} which reads more than text; {CHOOSE}")
    if AutoModelForCausalLM._model_mapping.get(type(config), None) is None:
        if AutoModelForMaskedLM._model_mapping.get(type(config), None):
            raise UserError(f"{kind} an encoder of a family that OpenNeuron does not support; choose another encoder, "
                            "such as RoBERTa, BERT or ModernBERT, or a decoder")
        raise UserError(f"{kind} which transformers does not know as a decoder; {CHOOSE}")
    experts = [value for name, value in config.to_dict().items()
               if re.fullmatch("(num|n|moe_num)_(local_|routed_)?experts", name)]
    if getattr(config, "is_moe", True) and any(isinstance(value, int) and value > 1 for value in experts):
        raise UserError(f"{kind} {EXPERTS}; {CHOOSE}")


def down_projections(model: PreTrainedModel, flag: str) -> list[str]:
    """The last map of each block's feed-forward part, from D neurons to H: names below the base model, in order.

    In a block, that is the one linear map to H outside of attention.

    Raises
    ------
    UserError
        If blocks have none or several, lack attention (as in state-space models), have experts or differ in width.
    """
    config = model.config
    if "inputs_embeds" not in inspect.signature(model.forward).parameters:
        raise UserError(f"{flag}: is a {config.model_type} model, which does not take embeddings in place of tokens; "
                        f"{CHOOSE}")
    lists = {name: module for name, module in model.base_model.named_modules()
             if isinstance(module, nn.ModuleList) and len(module) == config.num_hidden_layers}
    outermost = [name for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    blocks = [block for name in outermost[:1] for block in lists[name]]
    family = type(model).__name__.removesuffix("ForCausalLM")  # the name may mention experts that this size lacks
    if any(re.search("moe|expert", type(module).__name__.removeprefix(family), re.I)
           for block in blocks for module in block.modules()):
        raise UserError(f"{flag}: is a {config.model_type} model, {EXPERTS}; {CHOOSE}")
    found = [_maps_of(block, config.hidden_size) for block in blocks]
    if len(outermost) != 1 or not all(attends and len(maps) == 1 for attends, maps in found):
        raise UserError(f"{flag}: is a {config.model_type} model, whose blocks do not each consist of attention "
                        f"and one dense feed-forward part; {CHOOSE}")
    names = [f"{outermost[0]}.{index}.{name}" for index, (_, maps) in enumerate(found) for name in maps]
    if len({width for _, maps in found for width in maps.values()}) != 1:
        raise UserError(f"{flag}: is a {config.model_type} model with blocks of different widths; {CHOOSE}")
    return names


def _maps_of(block, hidden):
    """Whether a block has attention, and the input width of each linear map to H outside it, by name."""
    attention = [name for name, module in block.named_modules()
                 if re.search("attention|attn", type(module).__name__, re.I)]
    maps = {}
    for name, module in block.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in attention)
        if isinstance(module, (nn.Linear, Conv1D)) and not inside:
            sizes = module.weight.shape if isinstance(module, Conv1D) else module.weight.shape[::-1]
            if sizes[1] == hidden:
                maps[name] = sizes[0]
    return bool(attention), maps


def window_of(config: PreTrainedConfig) -> int | None:
    """How many positions attention sees at most, where a family limits it."""
    kinds = getattr(config, "layer_types", None)
    if kinds and "sliding_attention" not in kinds and "chunked_attention" not in kinds:
        return None
    windows = [getattr(config, name, None) for name in WINDOWS]
    return min((window for window in windows if isinstance(window, int) and window > 0), default=None)
