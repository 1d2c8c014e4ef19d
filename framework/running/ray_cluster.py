"""Work on the machines of a Ray cluster. Ray is optional: it is loaded here, and only when asked for.

Ray sends this package to the machines, which need only the libraries of requirements/cluster.txt. What all items need
is sent once and kept on each machine; each worker, one per GPU or per few cores, unpacks it once.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import logging
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from framework.errors import UserError, is_out_of_memory
from framework.running import signals, work

_CORES = 4  # of a worker without a GPU: more hardly speed up a pass, and each worker holds a model in memory
_LOSSES = 10  # workers that may be lost over one item; beyond that, the item is assumed to kill them


def connect(address: str, device: str = "auto") -> Cluster:
    """Join a Ray cluster: see `framework.running.work.join`."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else a warning about a default that will change
    try:
        import ray
    except ImportError:
        raise UserError("--ray: Ray is not installed; pip install -r requirements/cluster.txt") from None
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", "auto")
    if address not in ("auto", "local"):
        _check_reachable(address)
    package = {"py_modules": [str(Path(__file__).parents[1])], "excludes": ["__pycache__"]}
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    try:
        with signals.deferred():
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, runtime_env=package,
                     **({"include_dashboard": False} if address == "local" else {}))
    except Exception as error:  # Ray's own, of many kinds
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"--ray {address}: cannot be joined ({reason}); run this on a machine of the cluster, and give "
                        "the address that `ray start --head` printed there, `auto` or `local`") from None
    signals.catch()  # Ray has replaced our handlers
    return Cluster(ray, device)


def _check_reachable(address):
    """Refuse an address where nothing answers; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UserError(f"--ray {address}: is not an address; give host:port of the cluster's head (6379 is Ray's "
                        "usual port), `auto` or `local`")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, OverflowError):
        raise UserError(f"--ray {address}: no cluster answers there; start one with `ray start --head`, or use "
                        "--ray local") from None


class Cluster:
    """A Ray cluster that this process has joined, used as `framework.running.work.Here` is.

    `device` "auto" means GPUs if the cluster has any.
    """

    def __init__(self, ray: Any, device: str) -> None:
        self._ray = ray
        gpus = ray.cluster_resources().get("GPU", 0)
        if device not in ("auto", "cuda", "cpu") or device == "cuda" and not gpus:
            raise UserError(f"--device {device}: the cluster has {gpus:.0f} GPUs; with --ray, give auto, cuda or cpu")
        self.device = "cuda" if gpus and device != "cpu" else "cpu"
        cores = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        self._share = ({"num_cpus": 1, "num_gpus": 1} if self.device == "cuda" else
                       {"num_cpus": min([_CORES, *filter(None, cores)]), "num_gpus": 0})
        if not self.size:
            raise UserError("--ray: the cluster has no machine to work on; start some with `ray start --address`")

    def _machines(self):
        """How many workers each machine holds: dict of node id to int."""
        workers = {}
        for node in self._ray.nodes():
            if node["Alive"]:
                has = node["Resources"]
                workers[node["NodeID"]] = min(int(has.get(name, 0) // need) for name, need in (
                    ("CPU", self._share["num_cpus"]), ("GPU", self._share["num_gpus"])) if need)
        return {node: count for node, count in workers.items() if count}

    @property
    def size(self) -> int:
        """How many workers the cluster holds now."""
        return sum(self._machines().values())

    def __str__(self) -> str:
        return f"{self.size} {self.device} workers of a cluster"

    def agree(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """What ``question(device, *arguments)`` returns on each machine; `UserError` if two answers differ."""
        on = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        asked = [self._ray.remote(_answer).options(**self._share, scheduling_strategy=on(node, soft=False)).remote(
            question, self.device, *arguments) for node in self._machines()]
        since, waiting = time.monotonic(), asked
        with signals.deferred():  # within Ray, a signal would come out as another exception
            while waiting:
                waiting = self._ray.wait(waiting, num_returns=len(waiting), timeout=0.5)[1]
                signals.heed()
                if waiting and time.monotonic() - since > 60:
                    print("waiting for machines of the cluster that are busy or slow to start", file=sys.stderr)
                    since = float("inf")
            try:
                answers = [self._get(answer) for answer in asked]
            except _Lost as lost:
                raise UserError(f"--ray: a machine was lost ({lost}); run the same command again") from None
        first, agreed = answers[0]
        for machine, answer in answers:
            if answer != agreed:
                raise UserError(f"--ray: {first} computes in {agreed}, {machine} in {answer}; make them alike with "
                                "--device and --precision")
        return agreed

    def run(self, function: Callable, study: Any, items: Iterable[Any],
            leave_after: type = object) -> Iterator[tuple[Any, Any]]:
        """As `framework.running.work.run`."""
        ray = self._ray
        shared = ray.put((function, study))
        remote = ray.remote(_work).options(**self._share, num_returns="streaming", max_retries=0)
        items = iter(items)
        running: dict[Any, tuple[Any, int]] = {}  # an item's stream of messages -> the item, workers lost over it

        def give(item, losses=0):
            running[remote.remote([shared], item)] = item, losses

        try:
            with signals.deferred():  # within Ray, a signal would come out as another exception
                while True:
                    for item in itertools.islice(items, max(0, 2 * self.size - len(running))):  # machines come and go
                        give(item)
                    if not running:
                        break
                    ray.wait(list(running), timeout=0.5)  # until one has a message; there may be more
                    signals.heed()
                    for stream in ray.wait(list(running), num_returns=len(running), timeout=0)[0]:
                        item, losses = running[stream]
                        try:
                            kind, message = self._get(next(stream))
                        except StopIteration:
                            del running[stream]
                        except _Lost as lost:
                            del running[stream]
                            if losses == _LOSSES:
                                raise UserError(f"--ray: {losses + 1} workers were lost over the same work ({lost}); "
                                                "run the same command again to continue") from None
                            give(item, losses + 1)
                        else:
                            if kind == "said":
                                tqdm.write(message, file=sys.stderr)
                            else:
                                yield item, message
        finally:
            if ray.is_initialized():  # else the process is at its end, and Ray with it
                for stream in running:
                    ray.cancel(stream, force=True)

    def _get(self, reference):
        """What a worker sent, or what it raised as if it had been raised here."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            if any(reason in str(error.cause) for reason in ("failed to import", "No module named")):
                raise UserError("--ray: a machine lacks packages of requirements/cluster.txt, or has other versions of "
                                f"them ({str(error.cause).splitlines()[-1][:200]}); pip install -r "
                                "requirements/cluster.txt there") from None
            if isinstance(error.cause, (UserError, OSError)) or is_out_of_memory(error.cause):
                raise error.cause from None
            raise
        except errors.RuntimeEnvSetupError as error:
            raise UserError(f"--ray: a machine cannot unpack this code ({str(error).splitlines()[0][:200]}); pip "
                            "install -r requirements/cluster.txt there") from None
        except errors.RayError as error:
            raise _Lost(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}") from None


class _Lost(Exception):
    """A worker or its machine is gone."""


# ------------------------------------------------------------------------------------------------------ on the workers


def _answer(question, device, *arguments):
    return socket.gethostname(), question(device, *arguments)


@functools.lru_cache(maxsize=1)
def _unpack(shared):
    import ray

    return ray.get(shared)


def _work(shared, item):
    """An item's messages, interleaved with what was written to stderr."""
    function, study = _unpack(*shared)  # in a list, lest Ray unpack it for every item
    written = io.StringIO()

    def said():
        lines = written.getvalue().splitlines()
        written.seek(0)
        written.truncate()
        for line in lines:
            yield "said", f"{socket.gethostname()}: {line}"

    with contextlib.redirect_stderr(written), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that arrays from Ray are read-only
        for message in work.messages(function, study, item):
            yield from said()
            yield "message", message
        yield from said()
