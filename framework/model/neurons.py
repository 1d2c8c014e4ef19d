"""Feed-forward neurons: the intermediate layer's outputs, after its activation function, in any encoder."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

if TYPE_CHECKING:  # it imports this module
    from framework.model.encoders import PromptedModel

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
