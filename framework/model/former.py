"""Any masked-language encoder of transformers, prompt-wrapped as `framework.roberta` wraps RoBERTa.

A model is taken as `AutoModelForMaskedLM` loads it, fed embeddings instead of tokens, and read at position 0 by its own
prediction head, of whose vocabulary two rows are kept. Where the neurons sit in each family: `model.neurons`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import MaskedLMOutput

from framework.model.neurons import at_neurons
from framework.roberta import RobertaForMaskedLMPrompt

# What Microsoft's DeBERTa checkpoints call their head, and what transformers calls the same weights. The head that
# DeBERTa v3 was trained with gets a name that transformers does not pass over.
RENAMED = {r"^lm_predictions\.lm_head\.(dense|LayerNorm)\.": r"cls.predictions.transform.\1.",
           r"^lm_predictions\.lm_head\.bias": "cls.predictions.bias",
           r"^mask_predictions\.": "found_replaced_words."}


def load(
    path: str, config: PreTrainedConfig, label_ids: Sequence[int], dtype: torch.dtype
) -> tuple[PromptedEncoder, set[str]]:
    """Load a checkpoint of any family in `model.neurons.OUTPUTS`.

    Parameters
    ----------
    path : str
        A folder or a name on the hub.
    config : PreTrainedConfig
        As `AutoConfig` reads it from there.
    label_ids : sequence of two int
    dtype : torch.dtype

    Returns
    -------
    model : PromptedEncoder
    missing : set of str
        Weights that the checkpoint lacks; of one trained to find replaced words (DeBERTa v3), the head's, since
        the one that it carries was not trained to fill in words.
    """
    config.chunk_size_feed_forward = 0  # all positions pass the feed-forward block together, so hooks see a layer once
    # What only one family knows:
    config.legacy = True  # the head of DeBERTa that RENAMED leads to
    config.attention_type = "original_full"  # what BigBird takes anyway for inputs as short as comments
    model, info = AutoModelForMaskedLM.from_pretrained(
        path, config=config, dtype=dtype, key_mapping=RENAMED, output_loading_info=True, trust_remote_code=False)
    # transformers leaves some of DeBERTa's in float32. Not `model.to`: tables of rotary positions are to stay so.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    missing = set(info["missing_keys"])
    if any(key.startswith("found_replaced_words.") for key in info["unexpected_keys"]):
        missing.add("lm_predictions.lm_head")
    return PromptedEncoder(model, label_ids), missing


class PromptedEncoder(nn.Module):
    """A frozen encoder that classifies a text by its answer at the mask token, steered by a prompt.

    To be called as `framework.roberta.RobertaForMaskedLMPrompt` is, which does the same for a RoBERTa, faster.

    Parameters
    ----------
    model : PreTrainedModel
        As `AutoModelForMaskedLM` loads it, of a family in `model.neurons.OUTPUTS`. It is changed: of its projection
        to the vocabulary, the rows of the label words stay.
    label_ids : sequence of two int
        The vocabulary entries read as class 0 and class 1.
    """

    def __init__(self, model: PreTrainedModel, label_ids: Sequence[int]):
        super().__init__()
        decoder, words = model.get_output_embeddings(), list(label_ids)
        decoder.weight = nn.Parameter(decoder.weight[words])
        if decoder.bias is not None:
            decoder.bias = nn.Parameter(decoder.bias[words])
        # Only position 0 goes on to the head, whose answers would often be ties in bfloat16.
        model.base_model.register_forward_hook(_keep_first_position)
        for head in model.children():
            if head is not model.base_model:
                head.to(torch.promote_types(model.dtype, torch.float32))
        for name, module in model.named_modules():
            if name.endswith(".pos_dropout"):  # of DeBERTa's table of distances, which is no row's own
                module.p = 0.0
        self.model = model.requires_grad_(False)

    @property
    def config(self) -> PreTrainedConfig:
        """The model's configuration."""
        return self.model.config

    @property
    def base_model(self) -> nn.Module:
        """The model without its head."""
        return self.model.base_model

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of its weights."""
        return self.model.base_model.dtype

    @property
    def prompt_width(self) -> int:
        """The width of a prompt vector: that of the input embeddings, which can be narrower than the layers."""
        return self.get_input_embeddings().embedding_dim

    def get_input_embeddings(self) -> nn.Embedding:
        """The word embeddings."""
        return self.model.get_input_embeddings()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, *, prompt: Tensor,
        neuron_masks: Tensor | None = None
    ) -> MaskedLMOutput:
        """Classify texts.

        Parameters
        ----------
        input_ids : LongTensor [B, T]
            The mask token, then the tokens of the text.
        attention_mask : Tensor [B, T], optional
            0 at padding; prompt and mask token are always attended to.
        prompt : Tensor [P, W] or [B, P, W]
            One prompt for all rows, or one for each, W wide as the input embeddings.
        neuron_masks : Tensor [M, L, D], optional
            What each neuron's output is multiplied by, at every position.

        Returns
        -------
        MaskedLMOutput
            `logits` [B, 2], or [M, B, 2] with `neuron_masks`, in float32 or wider.
        """
        tokens = self.get_input_embeddings()(input_ids)
        prompt = prompt.to(tokens.dtype).expand(len(input_ids), -1, -1)
        segments = getattr(getattr(self.base_model, "embeddings", None), "token_type_embeddings", None)
        if segments is not None:
            # The model adds these to every position, but a prompt vector takes the place of both embeddings together.
            prompt = prompt - segments.weight[0]
        embedded = torch.cat([tokens[:, :1], prompt, tokens[:, 1:]], dim=1)
        rows, length, _ = embedded.shape
        attended = input_ids.new_ones(rows, length)
        if attention_mask is not None:
            attended[:, 1 + prompt.shape[1]:] = attention_mask[:, 1:]
        # From 0 in every family, also where (RoBERTa, MPNet) the model's own count begins higher.
        positions = torch.arange(length, device=embedded.device)[None]
        masks = 1 if neuron_masks is None else len(neuron_masks)

        def mask_layer(layer, neurons):
            if neuron_masks is not None:
                mask = neuron_masks[:, layer, None, None].to(neurons.dtype)
                return (neurons.unflatten(0, (masks, rows)) * mask).flatten(0, 1)

        with at_neurons(self, mask_layer):
            output = self.model(inputs_embeds=embedded.repeat(masks, 1, 1), attention_mask=attended.repeat(masks, 1),
                                position_ids=positions.expand(masks * rows, -1))
        logits = output.logits[:, 0]
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return MaskedLMOutput(logits=logits if neuron_masks is None else logits.unflatten(0, (masks, rows)))


def _keep_first_position(module, inputs, output):
    first = output.last_hidden_state[:, :1]
    output.last_hidden_state = first.to(torch.promote_types(first.dtype, torch.float32))
    return output


PromptedModel = RobertaForMaskedLMPrompt | PromptedEncoder  # what `model.loading.load_backbone` loads
