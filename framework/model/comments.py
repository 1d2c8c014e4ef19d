"""Which comments drive a neuron most, and at which word: what a neuron viewer shows."""

from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from framework.model import neurons
from framework.model.former import PromptedModel
from framework.roberta import RobertaForMaskedLMPrompt


@torch.inference_mode()
def peaks(
    model: PromptedModel, tokenizer: PreTrainedTokenizerBase, texts: list[str], chosen: np.ndarray, max_length: int,
    positions_per_batch: int
) -> tuple[np.ndarray, np.ndarray]:
    """The largest value of some neurons over each comment's tokens, and the token that it is at.

    The frozen model reads `<s>` text `</s>` at positions 0, 1, 2, ... without `<mask>` and prompt, since the question
    is what in a text a neuron answers to. `<s>` and `</s>` are left out: many neurons are largest there in every text.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt or PromptedEncoder
    tokenizer : transformers tokenizer
        Of the fast kind, which knows where in a text each token is.
    texts : list of str
    chosen : int array [K]
        Neurons, layer * D + unit.
    max_length : int
        Longer texts are cut to so many tokens.
    positions_per_batch : int
        Upper bound of texts x length in one forward pass; a single text is always allowed.

    Returns
    -------
    values : array [C, K], float32
        -inf for a text without a token.
    spans : array [C, K, 2], int
        The token's first character in the text and the one after its last.
    """
    layer_of, unit_of = np.divmod(chosen, neurons.shape(model)[1])
    encoded = tokenizer(texts, truncation=True, max_length=max_length, return_offsets_mapping=True)
    tokens, offsets = encoded["input_ids"], encoded["offset_mapping"]
    values = np.full((len(texts), len(chosen)), -np.inf, np.float32)
    spans = np.zeros((len(texts), len(chosen), 2), int)
    with tqdm(total=len(texts), desc="reading comments", unit="comment", dynamic_ncols=True) as bar:
        for rows in cut_by_equal_length(tokens, positions_per_batch):
            characters = np.array([offsets[row] for row in rows])

            def keep(layer, activations):
                columns = np.flatnonzero(layer_of == layer)
                words = activations[:, 1:-1, unit_of[columns]]
                if words.numel():
                    largest, position = words.max(dim=1)
                    values[np.ix_(rows, columns)] = largest.float().cpu()
                    spans[np.ix_(rows, columns)] = characters[np.arange(len(rows))[:, None], 1 + position.cpu().numpy()]

            with neurons.at_neurons(model, keep):
                _read(model.eval(), torch.tensor([tokens[row] for row in rows], device=model.device))
            bar.update(len(rows))
    return values, spans


def cut_by_equal_length(tokens: Sequence[Sequence[int]], positions_per_batch: int) -> list[np.ndarray]:
    """Cut texts into batches of the same length, which need no padding.

    Parameters
    ----------
    tokens : sequence of sequences of int
    positions_per_batch : int
        Upper bound of texts x length; a single text is always allowed.

    Returns
    -------
    list of int arrays
        Indices of texts, the longest first.
    """
    lengths = np.array([len(ids) for ids in tokens])
    return [part for length in np.unique(lengths)[::-1]
            for part in _parts(np.flatnonzero(lengths == length), max(1, positions_per_batch // length))]


def _parts(rows, size):
    return [rows[start:start + size] for start in range(0, len(rows), size)]


def _read(model, input_ids):
    if isinstance(model, RobertaForMaskedLMPrompt):
        # Its own forward pass computes position 0 alone in the last layer; its parent's encoder computes all.
        model.roberta.encoder(model.roberta.embeddings(input_ids, prompt=model.prompt[:0]))
    else:
        model(input_ids, prompt=torch.empty(0, model.prompt_width, device=model.device))


def strongest(values: np.ndarray, count: int) -> np.ndarray:
    """The comments in which one neuron is largest, largest first.

    Parameters
    ----------
    values : array [C]
        The neuron's column of `peaks`.
    count : int

    Returns
    -------
    int array, of at most `count`
        Rows; those that are -inf are left out, of ties the earlier is first.
    """
    order = np.argsort(-values, kind="stable")[:count]
    return order[values[order] > -np.inf]
