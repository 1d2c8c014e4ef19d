"""Masked-language encoders of transformers: mask token, prompt, text; the answer is read at the mask token."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from framework.errors import UserError
from framework.model import neurons, speed
from framework.model.prompted import PromptedModel

# Names of the head in Microsoft's DeBERTa checkpoints -> transformers' names of the same weights. The head that DeBERTa
# v3 was trained with gets a name that transformers reports as unexpected.
RENAMED = {r"^lm_predictions\.lm_head\.(dense|LayerNorm)\.": r"cls.predictions.transform.\1.",
           r"^lm_predictions\.lm_head\.bias": "cls.predictions.bias",
           r"^mask_predictions\.": "found_replaced_words."}

FAMILY = AutoModelForMaskedLM


class PromptedEncoder(PromptedModel):
    """A frozen encoder that reads `<mask>`, prompt, `<s>` text `</s>` and answers at `<mask>`.

    Positions count 0, 1, 2, ... over all of it. A prompt vector takes the place of word and token-type embedding.
    """

    needs = 1  # the mask token; the `<s>` and `</s>` around a text are counted as the text's

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, label_ids: Sequence[int]
    ) -> None:
        config = model.config
        # Where layers share their weights (ALBERT), each pass through them counts as a layer.
        layers = config.num_hidden_layers * getattr(config, "inner_group_num", 1)
        super().__init__(model, tokenizer, label_ids, neurons.named(model.base_model, config.model_type), layers)
        # The model adds the first token type to every position; move it to the words, since prompts have none.
        types = getattr(getattr(model.base_model, "embeddings", None), "token_type_embeddings", None)
        self.register_buffer("token_type", None if types is None else types.weight[0].clone(), persistent=False)
        if types is not None:
            types.weight[0] = 0
            if getattr(config, "rescale_embeddings", False):  # BigBird then scales words, and what is added to them
                self.token_type /= config.hidden_size ** 0.5
        for name, module in model.named_modules():
            if name.endswith(".pos_dropout"):  # on DeBERTa's table of distances, which all rows share
                module.p = 0.0

    def encode(self, texts: Sequence[str], max_length: int) -> list[np.ndarray]:
        """Tokenise texts once: `<mask>`, then `<s>` text `</s>` cut to `max_length` tokens, an int array each."""
        tokens = self.tokens_of(texts, truncation=True, max_length=max_length)
        return [np.array([self.tokenizer.mask_token_id, *ids]) for ids in tokens]

    def before_prompt(self, length: int) -> int:
        """Only the mask token stands before the prompt."""
        return 1

    def answer_at(self, length: int) -> int:
        """The first position, the mask token's, answers."""
        return 0

    def alone(self) -> np.ndarray:
        """`<mask>` and the token that begins every text."""
        return np.array([self.tokenizer.mask_token_id, self.tokenizer("")["input_ids"][0]])

    def embed(self, ids: Tensor) -> Tensor:
        """Word and token-type embeddings of tokens [N]: [N, W]."""
        words = self.get_input_embeddings()(ids)
        return words if self.token_type is None else words + self.token_type


def load(
    path: str, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase, label_ids: Sequence[int],
    dtype: torch.dtype, flag: str,
) -> PromptedEncoder:
    """Load a checkpoint of a family in `neurons.OUTPUTS` from a folder or the hub.

    `flag` is the model's flag as given; errors begin with it.

    Raises
    ------
    UserError
        If its tokenizer or config does not fit, or it lacks a trained masked-language head (as does DeBERTa v3, trained
        to find replaced words).
    """
    if tokenizer.mask_token_id is None:
        raise UserError(f"{flag}: its tokenizer has no mask token; choose a model trained to fill in masked words")
    begins, begins_text = (tokenizer(text)["input_ids"][:1] for text in ("", "a"))
    if not begins or begins != begins_text:
        raise UserError(f"{flag}: its tokenizer puts no token such as <s> or [CLS] in front of a text; restore the "
                        "tokenizer.json that the model was saved with")
    if getattr(config, "is_decoder", False):
        raise UserError(f"{flag}: its config.json sets is_decoder, so no word sees the words after it; choose a "
                        "model trained to fill in masked words")
    if str(getattr(config, "position_embedding_type", "")).startswith("relative"):
        raise UserError(f"{flag}: its config.json sets position_embedding_type to {config.position_embedding_type}, "
                        "which transformers no longer computes; choose a model with absolute positions")
    config.chunk_size_feed_forward = 0  # all positions pass the feed-forward block together, so hooks see a layer once
    # What only one family knows:
    config.legacy = True  # the head of DeBERTa that RENAMED leads to
    config.attention_type = "original_full"  # what BigBird takes anyway for inputs as short as comments
    model, info = AutoModelForMaskedLM.from_pretrained(
        path, config=config, dtype=dtype, key_mapping=RENAMED, output_loading_info=True, trust_remote_code=False,
        attn_implementation=speed.attention_for(AutoModelForMaskedLM._model_mapping[type(config)]))
    missing = set(info["missing_keys"])
    if any(key.startswith("found_replaced_words.") for key in info["unexpected_keys"]):
        missing.add("lm_predictions.lm_head")
    check_weights(missing, info["unexpected_keys"], model.state_dict(), "masked-language", flag)
    check_head(config, MODEL_FOR_MASKED_LM_MAPPING_NAMES, "masked-language", flag)
    # transformers leaves some of DeBERTa's in float32. Not `model.to`: tables of rotary positions must stay float32.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return PromptedEncoder(model, tokenizer, label_ids)


def check_weights(
    missing: Collection[str], unexpected: Collection[str], loaded: Mapping[str, Tensor], head: str, flag: str
) -> None:
    """Raise `UserError` if a file lacks weights, holds NaN or infinity, or holds more of the layers than the model has.

    The latter are weights of more layers, and a bias or the scales of quantised weights beside weights that are loaded.
    Other surplus weights (a pooler, another task's head) are ignored: they are not studied.
    """
    if missing:
        raise UserError(f"{flag}: has no weights for {min(missing)}; choose a model saved with its {head} head")
    known = {re.sub(r"\.\d+\.", ".#.", name) for name in loaded}
    surplus = [name for name in unexpected if re.sub(r"\.\d+\.", ".#.", name) in known
               or f"{name.rpartition('.')[0]}.weight" in loaded]
    if scales := [name for name in surplus if "scale" in name.rpartition(".")[2]]:
        raise UserError(f"{flag}: its weights hold {min(scales)}, so they are quantised; choose the model that is not")
    if surplus:
        raise UserError(f"{flag}: its weights hold {min(surplus)}, which its config.json does not describe; restore "
                        "the config.json that the model was saved with")
    if not all(weights.isfinite().all() for weights in loaded.values()):
        raise UserError(f"{flag}: its weights hold NaN or infinite values; download or save it again")


def check_head(config: PreTrainedConfig, classes: Mapping[str, str], head: str, flag: str) -> None:
    """Raise `UserError` if a model was saved for another task, though it lacks no weights.

    Where the head shares the embeddings' weights, a classifier or an embedding model has all that the head needs.
    `classes` are transformers' classes that have this head.
    """
    heads = {str(name).lower() for name in classes.values()}
    saved = next(iter(config.architectures or ()), "")
    if saved.lower() not in heads and re.search("For(?!CausalLM|MaskedLM|PreTraining)|Reward|Embedding", saved):
        raise UserError(f"{flag}: was saved as {saved}, without a head that predicts words; choose a model saved with "
                        f"its {head} head")
