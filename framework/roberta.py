"""Step 2: RoBERTa that reads `<mask>`, a prompt, and a text, and answers with one of two words.

The classes derive from transformers', so `from_pretrained` loads any RoBERTa checkpoint. They differ from their parents
in four ways: prompt vectors stand after the first token; position ids are 0, 1, 2, ... over the whole input; only
position 0 goes on to the head; and the head compares it with two rows of the vocabulary, not all. The other steps run
`model.encoders`, which does the same for every family, faster; the tests check that the two agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import RobertaConfig
from transformers import initialization as init
from transformers.masking_utils import create_bidirectional_mask
from transformers.modeling_outputs import MaskedLMOutput
from transformers.models.roberta.modeling_roberta import (
    RobertaEmbeddings,
    RobertaForMaskedLM,
    RobertaLMHead,
    RobertaModel,
)

from framework.tasks import LABEL_WORDS

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

    def forward(self, input_ids: Tensor, prompt: Tensor | None = None) -> Tensor:
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
            raise ValueError(f"mask, prompt and text take {length} positions, but the model has {positions}")
        return self.dropout(self.LayerNorm(embedded + self.position_embeddings.weight[:length]))


class RobertaModelWarp(RobertaModel):
    """The encoder, up to the features of position 0; `RobertaForMaskedLMPrompt` freezes all of it but the prompt."""

    _keys_to_ignore_on_load_missing = [r"embeddings\.prompt"]
    _keys_to_ignore_on_load_unexpected = [r"lm_head", r"pooler"]

    def __init__(self, config: RobertaConfig) -> None:
        super().__init__(config, add_pooling_layer=False)
        self.embeddings = RobertaEmbeddingsWarp(config)
        self.post_init()

    def _init_weights(self, module):
        super()._init_weights(module)
        if isinstance(module, RobertaEmbeddingsWarp):
            init.normal_(module.prompt, mean=0.0, std=0.02)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, prompt: Tensor | None = None,
        neuron_masks: Tensor | None = None,
    ) -> Tensor:
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
        if attention_mask is not None:
            ahead = attention_mask.new_ones(len(hidden), hidden.shape[1] - input_ids.shape[1] + 1)
            attention_mask = torch.cat([ahead, attention_mask[:, 1:]], dim=1)
        if neuron_masks is None:
            return self._first_position(hidden, attention_mask)
        handles = []
        for index, layer in enumerate(self.encoder.layer):
            # The study's own way, kept as the reference for how framework/model changes neurons.
            def mask_neurons(module, inputs, masks=neuron_masks[:, index, None, None]):
                neurons = inputs[0].unflatten(0, (len(masks), -1))
                return (neurons * masks.to(neurons.dtype)).flatten(0, 1), *inputs[1:]

            handles.append(layer.output.register_forward_pre_hook(mask_neurons))
        try:
            copies = len(neuron_masks)
            repeated = None if attention_mask is None else attention_mask.repeat(copies, 1)
            return self._first_position(hidden.repeat(copies, 1, 1), repeated).unflatten(0, (copies, -1))
        finally:
            for handle in handles:
                handle.remove()

    def _first_position(self, hidden, attention_mask):
        mask = create_bidirectional_mask(self.config, hidden, attention_mask)
        return self.encoder(hidden, attention_mask=mask).last_hidden_state[:, 0]


class RobertaLMHeadWarp(RobertaLMHead):
    """The language-model head without its projection to the vocabulary."""

    def forward(self, features: Tensor) -> Tensor:
        """Transform features [..., H] to what the vocabulary's rows are compared with [..., H]."""
        return self.layer_norm(F.gelu(self.dense(features.to(self.dense.weight.dtype))))


class RobertaForMaskedLMPrompt(RobertaForMaskedLM):
    """A frozen RoBERTa that classifies a text by its answer at `<mask>`, steered by a prompt.

    Parameters
    ----------
    config : RobertaConfig
        Its `prompt_len` (default 100) is P. Its `label_ids` (default: those of roberta-base) are the vocabulary entries
        read as class 0 and class 1, and must be given for another vocabulary. Both can be given to `from_pretrained`.

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
        self, config: RobertaConfig, prompt_len: int | None = None, label_ids: Sequence[int] | None = None
    ) -> None:
        if prompt_len is not None:
            config.prompt_len = prompt_len
        config.label_ids = list(label_ids or getattr(config, "label_ids", None) or ROBERTA_LABEL_IDS)
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
        # Loading replaces the parameters frozen at construction by trainable ones.
        (loaded[0] if isinstance(loaded, tuple) else loaded)._freeze()
        return loaded

    def _freeze(self):
        self.requires_grad_(False)
        self.prompt.requires_grad_(True)

    @property
    def prompt(self) -> nn.Parameter:
        """The model's own prompt, the only parameter that learns [P, H]."""
        return self.roberta.embeddings.prompt

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None,
        prompt: Tensor | None = None, neuron_masks: Tensor | None = None,
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
