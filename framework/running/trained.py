"""The prompts that later steps start from, and the settings that these steps take from their records."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from framework.errors import UserError
from framework.files import names, prompts, texts
from framework.files.prompts import Prompt
from framework.files.record import digest
from framework.running import flags as known
from framework.tasks import LABEL_WORDS, Task

if TYPE_CHECKING:
    import torch

    from framework.model.loading import Loaded

# Training settings of the published prompts, which have no record.
_PUBLISHED = {"pretrained_model": "roberta-base", "label_words": [*LABEL_WORDS], "negatives": "published",
              "max_length": 256}


def tasks_there(flags: Namespace) -> list[Task]:
    """The tasks that have a prompt in `--checkpoint_dir`, or those of them that the flags name."""
    return known.choose(flags, names.task_files(flags.checkpoint_dir, ".pt"), flags.checkpoint_dir,
                        "train.py (step 1)")


def read(flags: Namespace) -> dict[Task, Prompt]:
    """Read the prompts in `--checkpoint_dir`, or those that the flags name.

    Flags that are not given take their values from training: `pretrained_model`, `label_words`, `negatives`,
    `max_length` and `dataset`, as far as the script has them.

    Raises
    ------
    UserError
        If there are no prompts, a named one is missing, prompts have different shapes, or a flag is missing in which
        their trainings differ. Other differences are printed.
    """
    trained = prompts.read_all(flags.checkpoint_dir, tasks_there(flags))
    (first, example), *_ = trained.items()
    for task, prompt in trained.items():
        if prompt.best_prompt.shape != example.best_prompt.shape:
            path = names.task_path(flags.checkpoint_dir, task, ".pt")
            raise UserError(f"{path}: its prompt has shape {list(prompt.best_prompt.shape)}, that of {first.name} "
                            f"{list(example.best_prompt.shape)}; keep prompts of different shapes in different folders")
    _fill_in(flags, trained)
    for task, prompt in trained.items():
        if difference := prompt.record.difference(example.record, without=("rounded_to",)):
            print(f"warning: {names.task_path(flags.checkpoint_dir, task, '.pt')} (here) and {first.name} (there) were "
                  f"trained differently ({difference}); what differs between them may come from this")
            break
    return trained


def take_defaults(flags: Namespace) -> dict[Task, Prompt]:
    """Set flags that are not given from the first prompt in `--checkpoint_dir`, if there is one.

    For work that needs a study's model and data but no prompt. Returns that prompt, unless `--pretrained_model` was
    given.
    """
    there = list(names.task_files(flags.checkpoint_dir, ".pt"))
    trained = prompts.read_all(flags.checkpoint_dir, there[:1])
    asked_model = flags.pretrained_model
    _fill_in(flags, trained)
    return {} if asked_model else trained


def _fill_in(flags, trained):
    for name in ("pretrained_model", "label_words", "negatives", "max_length", "dataset"):
        if name in flags:
            setattr(flags, name, _as_trained(flags, trained, name))


def _as_trained(flags, trained, name):
    """What a flag says or, without that, what the prompts were trained with."""
    asked = getattr(flags, name)
    recorded = {task: prompt.record.get(name, _PUBLISHED.get(name)) for task, prompt in trained.items()}
    first = next(iter(recorded.values()), _PUBLISHED.get(name))
    if name in ("pretrained_model", "dataset"):  # names, whose contents are compared elsewhere
        return asked or first or texts.default_dataset()
    for task, value in recorded.items():
        path = names.task_path(flags.checkpoint_dir, task, ".pt")
        if value != first and asked is None:
            raise UserError(f"{path}: was trained with --{name} {_shown(value)}, others with {_shown(first)}; give "
                            f"--{name} for all, or name prompts of one kind with --sentiment and --seed")
        if name == "label_words" and asked not in (None, value) and trained[task].record.get(name):
            raise UserError(f"{path}: was trained with --label_words {_shown(value)}, not {_shown(asked)}; "
                            "leave --label_words out")
    return asked or first


def _shown(value):
    return " ".join(value) if isinstance(value, list) else value


def trainings(trained: Mapping[Task, Prompt]) -> dict[Task, str]:
    """A digest of the settings that each prompt was trained with; published prompts, without a record, are alike."""
    return {task: digest(prompt.record.settings) for task, prompt in trained.items()}


def load_model(flags: Namespace, trained: Mapping[Task, Prompt], dtype: torch.dtype) -> Loaded:
    """Load `--pretrained_model`, on the CPU.

    Raises `UserError` if it cannot be loaded, is another model or version than the prompts were trained on, or prompts
    do not fit it.
    """
    from framework.model import loading

    loaded = loading.load(flags.pretrained_model, flags.label_words, dtype=dtype)
    for task, prompt in trained.items():
        path = names.task_path(flags.checkpoint_dir, task, ".pt")
        width = prompt.best_prompt.shape[1]
        if width != loaded.model.prompt_width:
            raise UserError(f"{path}: a prompt of width {width} does not fit --pretrained_model "
                            f"{flags.pretrained_model}, whose width is {loaded.model.prompt_width}; name the model "
                            "that it was trained with")
        if prompt.record.get("backbone", loaded.fingerprint) != loaded.fingerprint:
            raise UserError(f"{path}: was trained on {prompt.record.get('pretrained_model')}, and --pretrained_model "
                            f"{flags.pretrained_model} is another model or version of it; name the model that it "
                            "was trained on, or train again")
    return loaded

