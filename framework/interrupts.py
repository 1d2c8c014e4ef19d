"""Leave at a moment of our choosing when the system or the user asks us to."""

import contextlib
import signal
from collections.abc import Callable, Iterator


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came; `signum` says which."""

    def __init__(self, signum: int):
        super().__init__()
        self.signum = signum


_deferrals = 0
_waiting: int | None = None


def catch_signals() -> None:
    """From now on SIGINT (Ctrl-C) and SIGTERM (a preemption) raise `Interrupted`, both by the same door."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _receive)


def _receive(signum, frame):
    global _waiting
    if _deferrals and _waiting is None:
        _waiting = signum
    else:  # whoever asks twice does not want to wait
        raise Interrupted(signum)


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Finish the block before a signal that comes in it is heeded; yields a function that says whether one came."""
    global _deferrals
    _deferrals += 1
    try:
        yield lambda: _waiting is not None
    finally:
        _deferrals -= 1
    if not _deferrals:
        heed()


def heed() -> None:
    """Raise `Interrupted` if a signal waits to be heeded."""
    global _waiting
    if _waiting is not None:
        signum, _waiting = _waiting, None
        raise Interrupted(signum)
