"""Each neuron's mean, spread and some values over the tokens of texts: what masks of step 5 put in a neuron's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from framework.model import passes
from framework.model.prompted import PromptedModel
from framework.tasks import some


def draw(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """At most `count` of the texts, in their order, drawn without replacement."""
    return [texts[row] for row in some(np.arange(len(texts)), count, seed)]


def own_tokens(model: PromptedModel, row: np.ndarray, prompt_len: int) -> np.ndarray:
    """The positions of a text's own tokens, neither special ones nor the prompt's, in a row as the model sees it."""
    place = np.arange(len(row))
    place[model.before_prompt(len(row)):] += prompt_len
    kinds = ("bos", "eos", "cls", "sep", "mask", "pad")  # an unknown word is the text's own
    special = [getattr(model.tokenizer, f"{kind}_token_id") for kind in kinds]
    return place[~np.isin(row, [token for token in special if token is not None])]


def over_texts(
    model: PromptedModel, rows: Sequence[np.ndarray], prompts: Tensor, samples: int, seed: int
) -> Iterator[int | dict[str, np.ndarray]]:
    """Statistics of every neuron over the positions of the texts' own tokens.

    Parameters
    ----------
    model : PromptedModel
    rows : list of int arrays
        Texts as `model.encode` gives them.
    prompts : Tensor [K, P, W]
        Text i is read with prompt i mod K; P = 0 for texts alone.
    samples : int
        Random positions whose values are kept.
    seed : int
        Of the draw.

    Yields
    ------
    int
        After each pass, how many texts are done.
    dict of str to array [L * D]
        At the end: `mean`, `sd`, `mean_abs`, `share_above_0`, and `sample1` to `sampleS`, fewer if there are fewer
        positions.
    """
    layers, units = model.shape
    prompt_len = prompts.shape[1]
    own = [own_tokens(model, row, prompt_len) for row in rows]
    first = np.concatenate([[0], np.cumsum([len(places) for places in own])])  # number of a text's first position
    total = int(first[-1])
    sampled = np.random.default_rng(seed).choice(total, min(samples, total), replace=False)
    device = torch.device("cpu") if model.device.type == "mps" else model.device  # mps has no float64
    names = "mean", "square", "mean_abs", "share_above_0"
    sums = torch.zeros(len(names), layers, units, dtype=torch.double)
    kept = np.zeros((len(sampled), layers, units), np.float32)

    def read(part):
        begin = np.cumsum([0, *(len(rows[row]) + prompt_len for row in part)])
        places = torch.from_numpy(np.concatenate([own[row] + begin[i] for i, row in enumerate(part)]))
        numbers = np.concatenate([np.arange(first[row], first[row + 1]) for row in part])
        here = {number: place for place, number in enumerate(numbers)}
        of_samples = [(index, here[number]) for index, number in enumerate(sampled) if number in here]

        of_pass = torch.zeros(sums.shape, dtype=torch.double, device=device)

        def keep(layer, neurons):
            values = neurons[places.to(neurons.device)].to(device).double()
            for added, each in zip(of_pass, (values, values.square(), values.abs(), values > 0)):
                added[layer] = each.sum(0)
            for index, place in of_samples:
                kept[index, layer] = values[place].float().cpu().numpy()

        model.read_everywhere([rows[row] for row in part], prompts[torch.from_numpy(part % len(prompts))], keep)
        return of_pass.cpu()

    done = 0
    for part, of_pass in passes.over(model, rows, prompt_len, read):
        sums += of_pass
        done += len(part)
        yield done
    means = {name: (value / total).numpy().ravel() for name, value in zip(names, sums)}
    variance = np.maximum(means.pop("square") - means["mean"] ** 2, 0)
    yield {"mean": means["mean"], "sd": np.sqrt(variance), "mean_abs": means["mean_abs"],
           "share_above_0": means["share_above_0"],
           **{f"sample{index + 1}": values.ravel() for index, values in enumerate(kept)}}
