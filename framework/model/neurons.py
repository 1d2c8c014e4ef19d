"""Feed-forward neurons: where an encoder's are, and what can be done to any model's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

# By `config.model_type`: names, below the base model, of the linear maps that lead out of the feed-forward blocks.
# Their inputs are the neurons; in a gated block (as in ModernBERT), that is the gated product.
BERT = r"encoder\.layer\.\d+\.output\.dense"
GATED = r"layers\.\d+\.mlp\.down_proj"
OUTPUTS = {
    "albert": r"encoder\.albert_layer_groups\.\d+\.albert_layers\.\d+\.ffn_output",
    "bert": BERT,
    "big_bird": BERT,
    "camembert": BERT,
    "data2vec-text": BERT,
    "deberta": BERT,
    "deberta-v2": BERT,
    "distilbert": r"transformer\.layer\.\d+\.ffn\.lin2",
    "electra": BERT,
    "ernie": BERT,
    "eurobert": GATED,
    "gte": GATED,
    "jina_embeddings_v3": r"layers\.\d+\.mlp\.fc2",
    "luke": BERT,
    "megatron-bert": BERT,
    "modernbert": r"layers\.\d+\.mlp\.Wo",
    "mpnet": BERT,
    "nomic_bert": GATED,
    "rembert": BERT,
    "roberta": BERT,
    "roberta-prelayernorm": BERT,
    "roformer": BERT,
    "ultrabert": GATED,
    "xlm-roberta": BERT,
    "xlm-roberta-xl": BERT,
}


def named(base_model: nn.Module, model_type: str) -> list[str]:
    """The names of the down projections of a family in `OUTPUTS`, in order."""
    return [name for name, _ in base_model.named_modules() if re.fullmatch(OUTPUTS[model_type], name)]


class Intervention(NamedTuple):
    """M changes of all neurons: a <- multiply * a + add, at every position."""

    multiply: Tensor  # [M, L, D]
    add: Tensor | None = None  # [M, L, D]

    @classmethod
    def stack(cls, masks: Sequence[Tensor]) -> Intervention:
        """Combine masks, [L, D] to multiply by or [2, L, D] to multiply by and to add, into one intervention."""
        if all(mask.dim() == 2 for mask in masks):
            return cls(torch.stack(list(masks)))
        pairs = [mask if mask.dim() == 3 else torch.stack([mask, torch.zeros_like(mask)]) for mask in masks]
        return cls(*torch.stack(pairs, dim=1))

    def to(self, device: torch.device, dtype: torch.dtype) -> Intervention:
        """The same on a device, in a precision."""
        add = None if self.add is None else self.add.to(device, dtype)
        return Intervention(self.multiply.to(device, dtype), add)

    def first_layer(self) -> int:
        """The first layer in which any of the M changes anything; L if none does."""
        if self.multiply.is_meta or self.multiply.requires_grad:  # a gradient is asked of every layer
            return 0
        same = self.multiply == 1 if self.add is None else (self.multiply == 1) & (self.add == 0)
        return int(same.all(dim=2).all(dim=0).long().cumprod(0).sum())

    def apply(self, layer: int, neurons: Tensor, grouped: bool) -> Tensor:
        """Change a layer's neurons [M x B, T, D]; if `grouped`, [M, N, D], or [1, N, D] which all M share."""
        grouped_neurons = neurons if grouped else neurons.view(len(self.multiply), -1, neurons.shape[-1])
        multiply = self.multiply[:, layer, None]
        changed = grouped_neurons * multiply if self.add is None else torch.addcmul(
            self.add[:, layer, None], grouped_neurons, multiply)  # both at once, in the time of one
        return changed if grouped else changed.view_as(neurons)
