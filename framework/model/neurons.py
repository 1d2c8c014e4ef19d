"""Feed-forward neurons: the intermediate layer's outputs, after its activation function, in any encoder."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

if TYPE_CHECKING:  # it imports this module
    from framework.model.former import PromptedModel

# By `config.model_type`: names, below the base model, of the linear maps that lead out of the feed-forward blocks. What
# enters them are the neurons; in a gated block (of ModernBERT, for one) that is the gated product.
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
    """M changes of all neurons: a <- multiply * a + add, at every position.

    Attributes
    ----------
    multiply : Tensor [M, L, D]
    add : Tensor [M, L, D] or None
    """

    multiply: Tensor
    add: Tensor | None = None

    @classmethod
    def stack(cls, masks: Sequence[Tensor]) -> Intervention:
        """Masks, [L, D] to multiply by or [2, L, D] to multiply by and to add, as one intervention."""
        if all(mask.dim() == 2 for mask in masks):
            return cls(torch.stack(list(masks)))
        pairs = [mask if mask.dim() == 3 else torch.stack([mask, torch.zeros_like(mask)]) for mask in masks]
        return cls(*torch.stack(pairs, dim=1))

    def to(self, device: torch.device, dtype: torch.dtype) -> Intervention:
        """The same on a device, in a precision."""
        return Intervention(*(None if part is None else part.to(device, dtype) for part in self))

    def first_layer(self) -> int:
        """The first layer in which any of the M changes anything; L if none does."""
        if self.multiply.is_meta or self.multiply.requires_grad:  # a gradient is asked of every layer
            return 0
        same = self.multiply == 1 if self.add is None else (self.multiply == 1) & (self.add == 0)
        return int(same.all(dim=2).all(dim=0).long().cumprod(0).sum())

    def apply(self, layer: int, neurons: Tensor, grouped: bool) -> Tensor:
        """A layer's neurons, changed.

        Parameters
        ----------
        layer : int
        neurons : Tensor [1 or M, N, D] or [M x B, T, D]
        grouped : bool
            Of the first form: N positions, the same for all M interventions or of each.
        """
        grouped_neurons = neurons if grouped else neurons.view(len(self.multiply), -1, neurons.shape[-1])
        changed = grouped_neurons * self.multiply[:, layer, None]
        if self.add is not None:
            changed = changed + self.add[:, layer, None]
        return changed if grouped else changed.view_as(neurons)


def feed_forward(model: PromptedModel) -> list[nn.Linear]:
    """The linear maps whose inputs are the neurons; ALBERT's are called many times in one forward pass."""
    pattern = OUTPUTS[model.config.model_type]
    return [module for name, module in model.base_model.named_modules() if re.fullmatch(pattern, name)]


def shape(model: PromptedModel) -> tuple[int, int]:
    """L and D: how many layers of how many neurons.

    Where layers share their weights (ALBERT), each pass through them counts as a layer.
    """
    layers = model.config.num_hidden_layers * getattr(model.config, "inner_group_num", 1)
    return layers, feed_forward(model)[0].in_features


@contextlib.contextmanager
def at_neurons(model: PromptedModel, function: Callable[[int, Tensor], Tensor | None]) -> Iterator[None]:
    """While it lasts, every forward pass calls `function(layer, neurons)` at each layer, the first layer first.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt or PromptedEncoder
    function : callable (int, Tensor [..., D]) -> Tensor or None
        The neurons of all rows and positions, in the form in which the model computes them. What it returns, if
        anything, takes their place.
    """
    layers = itertools.cycle(range(shape(model)[0]))

    def hook(module, inputs):
        return function(next(layers), *inputs)

    handles = [module.register_forward_pre_hook(hook) for module in feed_forward(model)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.inference_mode()
def read(model: PromptedModel, tokenizer: PreTrainedTokenizerBase, prompts: Tensor) -> Tensor:
    """Every neuron at position 0 when the model sees the mask token, a prompt and the token that begins a text.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt or PromptedEncoder
    tokenizer : transformers tokenizer
    prompts : Tensor [B, P, W]
        W is `model.prompt_width`.

    Returns
    -------
    Tensor [B, L * D]
        float32, on the CPU; index = layer * D + unit.
    """
    values = []

    def keep_first_position(layer, neurons):
        values.append(neurons.reshape(len(prompts), -1, neurons.shape[-1])[:, 0])

    first = tokenizer("")["input_ids"][:1]  # `<s>` or `[CLS]`, as in front of every text
    input_ids = torch.tensor([[tokenizer.mask_token_id, *first]], device=model.device)
    with at_neurons(model, keep_first_position):
        model.eval()(input_ids.expand(len(prompts), -1), prompt=prompts.to(model.device))
    return torch.cat(values, dim=1).float().cpu()
