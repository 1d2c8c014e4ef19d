"""`--status`: how far the tasks of a folder are, as a table of concepts by seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from framework.files.taskfolder import Progress
from framework.tasks import Task


def show(tasks: Sequence[Task], found: Progress, begun: Mapping[Task, str]) -> None:
    """Print the table, and a line for each file that is damaged or of other settings.

    Parameters
    ----------
    tasks : list of Task
    found : Progress
        As of `framework.files.taskfolder.progress`.
    begun : dict of Task to str
        What is saved of tasks that are not finished, in a few characters: ``12 ep``.
    """
    damaged = len(tasks) - len(found.done) - len(found.running) - len(found.left)
    print(f"{len(tasks)} tasks: {len(found.done)} done, {len(found.running)} in progress, {len(found.left)} left, "
          f"{damaged} damaged")
    marks = {**{task: "damaged" for task in tasks}, **{task: begun.get(task, ".") for task in found.left},
             **{task: f"> {begun.get(task, '')}".strip() for task in found.running},
             **{task: "done" for task in found.done}}
    concepts, seeds = (list(dict.fromkeys(names)) for names in zip(*tasks))
    first = max(map(len, concepts)) + 2
    width = max(*(len(mark) for mark in marks.values()), *(len(str(seed)) for seed in seeds)) + 2
    print(" " * first + "".join(f"{seed:>{width}}" for seed in seeds))
    for concept in concepts:
        print(f"{concept:<{first}}" + "".join(f"{marks.get(Task(concept, seed), ''):>{width}}" for seed in seeds))
    print("> in progress, . left" + (", and what is saved of those that are not done" if begun else ""))
    for problem in found.problems:
        print(problem)
