"""Leave at a safe moment when the system or the user asks us to."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

PATIENCE = 10  # seconds in which further signals count as the same request; a later one is heeded at once


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came; `signum` says which."""

    def __init__(self, signum: int):
        super().__init__()
        self.signum = signum


_deferrals = 0
_waiting: int | None = None
_since = -float("inf")


def leave_at_once() -> None:
    """Until `catch`, SIGINT and SIGTERM end the process with one line: libraries are loading, no work has begun."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _leave)


def _leave(signum, frame):
    # No exception: what is being loaded might catch it.
    os.write(2, f"{os.path.basename(sys.argv[0])}: interrupted while libraries were loading; no file is half "
                "written; run the same command again\n".encode())
    os._exit(128 + signum)


def _is_loading(frame):
    """Whether a module is being imported."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def catch() -> None:
    """From now on SIGINT (Ctrl-C) and SIGTERM (a preemption) raise `Interrupted`."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _receive)


def ignore() -> None:
    """Ignore further signals, so a process that is leaving can write its last line."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)


def _receive(signum: int, frame: FrameType | None) -> None:
    global _waiting, _since
    if time.monotonic() - _since < PATIENCE:
        return
    _since = time.monotonic()
    if _deferrals and _waiting is None:
        _waiting = signum
    elif _is_loading(frame):
        _leave(signum, frame)
    else:
        raise Interrupted(signum)


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Finish the block before heeding a signal that comes in it."""
    global _deferrals
    _deferrals += 1
    try:
        yield
    finally:
        _deferrals -= 1
    if not _deferrals:
        heed()


def waiting() -> bool:
    """Whether a signal came in a deferred block: save now."""
    return _waiting is not None


def heed() -> None:
    """Raise `Interrupted` if a signal waits to be heeded."""
    global _waiting
    if _waiting is not None:
        signum, _waiting = _waiting, None
        raise Interrupted(signum)
