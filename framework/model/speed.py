"""What makes a pass fast, for all families whose attention transformers routes through a function of our choice.

To such a model all rows of a pass are one: their positions stand one behind the other, on a CPU without padding. Its
attention alone needs rows, and finds them in the pass' `Layout`. Several interventions stand beside each other in the
first dimension, from the layer on in which they begin to differ. In the last layer, what follows attention is computed
for the positions that answer alone. On a CPU, weights are laid out once as oneDNN multiplies them fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.pytorch_utils import Conv1D

ATTENTION = "openneuron"  # the name under which transformers knows `attend`
# Where attention is faster as two products than by torch's fused function: that one's gradient is slow on a CPU, and it
# has no dropout there.
BY_PRODUCTS = {"cpu"}
QUERIES = {"query", "q_proj", "q_lin"}  # what families call a linear map that makes queries and nothing else


def attention_for(family: type[PreTrainedModel]) -> str:
    """How a class of transformers is to compute attention: by ours where it can, else as it does itself."""
    if getattr(family, "_supports_attention_backend", False):
        return ATTENTION
    return "sdpa" if getattr(family, "_supports_sdpa", False) else "eager"


# ------------------------------------------------------------------------------------------------------- rows in a pass


class Layout:
    """Where the rows of a pass stand among its N positions.

    Parameters
    ----------
    lengths : int array [B]
        Positions of each row.
    answers : int array [B]
        Which of its positions answers.
    device : torch.device
    packed : bool
        Whether rows stand one behind the other without padding, or each is padded to the longest.

    Attributes
    ----------
    row, place : LongTensor [N], on the CPU
        Each position's row, and how far behind the row's beginning it stands.
    position : LongTensor [N], on the device
        `place`, where the model sees it; 0 at padding.
    answers : LongTensor [B], on the device
        Which of the N positions answer.
    attended : BoolTensor [B, T], on the device
        False at the padding that attention needs; packed rows are padded to a multiple of 32 there, since softmax over
        such a number of keys takes half the time of one over a few less.
    """

    def __init__(self, lengths: np.ndarray, answers: np.ndarray, device: torch.device, packed: bool) -> None:
        self.lengths, self.packed, self.rows, self.device = lengths, packed, len(lengths), device
        self.before = 0  # keys in front of a row's own
        self.causal = False  # whether a rule by which a position sees later ones is an error
        longest = int(lengths.max())
        self.width = longest + -longest % 32 if packed else longest
        attended = np.arange(self.width) < lengths[:, None]
        row, place = (attended if packed else np.ones_like(attended)).nonzero()
        self.row, self.place = torch.from_numpy(row), torch.from_numpy(place)
        position = np.where(place < lengths[row], place, 0)
        first = np.cumsum(lengths) - lengths if packed else np.arange(self.rows) * longest
        self.position = torch.from_numpy(position).to(device)
        self.answers = torch.from_numpy(first + answers).to(device)
        self.answer_place = torch.from_numpy(answers).to(device)
        self.attended = torch.from_numpy(attended).to(device)
        self._shares: dict[tuple[int, int], tuple[Tensor, Tensor, Tensor]] = {}

    def seen_by(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """What a layer's queries see: keys and values [M x B, heads, T, size] of their rows."""
        return key, value

    def unpadded(self, states: Tensor) -> Tensor:
        """The states [N, ...] of all positions that are not padding, whatever dimensions they have in front."""
        states = states.reshape(-1, states.shape[-1])
        return states if self.packed else states[self.attended.flatten()]

    def pad(self, states: Tensor) -> Tensor:
        """From heads' states [M, heads, N, size] to rows [M x B, heads, T, size]."""
        copies, heads, _, size = states.shape
        if self.packed:
            return _Pad.apply(states.transpose(1, 2).reshape(-1, size), self, copies, heads)
        return states.unflatten(2, (self.rows, self.width)).transpose(1, 2).flatten(0, 1)

    def unpad(self, states: Tensor, copies: int) -> Tensor:
        """From rows [M x B, heads, T, size] to heads' states [M, N, heads, size]."""
        if self.packed:
            return _Unpad.apply(states, self, copies).view(copies, -1, *states.shape[1::2])
        return states.transpose(1, 2).reshape(copies, -1, *states.shape[1::2])

    def shares(self, copies: int, heads: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where heads' shares of packed positions go when padded, and come from; counted in shares.

        The copy that pads so brings the heads to the front as well.

        Returns
        -------
        padded : LongTensor [M x N x heads]
            Each share's place among the padded ones [M x B, heads, T].
        packed : LongTensor [M x B x heads x T]
            The other way; at padding the row's own first share, which attention then passes over.
        padding : LongTensor
            The places of padding.
        """
        if (copies, heads) not in self._shares:
            row = (torch.arange(copies)[:, None] * self.rows + self.row).flatten()
            padded = (row[:, None] * heads + torch.arange(heads)) * self.width + self.place.repeat(copies)[:, None]
            packed = torch.full((copies * self.rows * heads * self.width,), -1)
            packed[padded.flatten()] = torch.arange(padded.numel())
            padding = (packed < 0).nonzero()[:, 0]
            packed[padding] = packed[padding // self.width * self.width]
            self._shares[copies, heads] = padded.flatten(), packed, padding
        return self._shares[copies, heads]


class _Pad(torch.autograd.Function):
    """Shares [M x N x heads, size] to where they are padded.

    Its gradient takes each from its place; torch, not knowing that no two come to one, would add up one by one.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, layout: Layout, copies: int, heads: int) -> Tensor:
        ctx.padded, packed, _ = layout.shares(copies, heads)
        return states.index_select(0, packed).view(copies * layout.rows, heads, layout.width, -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return gradient.reshape(-1, gradient.shape[-1]).index_select(0, ctx.padded), None, None, None


class _Unpad(torch.autograd.Function):
    """The other way; the gradient at padding is 0."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, layout: Layout, copies: int) -> Tensor:
        ctx.shape = states.shape
        padded, ctx.packed, ctx.padding = layout.shares(copies, states.shape[1])
        return states.reshape(-1, states.shape[-1]).index_select(0, padded)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        shares = gradient.reshape(-1, ctx.shape[-1]).index_select(0, ctx.packed)
        return shares.index_fill_(0, ctx.padding, 0).view(ctx.shape), None, None


class _Spread(torch.autograd.Function):
    """Answers' states [M, B, ...] at their places among N positions, where all else is 0."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, places: Tensor, count: int) -> Tensor:
        ctx.places = places
        spread = states.new_zeros(len(states), count, *states.shape[2:])
        return spread.index_copy_(1, places, states)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(1, ctx.places), None, None


# --------------------------------------------------------------------------------------------------------------- a pass

_CURRENT: ContextVar[Pass] = ContextVar("pass")


def _forms(*names):
    """All of torch's functions for some arithmetic: `torch.add`, `Tensor.add_`, `Tensor.__radd__` and so on."""
    forms = [getattr(torch, name) for name in names]
    for name in names:
        forms += [getattr(Tensor, form, None) for form in (name, f"{name}_", f"__{name}__", f"__r{name}__",
                                                           f"__i{name}__")]
    return frozenset(form for form in forms if form is not None)


class Pass(TorchFunctionMode):
    """One pass of the rows of a layout: what the functions below share while it lasts.

    Parameters
    ----------
    layout : Layout
    layers : int
        L; the last one's attention takes the answers' positions alone.
    everywhere : bool
        Not even the last layer leaves a position out.
    """

    ARITHMETIC = _forms("add", "sub", "mul")
    VIEWS = (Tensor.view, Tensor.reshape)

    def __init__(self, layout: Layout, layers: int, everywhere: bool = False) -> None:
        super().__init__()
        self.layout, self.layers, self.everywhere = layout, layers, everywhere
        self.attended = 0  # how many layers' attention has been computed
        self.copies = 1  # M in the layer that was the last of them
        self.to_narrow = self.narrowed = False

    @staticmethod
    def current() -> Pass:
        """The pass that goes on now."""
        return _CURRENT.get()

    def __enter__(self) -> Pass:
        self._token = _CURRENT.set(self)
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        _CURRENT.reset(self._token)

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: Sequence[Any] = (),
        options: dict[str, Any] | None = None,
    ) -> Any:
        """Where the answers' states meet those of all positions, as residuals do, these leave the others out."""
        if function in self.VIEWS and self._is_behind(*arguments):
            return arguments[0]
        if self.narrowed and function in self.ARITHMETIC and len(arguments) > 1:
            one, other = arguments[:2]
            if isinstance(one, Tensor) and isinstance(other, Tensor) and min(one.dim(), other.dim()) > 1:
                arguments = (self._narrow_to(one, other), self._narrow_to(other, one), *arguments[2:])
        return function(*arguments, **(options or {}))

    def _narrow_to(self, states, other):
        wanted = other.shape[-2] == self.layout.rows and states.shape[-2] == len(self.layout.position)
        return states.index_select(-2, self.layout.answers) if wanted else states

    def _is_behind(self, states, *shape):
        """Whether a shape is one that states [M, N or B, H] had before they were narrowed, or were M times as many."""
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        if states.dim() != 3 or len(shape) != 3 or shape[1] != len(self.layout.position) or shape[2] != states.shape[2]:
            return False
        narrowed = self.narrowed and states.shape[1] == self.layout.rows
        return narrowed or (shape[0] == 1 < len(states) and states.shape[1] == shape[1])

    def is_in_last_layer(self) -> bool:
        """Whether the attention that comes next is the last, and asks for the answers alone."""
        return self.attended == self.layers - 1 and not self.everywhere

    def narrow(self, states: Tensor) -> Tensor:
        """What a linear map takes: behind the last layer's attention, of the answers' positions [M, B, ...] alone."""
        if not self.to_narrow:
            return states
        self.to_narrow, self.narrowed = False, True
        return states.index_select(1, self.layout.answers)

    def answers_of(self, states: Tensor) -> Tensor:
        """States [M, B, ...] of the positions that answer, out of those of all, or of these alone."""
        if self.narrowed and states.shape[-2] == self.layout.rows:  # beside attention, neurons are of all positions
            return states
        count = len(self.layout.position)  # rows that stand apart count as one
        return states.reshape(-1, count, states.shape[-1]).index_select(1, self.layout.answers)


def mask_for(mask_function: Callable[..., Tensor], dtype: torch.dtype = torch.float32, **unused: object) -> Tensor:
    """Which positions of a row see which: what transformers asks before the first layer.

    Parameters
    ----------
    mask_function : callable (batch, head, query, key) -> bool tensor
        The family's rule: causal, within a window, or none.

    Returns
    -------
    Tensor [B or 1, 1, T or 1, T]
        What is added to scores: 0, or -inf at what is not seen.
    """
    layout = Pass.current().layout
    places = torch.arange(layout.before + layout.width, device=layout.device)
    queries, none = places[layout.before:, None], torch.zeros(1, 1, 1, 1, dtype=torch.long, device=layout.device)
    seen = mask_function(none, none, queries, places)
    if layout.causal and bool((seen & (places > queries)).any()):
        raise NotImplementedError("attention to what comes later")
    seen = seen & layout.attended[:, None, None]
    if seen.shape[2] > 1:  # a place beyond a row's end may see nothing else, and then sees itself
        seen = seen | (queries == places)
    return torch.zeros(seen.shape, dtype=dtype, device=layout.device).masked_fill_(~seen, -torch.inf)


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor, scaling: float | None = None,
    dropout: float = 0.0, softcap: float | None = None, s_aux: Tensor | None = None,
    position_bias: Tensor | None = None, **unused: object,
) -> tuple[Tensor, None]:
    """Attention of positions to those of their row: what transformers calls in every layer.

    Parameters
    ----------
    module : nn.Module
        The attention layer; unused.
    query : Tensor [M, heads, N, size]
    key, value : Tensor [M, heads or a divisor, N, size]
    attention_mask : Tensor
        From `mask_for`.
    scaling : float, optional
        Of the scores; one over the root of `size` where not given.
    dropout : float
        Of the weights.
    softcap : float, optional
        The scores' bound.
    s_aux, position_bias : Tensor, optional
        Of families that are left to their own attention.

    Returns
    -------
    Tensor [M, N, heads, size]
    None
        For the weights, which transformers would take here.
    """
    if s_aux is not None or position_bias is not None:
        raise NotImplementedError("attention with sinks or biases")
    this, copies, size = Pass.current(), len(query), query.shape[-1]
    layout = this.layout
    key, value = layout.seen_by(this.attended, layout.pad(key), layout.pad(value))
    last = this.is_in_last_layer()
    this.attended, this.copies = this.attended + 1, copies
    if last:
        this.to_narrow = True
        query = query.index_select(2, layout.answers).transpose(1, 2).flatten(0, 1).unsqueeze(2)
        if attention_mask.shape[2] > 1:
            attention_mask = attention_mask.expand(layout.rows, -1, -1, -1)
            attention_mask = attention_mask[torch.arange(layout.rows), :, layout.answer_place, None]
    else:
        query = layout.pad(query)
    scaling = size**-0.5 if scaling is None else scaling
    if copies > 1 and len(attention_mask) > 1:
        attention_mask = attention_mask.repeat(copies, 1, 1, 1)
    if softcap or query.device.type in BY_PRODUCTS:
        context = _attend_by_products(query, key, value, attention_mask.to(query.dtype), scaling, dropout, softcap)
    else:
        context = F.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask.to(query.dtype), dropout_p=dropout, scale=scaling,
            enable_gqa=key.shape[1] != query.shape[1])
    if last:
        states = context.squeeze(2).unflatten(0, (copies, layout.rows))
        return _Spread.apply(states, layout.answers, len(layout.position)), None
    return layout.unpad(context, copies), None


def _attend_by_products(query, key, value, bias, scaling, dropout, softcap):
    shape, shared = query.shape, (*key.shape[:2], -1, query.shape[3])  # several heads may share keys and values
    scores = (query.reshape(shared) @ key.transpose(-1, -2)).view(*shape[:3], -1)
    if softcap:
        scores = bias + (scores * (scaling / softcap)).tanh() * softcap
    else:
        scores = torch.add(bias, scores, alpha=scaling)
    weights = F.dropout(scores.softmax(-1), dropout)
    return (weights.view(*key.shape[:2], -1, key.shape[2]) @ value).view(*shape[:3], -1)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, mask_for)


# ---------------------------------------------------------------------------------------------------------- linear maps


class FrozenLinear(nn.Linear):
    """A linear map that does not learn.

    On a CPU its weights are kept in the order in which oneDNN multiplies fastest, as `torch.compile` does where weights
    are frozen. torch's own call orders them anew each time in bfloat16; in float32 it takes MKL, which is slow on AMD.

    Attributes
    ----------
    asks : bool
        Whether it makes the queries of attention and nothing else.
    """

    asks = False

    @classmethod
    def of(cls, linear: nn.Linear | Conv1D, asks: bool = False) -> FrozenLinear:
        """A frozen map with another's weights."""
        with torch.device("meta"):
            frozen = cls(1, 1)
        weight = linear.weight.T.contiguous() if isinstance(linear, Conv1D) else linear.weight
        frozen.out_features, frozen.in_features = weight.shape
        frozen.asks = asks
        frozen.weight = nn.Parameter(weight, requires_grad=False)
        frozen.bias = None if linear.bias is None else nn.Parameter(linear.bias, requires_grad=False)
        return frozen

    def forward(self, states: Tensor) -> Tensor:
        """Map states [..., in_features] to [..., out_features]."""
        this = _CURRENT.get(None)
        if this is None:
            return self._product(states)
        if self.asks and this.is_in_last_layer():  # for queries of the answers' positions alone
            asked = self._product(states.index_select(1, this.layout.answers))
            return _Spread.apply(asked, this.layout.answers, states.shape[1])
        return self._product(this.narrow(states))

    def _product(self, states):
        if not _multiplies(states):
            return super().forward(states)
        return _FrozenProduct.apply(states, self)

    def packed(self, transposed: bool = False) -> Tensor:
        """The weight, or its transpose, as oneDNN wants it; made when first asked for and when the weight changed."""
        version = (self.weight.data_ptr(), self.weight._version)
        kept = self.__dict__.setdefault("_kept", {})
        if kept.get(transposed, (None,))[0] != version:
            with torch.inference_mode(False), torch.no_grad():
                weight = self.weight.T.contiguous() if transposed else self.weight
                kept[transposed] = version, torch.ops.mkldnn._reorder_linear_weight(weight, 4096)
        return kept[transposed][1]

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made when first asked for: a copy, here or on another machine, makes its own."""
        return {name: value for name, value in super().__getstate__().items() if name != "_kept"}


class _FrozenProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, linear: FrozenLinear) -> Tensor:
        ctx.linear = linear
        return torch.ops.mkldnn._linear_pointwise(states, linear.packed(), linear.bias, "none", [], "")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        weight = ctx.linear.packed(transposed=True)
        return torch.ops.mkldnn._linear_pointwise(gradient.contiguous(), weight, None, "none", [], ""), None


def _multiplies(states):
    """Whether oneDNN multiplies such states by packed weights here."""
    if states.device.type != "cpu" or not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return False
    bfloat16 = states.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return states.dtype == torch.float32 or bfloat16


def freeze_linear_maps(model: nn.Module) -> None:
    """Replace every linear map of a model by a frozen one, GPT-2's `Conv1D` as well."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) in (nn.Linear, Conv1D):
                setattr(module, name, FrozenLinear.of(child, name in QUERIES))
