"""Step 1's groups: tasks that train together, and what interrupted runs saved of them.

Groups depend on the command alone: a fixed number of tasks each, in its order. Tasks that an interrupted run began
together stay together, so their prompts end up the same to the bit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from framework.errors import UserError
from framework.files import opening, prompts, writing
from framework.running.script import counted
from framework.tasks import Task

if TYPE_CHECKING:
    from framework.training.state import Finished, State


@dataclass(eq=False)
class Group:
    """The unfinished tasks of a group, and their latest state, from which any process can continue."""

    tasks: list[Task]
    state: State | None = None


class Groups:
    """The groups left in a folder of prompts, each held by this process; those that were begun come first.

    Use as a context manager, and iterate once.

    Parameters
    ----------
    folder : prompts.Folder
    tasks, left : list of Task
        All tasks of the command, concept by concept, and those without a finished prompt.
    most : int
        Tasks in a group.
    overwrite : bool
        Restart tasks that were begun with other settings; otherwise entering raises `UserError`.
    """

    def __init__(self, folder: prompts.Folder, tasks: Sequence[Task], left: Sequence[Task], most: int,
                 overwrite: bool = False) -> None:
        self._folder, self._tasks, self._left, self._most, self._overwrite = folder, tasks, left, most, overwrite
        self._begun: list[Group] = []
        self._reserved: set[Task] = set()
        self._saved: dict[Group, prompts.SavedState] = {}

    def __enter__(self) -> Groups:
        for path in prompts.state_paths(self._folder.folder):
            saved = prompts.SavedState(self._folder.folder, path)
            try:
                self._take_up(saved)
            except BaseException:  # a file that cannot be read now may still be whole
                saved.release()
                raise
        return self

    def __exit__(self, *error: object) -> None:
        for saved in self._saved.values():
            saved.release()

    def _take_up(self, saved):
        """Make a group from a saved state, if all its tasks are in this command."""
        state = _read(saved)
        theirs = [task for task in state.tasks if task in self._left] if state else []
        if not saved.held:  # another process trains them
            self._reserved.update(theirs)
            self._folder.elsewhere += len(theirs)
            return
        record = self._folder.record
        difference = state and record.difference(replace(record, settings=state.settings))
        if difference and theirs and not self._overwrite:
            raise UserError(f"{saved.path}: holds unfinished training with other settings ({difference}); pass "
                            "--overwrite to start it anew, or choose another folder")
        if state and not set(state.tasks) <= set(self._tasks):
            saved.release()  # kept for a run with all its tasks
            return
        theirs = [task for task in theirs if not difference and self._folder.claim(task)]
        if not theirs:
            saved.release(remove=True)
            return
        group = Group(theirs, state)
        self._begun.append(group)
        self._reserved.update(theirs)
        self._saved[group] = saved

    def __iter__(self) -> Iterator[Group]:
        yield from self._begun
        tasks = iter(self._tasks)
        while together := list(islice(tasks, self._most)):
            free = [task for task in together if task in self._left and task not in self._reserved]
            group = Group([task for task in free if self._folder.claim(task)])
            if group.tasks:
                self._saved[group] = prompts.SavedState(self._folder.folder)
                yield group

    def save(self, group: Group, state: State) -> None:
        """Keep the latest state of a group, from which an interrupted run goes on."""
        state.settings = self._folder.record.settings
        writing.write_bytes(self._saved[group].path, state.to_bytes())
        group.state = state

    def write(self, group: Group, finished: Finished) -> None:
        """Write a finished prompt; the group's state must have been saved since its task ended."""
        self._folder.write(*finished)
        self._folder.release(finished.task)
        self.end(group, finished.task)

    def end(self, group: Group, task: Task) -> None:
        """Take a task out of its group. One that diverged stays held, so that no other process trains it as well."""
        group.tasks.remove(task)
        if not group.tasks:
            self._saved.pop(group).release(remove=True)


def _read(saved):
    """A saved state; None if it is gone or damaged. Damage is reported."""
    from framework.training.state import State

    try:
        data = opening.read_bytes(saved.path)
    except UserError:
        if saved.path.exists():
            raise
        return None
    try:
        return State.from_bytes(data, str(saved.path))
    except UserError:
        if saved.held:
            print(f"{saved.path}: is damaged; its tasks start anew", file=sys.stderr)
        return None


def begun(folder: opening.PathLike) -> dict[Task, str]:
    """How many epochs are saved of tasks that are under way or were interrupted, for `--status`."""
    from framework.training.state import State

    found = {}
    for path in prompts.state_paths(folder):
        try:
            state = State.from_bytes(opening.read_bytes(path), str(path))
        except UserError:  # damaged, or gone meanwhile
            continue
        found.update({progress.task: counted(progress.epoch, "epoch") for progress in state.group})
    return found
