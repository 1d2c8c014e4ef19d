"""Apply one function to every item, in this process or on the machines of a Ray cluster.

A script uses it like this::

    def measure(study, item):              # in the script; runs here or on a worker
        for part in parts_of(item):
            yield ...                      # messages, sent back as they come

    machines = work.join(flags.ray, flags.device)
    device, dtype = machines.agree(resolve, flags.precision)
    for item, message in work.run(measure, study, items, on=machines):
        ...                                # this process alone writes files and moves the bar

Items and groups of items are the same wherever the work is done, and so are the results.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from framework.running import signals

if TYPE_CHECKING:
    from framework.running.ray_cluster import Cluster


class Here:
    """The process itself, as a place to work; `device` is `--device` as given."""

    def __init__(self, device: str = "auto") -> None:
        self.device = device

    def agree(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """What ``question(device, *arguments)`` returns; a cluster asks every machine."""
        return question(self.device, *arguments)

    def run(self, function: Callable, study: Any, items: Iterable[Any],
            leave_after: type = object) -> Iterator[tuple[Any, Any]]:
        """As `framework.running.work.run`."""
        with signals.deferred():
            for item in items:
                for message in messages(function, study, item):
                    yield item, message
                    if isinstance(message, leave_after):
                        signals.heed()


def join(address: str | None, device: str = "auto") -> Here | Cluster:
    """Where the work is done: in this process, or on the Ray cluster that `--ray` names.

    Parameters
    ----------
    address : str or None
        "host:port" of the cluster's head, "auto" for the cluster that this machine belongs to, "local" for one that is
        started here and ends with this process; None for this process.
    device : str
        What `--device` was given.

    Raises
    ------
    UserError
        If Ray is missing, the cluster cannot be reached, or it has no such device.
    """
    if address is None:
        return Here(device)
    from framework.running import ray_cluster

    return ray_cluster.connect(address, device)


def run(function: Callable[[Any, Any], Any], study: Any, items: Iterable[Any], on: Here | Cluster | None = None,
        leave_after: type = object) -> Iterator[tuple[Any, Any]]:
    """Do `function(study, item)` for each item; yields the item with each of its messages, in their order.

    If a cluster loses a worker, another gets its item as it then is. If the caller keeps the latest state in the item,
    the work continues from there.

    Parameters
    ----------
    function : callable (study, item)
        A generator, whose messages are sent back, or a plain function, whose result is the only message.
    study : object
        What every item needs. A worker keeps it, with whatever `function` has done to it.
    items : iterable
        Taken one by one, only as many as keep the workers busy.
    on : Here or Cluster
        As `join` returns it; by default this process.
    leave_after : type
        In this process, a signal to leave is heeded after a message of this class.
    """
    yield from (on or Here()).run(function, study, items, leave_after)


def messages(function: Callable[[Any, Any], Any], study: Any, item: Any) -> Iterator[Any]:
    """The values that a function yields for an item, or the one that it returns."""
    said = function(study, item)
    if inspect.isgenerator(said):
        yield from said
    else:
        yield said


class Every:
    """True at most once in `seconds`, by a clock that nobody sets."""

    def __init__(self, seconds: float):
        self._seconds, self._last = seconds, time.monotonic()

    def __call__(self) -> bool:
        """Whether it is time."""
        due = time.monotonic() - self._last >= self._seconds
        if due:
            self._last = time.monotonic()
        return due


class Bar(tqdm):
    """A progress bar with the time left, which is told how far each item is: work done twice counts once."""

    def __init__(self, total: int, unit: str) -> None:
        self._closed = threading.Event()
        super().__init__(total=total, unit=unit, unit_scale=total >= 10_000, dynamic_ncols=True, smoothing=0.05,
                         miniters=1, disable=total == 0)  # tqdm's own guess hides small steps after large ones
        self._done: dict[Hashable, int] = {}
        if sys.stderr.isatty() and not self.disable:  # the clock goes on while a large model makes its step
            threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while not self._closed.wait(1):
            self.refresh()

    def close(self) -> None:
        """Stop the clock and leave the bar as it is."""
        self._closed.set()
        super().close()

    def tell(self, item: Hashable, done: int, text: str | None = None, resumed: bool = False) -> None:
        """Show that `done` of an item's parts are done; `text` names what is under way.

        What an item has when it is `resumed` was done by an earlier run, and says nothing about this run's speed.
        """
        if text:
            self.set_description(text, refresh=False)
        if resumed and item not in self._done:
            for count in ("n", "initial", "last_print_n"):  # of tqdm, which takes the rest for this run's work
                setattr(self, count, getattr(self, count) + done)
        else:
            self.update(done - self._done.get(item, 0))
        self._done[item] = done
