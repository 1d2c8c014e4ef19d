"""Which comments drive a neuron most, and at which word: what a neuron viewer shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from framework.errors import UserError
from framework.model import passes
from framework.model.prompted import PromptedModel

# The word around a token: letters, digits and what joins them, in scripts that put spaces between words.
_WORD = re.compile(r"(?:(?![\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f])\w)+(?:['\u2019-](?:(?![\u3040-\u30ff\u3400-\u9fff"
                   r"\u0e00-\u0e7f])\w)+)*")


class Peaks(NamedTuple):
    """The largest value of K neurons over the tokens of each of C comments, and the token where it occurs."""

    largest: np.ndarray  # [C, K], float32; -inf for a text without a token
    spans: np.ndarray  # [C, K, 2], int: the token's first character in the text and the one after its last


def token_spans(model: PromptedModel, texts: Sequence[str], rows: Sequence[np.ndarray]) -> list[tuple[int, np.ndarray]]:
    """Where each text's own tokens stand in its row from `model.encode`, and which characters they cover.

    For each row, the position of the text's first own token, and each token's first character and the one after its
    last, [n, 2]. Raises `UserError` if the tokenizer cannot tell.
    """
    if not model.tokenizer.is_fast:
        raise UserError("--pretrained_model: its tokenizer does not say where in a text each token is; leave the "
                        "comments out with --comments 0")
    cut = [model.cut(text) for text in texts]
    offsets = model.tokenizer([text for text, _ in cut], add_special_tokens=False,
                              return_offsets_mapping=True)["offset_mapping"]
    # What a row has besides the text; without `bos`, nothing, and an empty text would be refused.
    around = model.encode([""], 1 << 10)[0] if model.needs else np.array([], int)
    places = []
    for row, spans, (_, spaces) in zip(rows, offsets, cut):
        spans = np.array(spans, int).reshape(-1, 2)
        spans -= np.searchsorted(spaces, spans)  # without the spaces that `cut` put in
        differing = np.flatnonzero(row[:len(around)] != around[:len(row)])
        first = int(differing[0]) if len(differing) else min(len(row), len(around))
        count = max(0, len(row) - len(around))
        left = getattr(model.tokenizer, "truncation_side", "right") == "left" and len(spans) > count
        places.append((first, spans[-count:] if left else spans[:count]))
    return places


@torch.inference_mode()
def peaks(
    model: PromptedModel, texts: Sequence[str], rows: Sequence[np.ndarray], chosen: np.ndarray,
    progress: Callable[[int], object] = lambda texts: None
) -> Peaks:
    """Find in which texts some neurons are largest, and where.

    The frozen model reads each text without a prompt, since the question is what in a text drives a neuron. Special
    tokens are left out: many neurons are largest there in every text.

    Parameters
    ----------
    model : PromptedModel
    texts : sequence of str [C]
    rows : sequence of int arrays [C]
        The texts as `model.encode` gives them.
    chosen : int array [K]
        Neurons, layer * D + unit.
    progress : callable (int)
        Called after each pass with its number of texts.
    """
    layer_of, unit_of = np.divmod(chosen, model.shape[1])
    own = token_spans(model, texts, rows)
    largest = np.full((len(texts), len(chosen)), -np.inf, np.float32)
    spans = np.zeros((len(texts), len(chosen), 2), int)
    nothing = torch.empty(0, model.prompt_width, device=model.device)

    def read(part):
        begin = np.cumsum([0, *(len(rows[text]) for text in part)])

        def keep(layer, neurons):
            columns = np.flatnonzero(layer_of == layer)
            if not len(columns):
                return
            activity = neurons[:, torch.from_numpy(unit_of[columns]).to(neurons.device)].float().cpu().numpy()
            for text, start in zip(part, begin):
                first, characters = own[text]
                if len(characters):
                    of_text = activity[start + first:start + first + len(characters)]
                    largest[text, columns] = of_text.max(axis=0)
                    spans[text, columns] = characters[of_text.argmax(axis=0)]

        model.read_everywhere([rows[text] for text in part], nothing, keep)

    for part, _ in passes.over(model, rows, 0, read):
        progress(len(part))
    return Peaks(largest, spans)


def whole_word(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The word that a token is a part of: its first character and the one after its last.

    Chinese, Japanese and Thai have no spaces between words: there it stays the token.
    """
    start, end = span
    start = end - len(text[start:end].lstrip())  # a token may begin with a space
    for word in _WORD.finditer(text, max(0, start - 40), end + 40):
        if word.start() < end and word.end() > start:
            return min(start, word.start()), max(end, word.end())
    return start, end


def strongest(values: np.ndarray, count: int) -> np.ndarray:
    """The comments in which one neuron, a column of `Peaks.largest`, is largest: at most `count`, largest first.

    Values of -inf are left out; ties keep their order.
    """
    order = np.argsort(-values, kind="stable")[:count]
    return order[values[order] > -np.inf]
