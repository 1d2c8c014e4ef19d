"""Which tasks of a study are left, who does them, and how far those have come that were interrupted."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from framework import artifacts, interrupts
from framework.artifacts import PathLike
from framework.errors import UserError


class Sweep:
    """The tasks of one step on one folder: which are left, and which of them this process does.

    Iterate to get the tasks left, each held by this process until `release`; a task that another process holds is
    passed over, so that several processes can share a folder. Use as a context manager.

    Parameters
    ----------
    tasks : list of (emotion, seed)
    path_of : callable (emotion, seed) -> path
        Where a task's output is.
    settings_of : callable (emotion, seed) -> dict
        What this run makes a task's output with.
    read_settings : callable (path) -> dict
        Reads what an output was made with.
    overwrite : bool
        Do tasks again whose output was made with other settings.

    Attributes
    ----------
    left : list of (emotion, seed)
        The tasks that had no output at the start.
    reserved : set of (emotion, seed)
        Tasks that do not come up in the iteration.
    elsewhere : int
        How many tasks in the hands of other processes were passed over so far.

    Raises
    ------
    UserError
        If an output was made with other settings and may not be replaced.
    """

    def __init__(
            self, tasks: Sequence[tuple[str, int]], path_of: Callable[[str, int], PathLike],
            settings_of: Callable[[str, int], dict[str, Any]], read_settings: Callable[[Path], dict[str, Any]],
            overwrite: bool = False,
    ):
        self._path_of, self._settings_of = path_of, settings_of
        self._read_settings, self._overwrite = read_settings, overwrite
        self._locks: dict[tuple[str, int], TextIO] = {}
        self.reserved: set[tuple[str, int]] = set()
        self.elsewhere = 0
        for folder in {Path(path_of(*task)).parent for task in tasks}:
            artifacts.remove_leftovers(folder)
        self.left = [task for task in tasks if self.is_left(task)]

    def is_left(self, task: tuple[str, int]) -> bool:
        """Whether a task has no output yet, or one that is to be replaced.

        Raises
        ------
        UserError
            If it has one that cannot be read or was made with other settings, and may not be replaced.
        """
        path = Path(self._path_of(*task))
        if not path.exists():
            return True
        try:
            difference = artifacts.first_difference(self._settings_of(*task), self._read_settings(path))
        except UserError:
            if not self._overwrite:
                raise
            return True
        if difference and not self._overwrite:
            raise UserError(f"{path}: was made with other settings ({difference}); "
                            "pass --overwrite to replace it, or choose another folder")
        if not difference:
            artifacts.partial_path(path).unlink(missing_ok=True)  # a kill left it beside the whole one
        return difference is not None

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for task in self.left:
            if task not in self.reserved and self.claim(task):
                yield task

    def claim(self, task: tuple[str, int]) -> bool:
        """Hold a task; False if it is in the hands of another process, or was finished by one since the start."""
        lock = artifacts.hold(lock_path(self._path_of(*task)))
        if lock is None:
            self.elsewhere += 1
            return False
        self._locks[task] = lock
        if not self.is_left(task):
            self.release(task)
        return task in self._locks

    def release(self, task: tuple[str, int]) -> None:
        """Let go of a task, finished or not."""
        artifacts.let_go(lock_path(self._path_of(*task)), self._locks.pop(task))

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, *error: Any) -> None:
        for task in list(self._locks):
            self.release(task)


@contextlib.contextmanager
def of_one_setting(
        tasks: Sequence[tuple[str, int]], path_of: Callable[[str, int], PathLike], settings: dict[str, Any],
        read_settings: Callable[[Path], dict[str, Any]],
) -> Iterator[None]:
    """Make outputs in a folder; refuse to where other settings made those of other tasks, or a process makes them now.

    Parameters
    ----------
    tasks : list of (emotion, seed)
        Those of this run.
    path_of, read_settings
        As of `Sweep`.
    settings : dict
        What all tasks are made with.

    Raises
    ------
    UserError
        If settings differ.
    """
    example = Path(path_of(*tasks[0]))
    running = lock_path(example.with_name(f"running-{secrets.token_hex(4)}"))
    lock = artifacts.wait_for(running)
    try:
        # Each says what it makes before it looks what others make: of two that begin together one sees the other.
        print(json.dumps(settings), file=lock, flush=True)
        for path in set(example.parent.glob(".running-*.lock")) - {running}:
            theirs = settings
            with contextlib.suppress(UserError):  # it has just begun and will see us, or it has just ended
                theirs = artifacts.read_json(path) if _is_held(path) else settings
            difference = artifacts.first_difference(settings, theirs)
            if difference:
                raise UserError(f"{example.parent}: another process works there with other settings ({difference}); "
                                "choose another folder, or wait for its end")
        others = {task: path for task, path in artifacts.task_files(example.parent, example.suffix).items()
                  if task not in tasks}
        for path in others.values():
            # Every task has a prompt of its own.
            theirs = {name: value for name, value in read_settings(path).items() if name != "prompt"}
            difference = artifacts.first_difference(settings, theirs)
            if difference:
                raise UserError(f"{path}: stands in the same folder and was made with other settings ({difference}); "
                                "choose another folder, or name all of its tasks and pass --overwrite")
        yield
    finally:
        artifacts.let_go(running, lock)


def lock_path(output: PathLike) -> Path:
    """Where the process that makes an output holds a lock."""
    return Path(output).with_name(f".{Path(output).name}.lock")


@contextlib.contextmanager
def alone(output: PathLike) -> Iterator[None]:
    """Make an output, a file or a folder of files with one record, as the only process that does so.

    Raises
    ------
    UserError
        If another process is making it.
    """
    lock_file = lock_path(artifacts.settings_path(output))
    lock = artifacts.hold(lock_file)
    if lock is None:
        raise UserError(f"{output}: another process is making it; wait for its end, or choose another name")
    try:
        yield
    finally:
        artifacts.let_go(lock_file, lock)


class Every:
    """True when asked first after so many seconds since it last was, by a clock that nobody sets."""

    def __init__(self, seconds: float):
        self._seconds, self._last = seconds, time.monotonic()

    def __call__(self) -> bool:
        """Whether it is time again."""
        due = time.monotonic() - self._last >= self._seconds
        if due:
            self._last = time.monotonic()
        return due


class SavedTraining:
    """Training under way, kept beside the checkpoints so that an interrupted run goes on where it was.

    A state is a hidden file, ``.training-{...}.state``, one for each process. Use as a context manager: within it a
    signal to leave is heeded in `save`, after a step.

    Parameters
    ----------
    folder : path-like
        Of the checkpoints.
    settings : dict
        What the prompts are trained with.
    tasks : list of (emotion, seed)
        All tasks of this run; a state that has others too is left to a run of those.
    todo : Sweep
        Its `reserved` tasks become those that `take_up` will come to.
    seconds : float
        Save so often.
    overwrite : bool
        Drop what was trained with other settings.

    Raises
    ------
    UserError
        If a task was begun with other settings and may not be begun anew.

    Attributes
    ----------
    begun : dict of path to set of (emotion, seed)
        The states that `take_up` will come to, and what they are of.
    """

    def __init__(
            self, folder: PathLike, settings: dict[str, Any], tasks: Sequence[tuple[str, int]], todo: Sweep,
            seconds: float, overwrite: bool = False,
    ):
        self._folder, self._settings, self._todo = Path(folder), settings, todo
        self._due = Every(seconds)
        self._path: Path | None = None
        self._lock: TextIO | None = None
        self.begun: dict[Path, set[tuple[str, int]]] = {}
        for path in artifacts.training_paths(folder):
            if _is_held(lock_path(path)):  # by a process that is at it
                continue
            try:
                state = artifacts.read_training(path)
            except UserError as error:
                if isinstance(error.__context__, OSError) and path.exists():
                    raise  # what cannot be read now may be whole
                print(f"{error}; its tasks begin anew", file=sys.stderr)
                self._remove(path)
                continue
            begun = {(task["emotion"], task["seed"]) for task in [*state["tasks"], *state["ended"]]}
            difference = artifacts.first_difference(settings, state["settings"])
            if difference and begun & set(todo.left) and not overwrite:
                raise UserError(f"{path}: keeps training that was begun with other settings ({difference}); pass "
                                "--overwrite to begin it anew, or choose another folder")
            if begun <= set(tasks):
                if difference or not begun & set(todo.left):
                    self._remove(path)
                else:
                    self.begun[path] = begun
                    todo.reserved |= begun

    def take_up(self) -> Iterator[dict[str, Any] | None]:
        """Yield the states that interrupted runs left, one after another, or None where there is none to go on from."""
        new = True
        for path in self.begun:
            lock = artifacts.hold(lock_path(path))
            if lock is None:
                self._todo.elsewhere += len(self.begun[path] & set(self._todo.left))
            else:
                self._path, self._lock = path, lock
                if path.exists():  # not taken up and finished by another process in between
                    new = False
                    yield {**artifacts.read_training(path), "path": path}
                self._done()
        if new:
            yield None
            self._done()

    def save(self, state: Callable[[], dict[str, Any]], last: bool = False) -> bool:
        """Save what `state()` returns, if it is time, or the last, or a signal came; returns whether it was saved."""
        if not (self._due() or last or self._interrupted()):
            return False
        if self._path is None:
            self._path = artifacts.new_training_path(self._folder)
            self._lock = artifacts.wait_for(lock_path(self._path))
        artifacts.write_training(self._path, {**state(), "settings": self._settings})
        if self._interrupted():
            interrupts.heed()
        return True

    def _done(self):
        if self._path is not None and self._lock is not None:
            self._path.unlink(missing_ok=True)
            artifacts.let_go(lock_path(self._path), self._lock)
            self._path = self._lock = None

    def _remove(self, path):
        lock = artifacts.hold(lock_path(path))
        if lock is not None:
            path.unlink(missing_ok=True)
            artifacts.let_go(lock_path(path), lock)

    def __enter__(self) -> SavedTraining:
        self._deferral = interrupts.deferred()
        self._interrupted = self._deferral.__enter__()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        if self._path is not None and self._lock is not None:
            artifacts.let_go(lock_path(self._path), self._lock)
        return self._deferral.__exit__(*error)


def print_status(
        tasks: Sequence[tuple[str, int]], path_of: Callable[[str, int], PathLike],
        read_settings: Callable[[Path], dict[str, Any]], begun: dict[tuple[str, int], str],
) -> None:
    """Print which tasks are done, under way, left and damaged, and where settings differ among those done.

    Parameters
    ----------
    tasks : list of (emotion, seed)
    path_of, read_settings
        As of `Sweep`.
    begun : dict of (emotion, seed) to str
        Tasks that are not done but have something saved, and what.
    """
    done, running, left, problems, first = [], [], [], [], None
    for task in tasks:
        path = Path(path_of(*task))
        if path.exists():
            try:
                settings = read_settings(path)
            except UserError as error:
                problems.append(f"damaged: {error}")
                continue
            done.append(task)
            first = first or (path, settings)
            difference = artifacts.first_difference(settings, first[1])
            if difference:
                problems.append(f"other settings: {path} and {first[0]} ({difference}, in this order)")
        elif _is_held(lock_path(path)):
            running.append(task)
        else:
            left.append(task)
    interrupted = [task for task in left if task in begun]
    print(f"{len(tasks)} tasks: {len(done)} done, {len(running)} in progress, {len(left)} left, "
          f"{len(tasks) - len(done) - len(running) - len(left)} damaged")
    for name, found in (("in progress", running), ("begun", interrupted), ("left", left)):
        if found:
            print(f"{name}: " + ", ".join(f"{emotion}-{seed}" + (f" ({begun[emotion, seed]})" if name != "left" and
                                                                 (emotion, seed) in begun else "")
                                          for emotion, seed in found))
    for problem in problems:
        print(problem)


def _is_held(lock):
    if not lock.exists():
        return False
    file = artifacts.hold(lock)
    if file is None:
        return True
    artifacts.let_go(lock, file)
    return False
