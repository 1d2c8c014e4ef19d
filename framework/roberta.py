"""Step 2: RoBERTa that reads `<mask>`, a prompt, and a text, and answers with one of two words.

Subclasses of the classes of the same names in transformers, so that `from_pretrained` loads any RoBERTa checkpoint.
They differ from their parents in four ways: prompt vectors stand after the first token; position ids are 0, 1, 2, ...
over the whole input; only position 0 leaves the last layer, since it alone is read; and its features meet two rows of
the vocabulary, not all of them. Neurons can be masked on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import RobertaConfig
from transformers import initialization as init
from transformers.modeling_outputs import MaskedLMOutput
from transformers.models.roberta.modeling_roberta import (
    RobertaEmbeddings,
    RobertaForMaskedLM,
    RobertaLMHead,
    RobertaModel,
)

LABEL_WORDS = ("negative", "positive")  # class 0, class 1
ROBERTA_LABEL_IDS = (33407, 22173)  # of these words, without a leading space, in the vocabulary of roberta-base


class RobertaEmbeddingsWarp(RobertaEmbeddings):
    """Embeddings of `<mask>`, prompt, `<s>` text `</s>`.

    Attributes
    ----------
    prompt : Parameter [P, H]
        The model's own prompt; P is `config.prompt_len` (100 unless set).
    """

    def __init__(self, config: RobertaConfig) -> None:
        super().__init__(config)
        self.prompt = nn.Parameter(torch.empty(getattr(config, "prompt_len", 100), config.hidden_size))

    def forward(self, input_ids: torch.Tensor, prompt: torch.Tensor | None = None) -> torch.Tensor:
        """Embed tokens and prompt.

        Parameters
        ----------
        input_ids : LongTensor [B, T]
            `<mask>`, then the tokens of the text.
        prompt : Tensor [P, H] or [B, P, H], optional
            One prompt for all rows, or one for each; the model's own if not given.

        Returns
        -------
        Tensor [B, 1 + P + T - 1, H]
        """
        prompt = self.prompt if prompt is None else prompt
        tokens = self.word_embeddings(input_ids) + self.token_type_embeddings.weight[0]
        # A prompt vector takes the place of word and token-type embedding together.
        prompt = prompt.to(tokens.dtype).expand(len(input_ids), -1, -1)
        embedded = torch.cat([tokens[:, :1], prompt, tokens[:, 1:]], dim=1)
        length, positions = embedded.shape[1], self.position_embeddings.num_embeddings
        if length > positions:
            raise ValueError(f"mask, prompt and text are {length} long, the model has {positions} positions")
        return self.dropout(self.LayerNorm(embedded + self.position_embeddings.weight[:length]))


class RobertaModelWarp(RobertaModel):
    """The encoder, up to the features of position 0; `RobertaForMaskedLMPrompt` freezes all of it but the prompt."""

    _keys_to_ignore_on_load_missing = [r"embeddings\.prompt"]
    _keys_to_ignore_on_load_unexpected = [r"lm_head", r"pooler"]

    def __init__(self, config: RobertaConfig, add_pooling_layer: bool = False) -> None:
        super().__init__(config, add_pooling_layer=add_pooling_layer)
        self.embeddings = RobertaEmbeddingsWarp(config)
        for module in list(self.modules()):
            for name, child in list(module.named_children()):
                if type(child) is nn.Linear:
                    setattr(module, name, FrozenLinear(child.in_features, child.out_features))
        self.post_init()

    def _init_weights(self, module):
        super()._init_weights(module)
        if isinstance(module, RobertaEmbeddingsWarp):
            init.normal_(module.prompt, mean=0.0, std=0.02)

    def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None,
            prompt: torch.Tensor | None = None, neuron_masks: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Features of position 0, as they are or under each of several masks.

        Parameters
        ----------
        input_ids : LongTensor [B, T]
            `<mask>`, then the tokens of the text.
        attention_mask : Tensor [B, T], optional
            0 at padding; prompt and `<mask>` are always attended to.
        prompt : Tensor [P, H] or [B, P, H], optional
        neuron_masks : Tensor [M, L, D], optional
            What each neuron's output is multiplied by, at every position.

        Returns
        -------
        Tensor [B, H], or [M, B, H] with `neuron_masks`
        """
        hidden = self.embeddings(input_ids, prompt)
        rows, length, _ = hidden.shape
        attended = None
        if attention_mask is not None:
            ahead = attention_mask.new_ones(rows, length - input_ids.shape[1] + 1)
            attended = torch.cat([ahead, attention_mask[:, 1:]], dim=1).bool()
        layout_of = PackedRows if hidden.device.type == "cpu" else PaddedRows
        layout = layout_of(rows, length, attended, self.config.num_attention_heads)
        hidden = layout.take(hidden)  # from here on [N, H], without rows
        last = len(self.encoder.layer) - 1
        for index, layer in enumerate(self.encoder.layer):
            hidden = self._attend(layer.attention, hidden, layout, first_only=index == last)
            neurons = layer.intermediate(hidden)
            if neuron_masks is not None:
                mask = neuron_masks[:, index, None].to(neurons.dtype)
                if index == 0:
                    # No mask touches what comes before the first layer's neurons: computed once, used by all masks.
                    neurons = (neurons * mask).flatten(0, 1)
                    hidden = hidden.repeat(len(mask), 1)
                    attended = None if attended is None else attended.repeat(len(mask), 1)
                    layout = layout_of(len(mask) * rows, length, attended, layout.heads)
                else:
                    neurons = neurons.unflatten(0, (len(mask), -1)).mul_(mask).flatten(0, 1)
            hidden = layer.output(neurons, hidden)
        return hidden if neuron_masks is None else hidden.unflatten(0, (-1, rows))

    @staticmethod
    def _attend(attention: Any, hidden: torch.Tensor, layout: PaddedRows, first_only: bool) -> torch.Tensor:
        """Self-attention of all positions, or of the first position of each row, to all of their row."""
        maps = attention.self
        key, value = layout.pad(maps.key(hidden)), layout.pad(maps.value(hidden))
        if first_only:
            # The head reads position 0 alone: in the last layer no other position asks or passes the feed-forward.
            hidden = hidden[layout.first]
            query = maps.query(hidden).view(len(hidden), layout.heads, 1, -1)
        else:
            query = layout.pad(maps.query(hidden))
        context = layout.attend(maps, query, key, value)
        return attention.output(context.flatten(1) if first_only else layout.unpad(context), hidden)


class PaddedRows:
    """How a GPU takes rows of unequal length: beside each other, padded to the longest; N = B x L positions.

    Parameters
    ----------
    rows, length : int
        B and L.
    attended : bool Tensor [B, L], optional
        False at padding.
    heads : int

    Attributes
    ----------
    first : slice or LongTensor [B]
        Where the rows begin among the N positions.
    """

    def __init__(self, rows: int, length: int, attended: torch.Tensor | None, heads: int) -> None:
        self.rows, self.length, self.heads = rows, length, heads
        self.first = slice(None, None, length)
        self.keys = None if attended is None else attended[:, None, None]

    def take(self, states: torch.Tensor) -> torch.Tensor:
        """From [B, L, H] to [N, H]."""
        return states.flatten(0, 1)

    def pad(self, states: torch.Tensor) -> torch.Tensor:
        """From [N, H] to the heads' shares [B, heads, padded L, H / heads]."""
        return states.view(self.rows, self.length, self.heads, -1).transpose(1, 2)

    def unpad(self, states: torch.Tensor) -> torch.Tensor:
        """From [B, heads, padded L, H / heads] to [N, H]."""
        return states.transpose(1, 2).reshape(self.rows * self.length, -1)

    def attend(self, maps: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """Attention of queries to the keys of their row.

        Parameters
        ----------
        maps : RobertaSelfAttention
            For its dropout and the scale of the scores.
        query : tensor [B, heads, padded Q, H / heads]
            Of all positions (Q = L), or of the first ones only.
        key, value : tensor [B, heads, padded L, H / heads]

        Returns
        -------
        tensor [B, heads, padded Q, H / heads]
        """
        dropout = maps.dropout.p if maps.training else 0.0
        return F.scaled_dot_product_attention(query, key, value, attn_mask=self.keys, dropout_p=dropout)


class PackedRows(PaddedRows):
    """How a CPU takes rows of unequal length: one behind the other without padding; N positions in all.

    Attention alone needs them padded. Parameters, attributes and methods are those of `PaddedRows`.
    """

    def __init__(self, rows: int, length: int, attended: torch.Tensor | None, heads: int) -> None:
        attended = torch.ones(rows, length, dtype=torch.bool) if attended is None else attended
        self.positions = attended.flatten().nonzero()[:, 0]
        # Softmax over a multiple of 32 keys takes half the time of one over a few less.
        attended = F.pad(attended, (0, -length % 32))
        row, position = attended.nonzero().T
        self.first = (position == 0).nonzero()[:, 0]
        self.heads, self.shape = heads, (rows, heads, attended.shape[1], -1)
        self.bias = torch.zeros(rows, 1, 1, attended.shape[1]).masked_fill_(~attended[:, None, None], -torch.inf)
        # Counted in one head's share of a position, so that the copy which pads brings the heads to the front as well.
        self.padded = ((row[:, None] * heads + torch.arange(heads)) * attended.shape[1] + position[:, None]).flatten()
        self.packed = torch.full((attended.numel() * heads,), len(self.padded))  # at padding, one behind the last
        self.packed[self.padded] = torch.arange(len(self.padded))

    def take(self, states: torch.Tensor) -> torch.Tensor:
        """From [B, L, H] to [N, H]."""
        return states.flatten(0, 1).index_select(0, self.positions)

    def pad(self, states: torch.Tensor) -> torch.Tensor:
        """From [N, H] to the heads' shares [B, heads, padded L, H / heads]."""
        return _Pad.apply(states, self)

    def unpad(self, states: torch.Tensor) -> torch.Tensor:
        """From [B, heads, padded L, H / heads] to [N, H]."""
        return _Unpad.apply(states, self)

    def attend(self, maps: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """Attention of queries to the keys of their row."""
        # The two products one by one are faster than the fused kernel, which has no dropout on a CPU.
        scores = torch.add(self.bias.to(query.dtype), query @ key.transpose(-1, -2), alpha=maps.scaling)
        return maps.dropout(scores.softmax(-1)) @ value


class _Pad(torch.autograd.Function):
    """Shares to where they are padded, with zeros at padding; the gradient of `_Unpad`.

    Each is the other's gradient, which torch, not knowing that no two come to one place, would add up one by one.
    """

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, layout: PackedRows) -> torch.Tensor:
        ctx.layout = layout
        shares = F.pad(states.reshape(len(layout.padded), -1), (0, 0, 0, 1))
        return shares.index_select(0, layout.packed).view(layout.shape)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _Unpad.apply(gradient, ctx.layout), None


class _Unpad(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, layout: PackedRows) -> torch.Tensor:
        ctx.layout = layout
        shares = states.reshape(len(layout.packed), -1).index_select(0, layout.padded)
        return shares.view(len(layout.positions), -1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _Pad.apply(gradient, ctx.layout), None


class FrozenLinear(nn.Linear):
    """A linear map that does not learn.

    On a CPU its weights are kept in the order in which oneDNN multiplies fastest, as `torch.compile` does where weights
    are frozen. torch's own call orders them anew each time in bfloat16; in float32 it takes MKL, which is slow on AMD.
    """

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map states [N, in_features] to [N, out_features]."""
        if self.weight.requires_grad or not _multiplies(states):
            return super().forward(states)
        return _FrozenProduct.apply(states, self)

    def packed(self, transposed: bool = False) -> torch.Tensor:
        """The weight, or its transpose, as oneDNN wants it; made when first asked for and when the weight changed."""
        version = (self.weight.data_ptr(), self.weight._version)
        kept = self.__dict__.setdefault("_kept", {})
        if kept.get(transposed, (None,))[0] != version:
            with torch.inference_mode(False), torch.no_grad():
                weight = self.weight.T.contiguous() if transposed else self.weight
                kept[transposed] = version, torch.ops.mkldnn._reorder_linear_weight(weight, 4096)
        return kept[transposed][1]


def _multiplies(states):
    """Whether oneDNN multiplies such states by packed weights here."""
    if states.device.type != "cpu" or not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return False
    bfloat16 = states.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return states.dtype == torch.float32 or bfloat16


class _FrozenProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, linear: FrozenLinear) -> torch.Tensor:
        ctx.linear = linear
        return torch.ops.mkldnn._linear_pointwise(states, linear.packed(), linear.bias, "none", [], "")

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        weight = ctx.linear.packed(transposed=True)
        return torch.ops.mkldnn._linear_pointwise(gradient, weight, None, "none", [], ""), None


class RobertaLMHeadWarp(RobertaLMHead):
    """The language-model head without its projection to the vocabulary."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Transform features [..., H] to what the vocabulary's rows are compared with [..., H]."""
        return self.layer_norm(F.gelu(self.dense(features.to(self.dense.weight.dtype))))


class RobertaForMaskedLMPrompt(RobertaForMaskedLM):
    """A frozen RoBERTa that classifies a text by its answer at `<mask>`, steered by a prompt.

    Parameters
    ----------
    config : RobertaConfig
        Its `prompt_len` (default 100) is P; its `label_ids` (default: those of roberta-base) are the vocabulary
        entries read as class 0 and class 1; for another vocabulary they must be given. Both can be given to
        `from_pretrained`.

    Examples
    --------
    >>> model = RobertaForMaskedLMPrompt.from_pretrained("backbone", prompt_len=20)
    >>> tokens = tokenizer(["<mask><s>thank you so much</s>"], add_special_tokens=False, return_tensors="pt")
    >>> model(**tokens, labels=torch.tensor([1])).logits.shape
    torch.Size([1, 2])
    """

    _keys_to_ignore_on_load_missing = [r"embeddings\.prompt", r"lm_head\.decoder"]
    _keys_to_ignore_on_load_unexpected = [r"pooler"]
    # In bfloat16 logits of 12 are 1/16 apart, and one answer in twenty was a tie.
    _keep_in_fp32_modules_strict = {"lm_head"}

    def __init__(
            self, config: RobertaConfig, prompt_len: int | None = None, label_ids: Sequence[int] | None = None,
    ) -> None:
        if prompt_len is not None:
            config.prompt_len = prompt_len
        config.label_ids = list(label_ids or list(getattr(config, "label_ids", ROBERTA_LABEL_IDS)))
        if not all(0 <= i < config.vocab_size for i in config.label_ids):
            raise ValueError(f"label_ids {config.label_ids} are outside the vocabulary of {config.vocab_size}; "
                             f"give those of {' and '.join(LABEL_WORDS)} as label_ids=(..., ...)")
        super().__init__(config)
        self.roberta = RobertaModelWarp(config)
        self.lm_head = RobertaLMHeadWarp(config)
        self.post_init()
        self._freeze()

    @classmethod
    def from_pretrained(cls, *arguments: Any, **options: Any) -> Any:
        """Load any RoBERTa checkpoint, with all but the prompt frozen; arguments as in transformers."""
        loaded = super().from_pretrained(*arguments, **options)
        # Loading puts new parameters, free to learn, in the place of those frozen at construction.
        (loaded[0] if isinstance(loaded, tuple) else loaded)._freeze()
        return loaded

    def _freeze(self):
        self.requires_grad_(False)
        self.prompt.requires_grad_(True)

    @property
    def prompt(self) -> nn.Parameter:
        """The model's own prompt, the only parameter that learns [P, H]."""
        return self.roberta.embeddings.prompt

    @property
    def prompt_width(self) -> int:
        """The width of a prompt vector, H."""
        return self.config.hidden_size

    def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None,
            labels: torch.Tensor | None = None, prompt: torch.Tensor | None = None,
            neuron_masks: torch.Tensor | None = None,
    ) -> MaskedLMOutput:
        """Classify texts.

        Parameters
        ----------
        input_ids, attention_mask, prompt, neuron_masks
            As in `RobertaModelWarp.forward`.
        labels : LongTensor [B], optional
            0 or 1; without `neuron_masks`.

        Returns
        -------
        MaskedLMOutput
            `logits` [B, 2], or [M, B, 2] with `neuron_masks`, in float32 or wider; `loss`, the mean cross-entropy,
            if `labels` are given.
        """
        features = self.lm_head(self.roberta(input_ids, attention_mask, prompt, neuron_masks))
        decoder, words = self.lm_head.decoder, self.config.label_ids
        logits = F.linear(features, decoder.weight[words].to(features.dtype), decoder.bias[words].to(features.dtype))
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return MaskedLMOutput(loss=None if labels is None else F.cross_entropy(logits, labels), logits=logits)
