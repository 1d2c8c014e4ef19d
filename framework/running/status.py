"""`--status`: how far the tasks of a folder are, as a table of concepts by seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from framework.running.script import counted
from framework.tasks import Task


def show(states: Mapping[Task, str], problems: Sequence[str], begun: Mapping[Task, str]) -> None:
    """Print the table, and a line for each problem, both as `framework.files.taskfolder.progress` finds them.

    `begun` is what is saved of unfinished tasks, in a few characters: ``12 epochs``.
    """
    count = Counter(states.values())
    print(f"{counted(len(states), 'task')}: {count['done']} done, {count['running']} in progress, "
          f"{count['left']} left, {count['damaged']} damaged")
    marks = {task: begun.get(task, ".") if state == "left" else f"> {begun.get(task, '')}".strip()
             if state == "running" else state for task, state in states.items()}
    concepts, seeds = (list(dict.fromkeys(names)) for names in zip(*states))
    first = max(map(len, concepts)) + 2
    width = max(*(len(mark) for mark in marks.values()), *(len(str(seed)) for seed in seeds)) + 2
    print(" " * first + "".join(f"{seed:>{width}}" for seed in seeds))
    for concept in concepts:
        print(f"{concept:<{first}}" + "".join(f"{marks.get(Task(concept, seed), ''):>{width}}" for seed in seeds))
    print("> in progress, . left" + ("; a number counts what an unfinished task has saved" if begun else ""))
    for problem in problems:
        print(problem)
