"""What can be done to neurons: how each is made, described and named. A new one is an entry of `METHODS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # `--help` shows the table, too, and loads no library
    from numpy import ndarray
    from numpy.random import Generator


class Method(NamedTuple):
    """A neuron a becomes multiply * a + add.

    A method may have values, and makes a mask for each: sample numbers (int), over which step 6 averages, or factors
    (float). `{}` in `words` and `add` stands for the value.
    """

    name: str
    words: str  # completes "4,000 neurons ..."
    does: str  # in the help of step 5
    # (value, random numbers, k) -> one factor, or one for each of the k neurons
    multiply: Callable[[float, Generator, int], float | ndarray] = lambda value, random, count: 0
    add: str = ""  # a column of the neurons' statistics
    value: type[int] | type[float] | None = None
    in_names: bool = True  # False for the study's own, which mask names do not tell apart
    dtype: str = "float32"
    aliases: tuple[str, ...] = ()


METHODS = {method.name: method for method in (
    Method("zero", "masked", "multiply them by 0", in_names=False, dtype="int8", aliases=("1", "BINARY_MASK")),
    Method("float", "masked", "multiply them by random numbers in [0, 1)",
           lambda value, random, count: random.random(count, "float32"), in_names=False, aliases=("2", "FLOAT_MASK")),
    Method("mean", "set to their mean over comments", "set them to their mean over comments", add="mean"),
    Method("resample", "set to their values at a random position",
           "set them to their values at a random position of a comment", add="sample{}", value=int),
    Method("scale", "multiplied by {}", "multiply them by --scale", lambda value, random, count: value, value=float),
)}


def in_words(method: str, value: float = 0) -> str:
    """What was done to neurons, in words; method and value as in a `MaskName` ("" where names do not tell)."""
    return METHODS[method or "zero"].words.format(f"{value:g}")
