"""What makes a pass fast, for all families whose attention transformers routes through a function of our choice.

Such a model sees all rows of a pass as one: their positions stand one behind the other, on a CPU without padding. Only
attention needs rows, and finds them in the pass's `Layout`. Several interventions stand side by side in the first
dimension, from the first layer that any of them changes. In the last layer, what follows attention is computed only for
the positions that answer. On a CPU, weights are laid out once, as oneDNN multiplies them fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from framework.model.layout import Layout, spread

ATTENTION = "openneuron"  # the name under which transformers knows `attend`
# Devices where attention is faster as two products than by torch's fused function, whose gradient is slow on a CPU and
# which has no dropout there.
BY_PRODUCTS = {"cpu"}
QUERIES = {"query", "q_proj", "q_lin"}  # what families call a linear map that makes queries and nothing else


def attention_for(family: type[PreTrainedModel]) -> str:
    """Which attention a class of transformers uses: ours where it can, else its own."""
    if getattr(family, "_supports_attention_backend", False):
        return ATTENTION
    return "sdpa" if getattr(family, "_supports_sdpa", False) else "eager"


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
    """One pass of the rows of a layout through L layers: what the functions below share while it lasts.

    The last layer's attention takes only the positions that answer, or all of them if `everywhere`.
    """

    ARITHMETIC = _forms("add", "sub", "mul")
    VIEWS = (Tensor.view, Tensor.reshape)

    def __init__(self, layout: Layout, layers: int, everywhere: bool = False) -> None:
        super().__init__()
        self.layout, self.layers, self.everywhere = layout, layers, everywhere
        self.attended = 0  # how many layers' attention has been computed
        self.copies = 1  # M in the last of these layers
        self.to_narrow = self.narrowed = False

    @staticmethod
    def current() -> Pass:
        """The current pass."""
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
        """Where states of the answers meet states of all positions, as in residuals, keep only the answers'."""
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
        """Whether a shape is what that of `states` was before they were narrowed, or copied for M interventions."""
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        if states.dim() != 3 or len(shape) != 3 or shape[2] != states.shape[2]:
            return False
        count, rows = len(self.layout.position), self.layout.rows
        if self.narrowed and states.shape[1] == rows:
            return shape[1] in (count, rows)  # OPT takes the shape of states that are narrowed already
        return shape[0] == 1 < len(states) and states.shape[1] == shape[1] == count

    def is_in_last_layer(self) -> bool:
        """Whether the next attention is the last one and takes only the positions that answer."""
        return self.attended == self.layers - 1 and not self.everywhere

    def narrow(self, states: Tensor) -> Tensor:
        """The input of a linear map: after the last layer's attention, only the answers' positions [M, B, ...]."""
        if not self.to_narrow:
            return states
        self.to_narrow, self.narrowed = False, True
        return states.index_select(1, self.layout.answers)

    def answers_of(self, states: Tensor) -> Tensor:
        """States [M, B, ...] of the positions that answer, from states of all positions or of only these."""
        if self.narrowed and states.shape[-2] == self.layout.rows:  # not where feed-forward runs beside attention
            return states
        count = len(self.layout.position)  # padded rows are flattened into one
        return states.reshape(-1, count, states.shape[-1]).index_select(1, self.layout.answers)


def mask_for(mask_function: Callable[..., Tensor], dtype: torch.dtype = torch.float32, **unused: object) -> Tensor:
    """Which positions of a row see which: what transformers asks before the first layer.

    `mask_function` (batch, head, query, key) is the family's rule: causal, within a window, or none. Returns what is
    added to scores [B or 1, 1, T or 1, T]: 0, or -inf at what is not seen.
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
    scaling, softcap : float, optional
        A factor of the scores, by default 1 / sqrt(size), and their bound.
    dropout : float
        Of the attention weights.
    s_aux, position_bias : Tensor, optional
        Refused: families that use them keep their own attention.

    Returns
    -------
    Tensor [M, N, heads, size]
    None
        In place of the weights, which transformers expects here.
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
        heads = query.shape[1] // key.shape[1]  # per head of keys; with a mask, only a GPU's slow kernel takes several
        if heads > 1:
            key, value = key.repeat_interleave(heads, 1), value.repeat_interleave(heads, 1)
        context = F.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask.to(query.dtype), dropout_p=dropout, scale=scaling)
    if last:
        states = context.squeeze(2).unflatten(0, (copies, layout.rows))
        return spread(states, layout.answers, len(layout.position)), None
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
    are frozen. torch's own call reorders them each time in bfloat16; in float32 it uses MKL, which is slow on AMD.
    """

    asks = False  # whether it makes the queries of attention and nothing else

    @classmethod
    def of(cls, linear: nn.Linear | Conv1D, asks: bool = False) -> FrozenLinear:
        """A frozen map with another's weights."""
        with torch.device("meta"):
            frozen = cls(1, 1)
        weight: Tensor = linear.weight.T.contiguous() if isinstance(linear, Conv1D) else linear.weight
        frozen.out_features, frozen.in_features = weight.shape
        frozen.asks = asks
        frozen.weight = nn.Parameter(weight, requires_grad=False)
        bias = None if linear.bias is None else nn.Parameter(linear.bias, requires_grad=False)
        frozen.register_parameter("bias", bias)
        return frozen

    def forward(self, states: Tensor) -> Tensor:
        """Map states [..., in_features] to [..., out_features]."""
        this = _CURRENT.get(None)
        if this is None:
            return self._product(states)
        if self.asks and this.is_in_last_layer():  # for queries of the answers' positions alone
            asked = self._product(states.index_select(1, this.layout.answers))
            return spread(asked, this.layout.answers, states.shape[1])
        return self._product(this.narrow(states))

    def _product(self, states):
        if not _multiplies(states):
            return super().forward(states)
        # Flat, since a product of more dimensions would be a view, which OLMo's bound on queries could not change.
        return _FrozenProduct.apply(states.flatten(0, -2), self).view(*states.shape[:-1], self.out_features)

    def packed(self, transposed: bool = False) -> Tensor:
        """The weight, or its transpose, in the layout of oneDNN; made on first use and when the weight has changed."""
        version = (self.weight.data_ptr(), self.weight._version)
        kept = self.__dict__.setdefault("_kept", {})
        if kept.get(transposed, (None,))[0] != version:
            with torch.inference_mode(False), torch.no_grad():
                weight = self.weight.T.contiguous() if transposed else self.weight
                kept[transposed] = version, torch.ops.mkldnn._reorder_linear_weight(weight, 4096)
        return kept[transposed][1]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is made on first use: a copy, here or on another machine, makes its own."""
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
