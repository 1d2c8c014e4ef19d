"""A frozen language model that reads a text, steered by a prompt, and answers with one of two words.

`PromptedModel` is what encoders and decoders share. `encoders.PromptedEncoder` and `decoders.PromptedDecoder` say where
the prompt stands, which position answers and how a text begins.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from framework.errors import UserError, is_panic
from framework.model import speed
from framework.model.neurons import Intervention


class PromptedModel(nn.Module):
    """A frozen model of transformers with a prompt, two answers, and neurons that can be read and changed.

    Parameters
    ----------
    model : PreTrainedModel
        With a language-model head. It is changed in place: the head keeps two rows of its vocabulary, and on the fast
        path linear maps become `speed.FrozenLinear`.
    tokenizer : transformers tokenizer
    label_ids : sequence of two int
        The vocabulary entries read as class 0 and class 1.
    down : list of str
        Names, below the base model, of the linear maps that lead out of the feed-forward blocks, in order. Their inputs
        are the neurons.
    layers : int, optional
        How many times these maps are called in a pass, if layers share weights; by default once each.
    """

    needs: int  # positions that every row has besides its prompt and text
    options: dict[str, object] = {}  # arguments of the model in every pass besides its inputs
    dropout = True  # whether prompts are trained with the dropout that the model's configuration asks for

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, label_ids: Sequence[int],
        down: list[str], layers: int | None = None,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        tokenizer.split_special_tokens = True  # those typed in a text are plain characters
        # Whether transformers routes the family's attention through ours.
        self.fast = model.config._attn_implementation == speed.ATTENTION
        if self.fast:
            speed.freeze_linear_maps(model.base_model)
        self.down = [model.base_model.get_submodule(name) for name in down]
        width = getattr(self.down[0], "nx", None) or self.down[0].in_features
        self.shape = (layers or len(down), width)  # L, D
        words, decoder = list(label_ids), model.get_output_embeddings()
        decoder.weight = nn.Parameter(decoder.weight[words])
        if decoder.bias is not None:
            decoder.bias = nn.Parameter(decoder.bias[words])
        # In bfloat16 logits of 12 are 1/16 apart, and one answer in twenty was a tie: the head computes in float32.
        for head in model.children():
            if head is not model.base_model:
                head.to(torch.promote_types(model.dtype, torch.float32))
        called = getattr(model.base_model, "decoder", model.base_model)  # OPT's head calls a part of its base model
        called.register_forward_hook(_keep_answers)
        self.model = model.requires_grad_(False).eval()

    @property
    def config(self) -> PreTrainedConfig:
        """The model's configuration."""
        return self.model.config

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.get_input_embeddings().weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of its weights."""
        return self.get_input_embeddings().weight.dtype

    @property
    def prompt_width(self) -> int:
        """W, the width of a prompt vector: that of the input embeddings, which can be narrower than the layers."""
        return self.get_input_embeddings().embedding_dim

    def get_input_embeddings(self) -> nn.Embedding:
        """The word embeddings."""
        return self.model.get_input_embeddings()

    # ----------------------------------------------------------------------------- what encoders and decoders differ in

    @abstractmethod
    def encode(self, texts: Sequence[str], max_length: int) -> list[np.ndarray]:
        """Tokenise texts once: an int array each, without places for the prompt.

        Special tokens typed in a text are plain characters.
        """

    @abstractmethod
    def before_prompt(self, length: int) -> int:
        """How many of a row's `length` tokens stand before the prompt."""

    @abstractmethod
    def answer_at(self, length: int) -> int:
        """Which position answers in a row of `length` positions, the prompt's included."""

    @abstractmethod
    def alone(self) -> np.ndarray:
        """The tokens of a row that has a prompt and no text."""

    def embed(self, ids: Tensor) -> Tensor:
        """Embed tokens [N] as the model does: [N, W]."""
        return self.get_input_embeddings()(ids)

    def keep_texts(self, gigabytes: float | None = None) -> None:  # noqa: B027
        """Keep what can be kept of texts between passes, up to so many GB; an encoder keeps nothing."""

    def starting_words(self, kind: str, count: int, random: np.random.Generator) -> np.ndarray:
        """The tokens [count] whose embeddings a prompt starts from.

        For "mask", the mask token throughout; for "words", whole words drawn at random; for "text:...", the text's
        tokens, repeated.

        Raises `UserError` if the model has no mask token, its vocabulary no whole words, or the text no token.
        """
        if kind.startswith("text:"):
            tokens = self.tokens_of([kind.removeprefix("text:")], add_special_tokens=False)[0]
            if not tokens:
                raise UserError("--prompt_init text: gives no token; write a text after the colon")
            return np.resize(tokens, count)
        if kind == "mask":
            if self.tokenizer.mask_token_id is None:
                raise UserError("--prompt_init mask: the model has no mask token; use --prompt_init words")
            return np.full(count, self.tokenizer.mask_token_id)
        vocabulary = {token: index for token, index in self.tokenizer.get_vocab().items()
                      if index not in self.tokenizer.all_special_ids
                      and index < self.get_input_embeddings().num_embeddings}
        # Byte pairs and unigrams mark a word's beginning; word pieces mark what continues a word.
        words = [index for token, index in vocabulary.items() if token[:1] in ("Ġ", "▁") and token[1:].isalpha()]
        words = words or [index for token, index in vocabulary.items() if token.isalpha()]
        if not words:
            raise UserError("--prompt_init words: the model's vocabulary has no whole words; use --prompt_init normal")
        return random.choice(np.sort(words), count)

    # -------------------------------------------------------------------------------------------------------- passes

    def tokens_of(self, texts: Sequence[str], **options: object) -> list[list[int]]:
        """Tokenise texts; special tokens typed in them are plain characters."""
        try:
            with _silent():
                tokens = self.tokenizer([self.cut(text)[0] for text in texts], return_attention_mask=False,
                                        return_token_type_ids=False, **options)["input_ids"]
        except BaseException as error:
            if not is_panic(error):
                raise
            raise UserError(f"--pretrained_model: its tokenizer fails ({error}); choose another model") from None
        self.check_tokens(tokens)
        return tokens

    def check_tokens(self, rows: Iterable[Sequence[int] | np.ndarray]) -> None:
        """Raise `UserError` if a token has no embedding: then the tokenizer is of another model, or has grown."""
        if max((max(ids, default=0) for ids in rows), default=0) >= self.get_input_embeddings().num_embeddings:
            raise UserError("--pretrained_model: its tokenizer makes tokens that its weights have no embedding for; "
                            "restore the tokenizer that the model was saved with")

    def cut(self, text: str) -> tuple[str, list[int]]:
        """The text with a space in each word that the tokenizer takes for a special token, and the spaces' positions.

        A unigram model has special tokens in its vocabulary, and finds them even when told to split them.
        """
        tokenizer, folded = self.tokenizer, unicodedata.normalize("NFKC", text).casefold()
        if not tokenizer.is_fast or not any(token.casefold() in folded for token in tokenizer.all_special_tokens):
            return text, []
        found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        spaces: list[int] = []
        for token, (start, end) in zip(found["input_ids"], found["offset_mapping"]):
            typed = token != tokenizer.unk_token_id or text[start:end] == tokenizer.unk_token
            if typed and token in tokenizer.all_special_ids:
                spaces.append((start + end) // 2 + len(spaces))
        for space in spaces:
            text = f"{text[:space]} {text[space:]}"
        return text, spaces

    def count_full(self, rows: Sequence[np.ndarray], max_length: int) -> int:
        """How many rows of `encode` are as long as a text may be: those that were cut, and those that just fit."""
        return sum(len(row) >= max_length + self.needs for row in rows)

    def positions(self) -> int | None:
        """How many positions a row may have; None if the model sets no limit, as BLOOM and XLNet."""
        rope = getattr(self.config, "rope_parameters", None) or {}
        if rope.get("rope_type") == "longrope":  # beyond these, all rows of a pass would be read in another way
            return rope.get("original_max_position_embeddings") or self.config.original_max_position_embeddings
        most = getattr(self.config, "max_position_embeddings", None) or getattr(self.config, "max_seq_len", None)  # MPT
        return most if most is not None and most > 0 else None

    def fit_length(self, prompt_len: int, max_length: int) -> int:
        """The longest text, in tokens, that fits beside the prompt: `max_length`, or less if the model lacks positions.

        Raises `UserError` if the prompt leaves no room for a text.
        """
        positions = self.positions()
        if positions is None:
            return max_length
        room = positions - self.needs - prompt_len
        if room < 3:
            most = positions - 32 if positions > 32 else positions - self.needs - 3
            raise UserError(f"--prompt_len {prompt_len}: the model has {positions} positions; " + (
                f"use at most {most}" if most > 0 else "choose a model that has more of them"))
        return min(max_length, room)

    def forward(
        self, rows: Sequence[np.ndarray], prompts: Tensor, intervention: Intervention | None = None
    ) -> Tensor:
        """The logits of the two answers.

        Parameters
        ----------
        rows : sequence of int arrays [B]
            Texts as `encode` gives them.
        prompts : Tensor [P, W] or [B, P, W]
            One prompt for all rows, or one for each.
        intervention : Intervention, optional
            M changes of the neurons, each at every position.

        Returns
        -------
        Tensor [B, 2], or [M, B, 2] with an intervention
            float32 or wider.
        """
        if intervention is None:
            return self._run(rows, prompts)[0]
        change = intervention.to(self.device, self.dtype)
        first = change.first_layer()  # what comes before is the same for all: the fast path computes it once

        def apply(layer, neurons):
            return change.apply(layer, neurons, grouped=self.fast) if layer >= first else None

        with self.at_neurons(apply):
            logits = self._run(rows, prompts, copies=len(change.multiply))
        return logits.expand(len(change.multiply), -1, -1)

    def _run(self, rows, prompts, copies=1, everywhere=False):
        """One pass; logits [copies, B, 2]. `everywhere`: the last layer computes all positions, not only answers."""
        lengths = np.array([len(row) for row in rows]) + prompts.shape[-2]
        answers = np.array([self.answer_at(length) for length in lengths])
        layout = speed.Layout(lengths, answers, self.device, packed=self.fast and self.device.type == "cpu")
        return self._through(self._embed(rows, prompts, layout), layout, copies, everywhere)

    def _through(self, states, layout, copies=1, everywhere=False):
        """Pass the embedded positions [N, W] of a layout through the model; logits [copies, B, 2]."""
        with speed.Pass(layout, self.shape[0], everywhere or not self.fast):
            if self.fast:  # to the model, all rows are one
                inputs = dict(inputs_embeds=states[None], position_ids=layout.position[None],
                              attention_mask=states.new_ones(1, len(states)))
            else:
                inputs = dict(inputs_embeds=states.view(layout.rows, -1, states.shape[-1]).repeat(copies, 1, 1),
                              position_ids=layout.position.view(layout.rows, -1).repeat(copies, 1),
                              attention_mask=layout.attended.long().repeat(copies, 1))
            logits = self.model(**inputs, **self.options).logits
        return logits.to(torch.promote_types(logits.dtype, torch.float32))

    def _embed(self, rows, prompts, layout):
        """States of all positions [N, W]: each row's tokens with its prompt among them."""
        counts, length = np.array([len(row) for row in rows]), prompts.shape[-2]
        ids = torch.from_numpy(np.concatenate([*rows, np.zeros(1, int)])).to(self.device)  # the last one for padding
        tokens = self.embed(ids)
        # Where each position's vector stands among all rows' tokens, followed by all prompts.
        row, position = layout.row.numpy(), layout.place.numpy()
        before = np.array([self.before_prompt(count) for count in counts])[row]
        first_token = np.cumsum(counts) - counts
        first_prompt = len(ids) + (np.arange(len(rows)) * length if prompts.dim() == 3 else np.zeros(len(rows), int))
        source = np.where(position < before, first_token[row] + position, np.where(
            position < before + length, first_prompt[row] + position - before, first_token[row] + position - length))
        source[position >= layout.lengths[row]] = len(ids) - 1
        vectors = torch.cat([tokens, prompts.to(tokens).flatten(0, -2)])
        return vectors.index_select(0, torch.from_numpy(source).to(self.device))

    # -------------------------------------------------------------------------------------------------------- neurons

    @contextlib.contextmanager
    def at_neurons(self, function: Callable[[int, Tensor], Tensor | None]) -> Iterator[None]:
        """Within it, every pass calls `function(layer, neurons)` at each layer, in order.

        Neurons [..., D] are those of all rows and positions, as the model computes them; in the last layer, where
        possible, only of the positions that answer. What the function returns, if anything, replaces them.

        Raises `UserError` if a pass went by the neurons: the model computes these maps without calling them.
        """
        calls = itertools.count()
        layers = self.shape[0]

        def hook(module, inputs):
            layer = next(calls) % layers
            neurons, copies = inputs[0], speed.Pass.current().copies
            if not self.fast or neurons.dim() == 3:
                return function(layer, neurons)
            changed = function(layer, neurons.unflatten(0, (copies, -1)))  # OPT's are flat
            return changed if changed is None or len(changed) > copies else changed.flatten(0, 1)

        handles = [module.register_forward_pre_hook(hook) for module in dict.fromkeys(self.down)]
        try:
            yield
            if (called := next(calls)) % layers or not called:
                raise UserError(f"--pretrained_model: this {self.config.model_type} model computes without calling its "
                                "down projections, so its neurons cannot be read or changed; choose another model")
        finally:
            for handle in handles:
                handle.remove()

    @torch.inference_mode()
    def read(self, prompts: Tensor, rows: Sequence[np.ndarray] | None = None) -> Tensor:
        """Every neuron at the position that answers: Tensor [B, L * D], float32 or wider, on the CPU.

        Prompts are [B, P, W], rows texts as `encode` gives them; without rows the model sees a prompt and no text, as
        in the study. Index = layer * D + unit.
        """
        values = []

        def keep(layer, neurons):
            values.append(speed.Pass.current().answers_of(neurons)[0])

        with self.at_neurons(keep):
            self._run(rows or [self.alone()] * len(prompts), prompts.to(self.device))
        return torch.cat(values, dim=1).to("cpu", torch.promote_types(self.dtype, torch.float32))

    @torch.inference_mode()
    def read_everywhere(
        self, rows: Sequence[np.ndarray], prompts: Tensor, function: Callable[[int, Tensor], None]
    ) -> None:
        """Call `function(layer, neurons [N, D])` at each layer with the neurons of all N positions.

        Positions come row by row, without padding; those of prompts ([P, W] or [B, P, W]) are in their places. With P =
        0 the model sees the rows as they are.
        """
        with self.at_neurons(lambda layer, neurons: function(layer, speed.Pass.current().layout.unpadded(neurons))):
            self._run(rows, prompts.to(self.device), everywhere=True)


def _keep_answers(module, inputs, output):
    """Only the positions that answer go on to the head."""
    answers = speed.Pass.current().answers_of(output.last_hidden_state)
    output.last_hidden_state = answers.to(torch.promote_types(answers.dtype, torch.float32))
    return output


@contextlib.contextmanager
def _silent():
    """Within it, nothing reaches standard error, where Rust would report a panic before we do."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
