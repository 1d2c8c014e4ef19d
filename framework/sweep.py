"""Which tasks of a study are left, and who does them."""

import contextlib
import fcntl
import os
from pathlib import Path

from framework import artifacts
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
    elsewhere : int
        How many of them were passed over so far.

    Raises
    ------
    UserError
        If an output was made with other settings and may not be replaced.
    """

    def __init__(self, tasks, path_of, settings_of, read_settings, overwrite=False):
        self._path_of, self._settings_of = path_of, settings_of
        self._read_settings, self._overwrite = read_settings, overwrite
        self._locks = {}
        self.elsewhere = 0
        self.left = [task for task in tasks if self._is_left(task)]

    def _is_left(self, task):
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
        return difference is not None

    def __iter__(self):
        for task in self.left:
            if not self._hold(task):
                self.elsewhere += 1
            elif self._is_left(task):  # another process may have finished it since the start
                yield task
            else:
                self.elsewhere += 1
                self.release(task)

    def _lock_path(self, task):
        path = Path(self._path_of(*task))
        return path.with_name(f".{path.name}.lock")

    def _hold(self, task):
        lock = self._lock_path(task)
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = open(lock, "a")
        try:
            # The operating system's lock ends with the process, however it ends.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._locks[task] = file
        return True

    def release(self, task):
        """Let go of a task, finished or not."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._lock_path(task))
        self._locks.pop(task).close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for task in list(self._locks):
            self.release(task)
