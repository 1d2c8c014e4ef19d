"""Leave at a moment of our choosing when the system or the user asks us to."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came; `signum` says which."""

    def __init__(self, signum: int):
        super().__init__()
        self.signum = signum


_deferrals = 0
_waiting: int | None = None


def leave_at_once() -> None:
    """Until `catch_signals`, SIGINT and SIGTERM end the process with one line: libraries load, no work has begun."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _leave)


def _leave(signum, frame):
    # No exception: what is being loaded might catch it.
    os.write(2, f"{os.path.basename(sys.argv[0])}: interrupted before the work began; nothing was written\n".encode())
    os._exit(128 + signum)


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
