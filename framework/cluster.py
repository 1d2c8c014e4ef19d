"""Spread work over the machines of a Ray cluster. Ray is optional: it is loaded here, and only when asked for.

What all the work needs is sent once and kept by Ray on each machine; a worker, one a GPU or one a few cores, unpacks it
once. After that only small items travel. Ray places them, and gives those whose machine is lost to another.
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

from framework import artifacts, interrupts, sweep
from framework.artifacts import PathLike
from framework.errors import UserError, is_out_of_memory

ROOT = Path(__file__).resolve().parents[1]  # where workers find this code

_OTHER_CODE = "--ray: {} has another version of this repository; bring it up to date there"
_CORES = 4  # of a worker without a GPU: more make a pass little faster, and each worker has a backbone in memory
_LOSSES = 10  # so many machines may be lost over one item; more, and the item is what kills them


def connect(address: str, device: str = "auto") -> Cluster:
    """Join a Ray cluster.

    Parameters
    ----------
    address : str
        What `--ray` was given: "host:port" of the cluster's head, "auto" for the cluster that this machine belongs
        to, or "local" for one that is started here and ends with this process.
    device : {"auto", "cuda", "cpu"}
        What `--device` was given. "auto" is the GPUs where the cluster has any.

    Returns
    -------
    Cluster

    Raises
    ------
    UserError
        If the package is missing, the cluster cannot be reached, or it has no such device.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else a warning about a default that will change
    try:
        import ray
    except ImportError:
        raise UserError("--ray: Ray is not installed; pip install -r requirements-cluster.txt") from None
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or _address_here()
    if address != "local":
        _check_reachable(address)
        _use_token_where_asked(ray, address)
    try:
        with interrupts.deferred():
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL,
                     job_config=ray.job_config.JobConfig(_py_driver_sys_path=[str(ROOT)]),
                     **({"include_dashboard": False} if address == "local" else {}))
    except Exception as error:  # Ray's own, of many kinds
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"--ray {address}: cannot be joined ({reason}); run this on a machine of the cluster, and give "
                        "the address that `ray start --head` printed there, `auto` or `local`") from None
    interrupts.catch_signals()  # Ray puts a door of its own in their place
    return Cluster(ray, device)


def _address_here():
    """Of the cluster that this machine belongs to."""
    from ray._private.services import get_ray_address_from_environment

    try:
        return get_ray_address_from_environment("auto", None)
    except ConnectionError:
        raise UserError("--ray auto: this machine belongs to no cluster; start one with `ray start --head`, give the "
                        "address of another, or use --ray local") from None


def _use_token_where_asked(ray, address):
    """Show a cluster the token that lies in this home, if it asks for one; one that does not, trips over it."""
    from ray._private.authentication import authentication_token_setup

    try:
        ray._raylet.GcsClient(address)
    except ray.exceptions.AuthenticationError:
        if not authentication_token_setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False):
            raise UserError(f"--ray {address}: asks for a token; copy ~/.ray/auth_token from where the cluster was "
                            "started") from None
    except Exception:  # of other kinds, `ray.init` tells more
        return


def _check_reachable(address):
    """Ray itself would try for minutes."""
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
    """A Ray cluster that this process has joined.

    Parameters
    ----------
    ray : module
    device : {"auto", "cuda", "cpu"}

    Attributes
    ----------
    device : {"cuda", "cpu"}
        What its workers compute on.
    """

    def __init__(self, ray: Any, device: str) -> None:
        self._ray = ray
        gpus = ray.cluster_resources().get("GPU", 0)
        if device not in ("auto", "cuda", "cpu") or device == "cuda" and not gpus:
            raise UserError(f"--device {device}: the cluster has {gpus:.0f} GPUs; with --ray it is auto, cuda or cpu")
        self.device = "cuda" if gpus and device != "cpu" else "cpu"
        cores = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        self._share = ({"num_cpus": 1, "num_gpus": 1} if self.device == "cuda" else
                       {"num_cpus": min([_CORES, *filter(None, cores)]), "num_gpus": 0})
        if not self._machines():
            raise UserError("--ray: the cluster has no machine to work on; start some with `ray start --address`")
        for machine, theirs in self.ask(artifacts.code):
            if theirs != artifacts.code():
                raise UserError(_OTHER_CODE.format(machine))

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

    def _on(self, node):
        return self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)

    def __str__(self) -> str:
        return f"{self.size} {self.device} workers of a cluster"

    def ask(self, question: Callable[..., Any], *arguments: Any) -> list[tuple[str, Any]]:
        """What a function of a module returns on each machine.

        Parameters
        ----------
        question : callable
            The machines must be able to import it, too.
        *arguments
            What it is called with.

        Returns
        -------
        list of (str, object)
            Each machine's name and answer.
        """
        asked = [self._ray.remote(_answer).options(**self._share, scheduling_strategy=self._on(node)).remote(
            question, arguments) for node in self._machines()]
        since, waiting = time.monotonic(), asked
        with interrupts.deferred():  # within Ray, a signal would come out as another exception
            while waiting:
                waiting = self._ray.wait(waiting, num_returns=len(waiting), timeout=0.5)[1]
                interrupts.heed()
                if waiting and time.monotonic() - since > 60:
                    print("waiting for machines of the cluster that are busy or slow to start", file=sys.stderr)
                    since = float("inf")
        return [self._result(answer) for answer in asked]

    def agree(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """`ask`, where all must answer the same; returns that answer.

        Raises
        ------
        UserError
            If two answers differ.
        """
        (first, agreed), *others = self.ask(question, *arguments)
        for machine, answer in others:
            if answer != agreed:
                raise UserError(f"--ray: {first} computes in {agreed}, {machine} in {answer}; make them alike with "
                                "--device and --precision")
        return agreed

    def check_shared(self, folder: PathLike) -> None:
        """Raise `UserError` unless every machine sees what this one writes in a folder."""
        with artifacts.marker(folder) as path:
            self.ask(check_seen, path)

    def map(self, work: Callable[..., Any], study: Any, items: Iterable[Any],
            bar: tqdm | None = None) -> Iterator[tuple[Any, Any]]:
        """Do `work` for each item on the workers of the cluster.

        An item whose worker is lost is done again by another. No more are taken from `items` than keep the workers
        busy.

        Parameters
        ----------
        work : callable (study, item) or, with a `bar`, (study, item, bar)
        study : object
            What every item needs; a worker keeps it, with whatever `work` has done to it.
        items : iterable
        bar : progress bar, optional
            Shows, for the whole cluster, what `work` tells the bars that it gets.

        Yields
        ------
        item, result
            In the order in which they are done.
        """
        with interrupts.deferred():  # within Ray, a signal would come out as another exception
            yield from self._map(work, study, items, bar)

    def _map(self, work, study, items, bar):
        ray = self._ray
        study = ray.put((work, study, artifacts.code()))
        remote = ray.remote(_work).options(**self._share, max_retries=_LOSSES)
        progress = None
        if bar is not None:
            here = self._on(ray.get_runtime_context().get_node_id())  # it must not be lost with another machine
            progress = ray.remote(_Progress).options(num_cpus=0, scheduling_strategy=here).remote()
            done, shown = {}, bar.n
        items = enumerate(items)
        running: dict[Any, Any] = {}
        time_to_look, room = sweep.Every(0.5), 2 * self.size

        def show():
            if progress is not None:
                latest, lines = ray.get(progress.take.remote())
                for number, (so_far, text) in latest.items():
                    done[number] = so_far  # not added up: work that is done again tells it again
                    bar.set_description(text, refresh=False)
                for line in lines:
                    bar.write(line, file=sys.stderr)
                bar.update(shown + sum(done.values()) - bar.n)

        try:
            while True:
                for number, item in itertools.islice(items, max(0, room - len(running))):
                    running[remote.remote([study], item, progress, number)] = item
                if not running:
                    break
                ray.wait(list(running), timeout=0.5)  # until one is done; there may be more
                for reference in ray.wait(list(running), num_returns=len(running), timeout=0)[0]:
                    yield running.pop(reference), self._result(reference)
                interrupts.heed()
                if time_to_look():
                    show()
                    room = 2 * self.size  # machines come and go
            show()
        finally:
            if ray.is_initialized():  # else the process is at its end, and Ray with it
                for reference in running:
                    ray.cancel(reference, force=True)

    def _result(self, reference):
        """What a worker returned, or what it raised as if it had been raised here."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            if any(reason in str(error.cause) for reason in ("failed to import", "No module named")):
                raise UserError(f"--ray: a machine cannot load this code; it must be in {ROOT} there too, with the "
                                "packages of requirements-cluster.txt") from None
            if isinstance(error.cause, (UserError, OSError)) or is_out_of_memory(error.cause):
                raise error.cause from None
            raise
        except errors.RayError as error:
            reason = str(error).split("\n")[0]
            raise UserError(f"--ray: the cluster lost work for good ({type(error).__name__}: {reason}); the same "
                            "command goes on") from None


# ------------------------------------------------------------------------------------------------------- on the workers


def check_seen(marker: Path) -> None:
    """Raise `UserError` unless this machine sees a file that another has made."""
    if not marker.exists():
        raise UserError(f"{marker.parent}: {socket.gethostname()} does not see what is written there; choose a folder "
                        "that all machines share, or pass --gather")


def _answer(question, arguments):
    return socket.gethostname(), question(*arguments)


@functools.lru_cache(maxsize=1)
def _unpack(study):
    import ray

    work, study, code = ray.get(study)
    if code != artifacts.code():  # of a machine that joined after `connect` had asked
        raise UserError(_OTHER_CODE.format(socket.gethostname()))
    return work, study


def _work(study, item, progress, number):
    work, study = _unpack(*study)  # in a list, lest Ray unpack it for every item
    if progress is None:
        return work(study, item)
    with _Bar(progress, number) as bar, contextlib.redirect_stderr(bar), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that what Ray has sent is read-only
        return work(study, item, bar)


class _Progress:
    """What workers have told since the driver looked last: how far each item has come, and lines to print."""

    def __init__(self) -> None:
        self._latest: dict[int, tuple[int, str]] = {}
        self._lines: list[str] = []

    def tell(self, number, done, text, lines):
        self._latest[number] = done, text
        self._lines += lines

    def take(self):
        taken = self._latest, self._lines
        self._latest, self._lines = {}, []
        return taken


class _Bar(io.TextIOBase):
    """What a worker has in place of a progress bar and of stderr: tells the driver's, once a second."""

    def __init__(self, progress: Any, number: int) -> None:
        self._progress, self._number, self._due = progress, number, sweep.Every(1)
        self._done, self._text, self._written = 0, "", ""

    def write(self, text):
        self._written += text
        return len(text)

    def update(self, done=1):
        self._done += done
        if self._due():
            self._tell()

    def set_description(self, text):
        self._text = text

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: object) -> None:
        import ray

        ray.get(self._tell())  # the last must not come after the result

    def _tell(self):
        lines, self._written = self._written.splitlines(), ""
        return self._progress.tell.remote(self._number, self._done, self._text,
                                          [f"{socket.gethostname()}: {line}" for line in lines])
