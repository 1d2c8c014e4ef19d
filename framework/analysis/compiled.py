"""Functions that numba compiles, once for all runs."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function, cached beside its file or else in the home folder; not cached if neither is writable."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba's "no locator available"
        return njit(nogil=True)(function)
