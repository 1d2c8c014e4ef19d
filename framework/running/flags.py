"""The flags of the scripts: one name for one thing, every old name accepted, `--help` without loading libraries.

A script begins like this::

    from framework.running import flags, script

    def parse_flags():
        parser = flags.Parser("Step 5: make masks of the best-ranked neurons, and random ones.")
        parser.add_argument("--draws", "--random_draws", type=flags.positive, default=99, metavar="R", help="...")
        flags.add_path(parser, "--ranks", "--CSV_Path", default=flags.RANKS, metavar="FILE", help="ranks of step 4")
        flags.add_task_flags(parser)                                                          # flags of several scripts
        return parser.parse()

`--help` shows a flag's first name, which is also its attribute in the parsed flags; further names are aliases from
older versions and the study. Paths are `pathlib.Path`; their defaults are below the folder that `--study` names.
Every script has `--study`, `--config` and `--help`, and accepts unambiguous abbreviations of flags. Import torch,
transformers and pandas after `parse_flags()`, so `--help` takes less than a second.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.errors import UserError
from framework.files.names import in_one_form, task_files
from framework.running.parser import Parser, add_path, in_study
from framework.tasks import LABEL_WORDS, SEEDS, Task

__all__ = ["Parser", "add_path", "in_study"]

# Where the steps' files stand in a study's folder. In braces: other flags of the same script.
CHECKPOINTS = "checkpoint"
ACTIVATIONS = "active_neuron_{activation_mode}_csv"
RANKS = "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv"
MASKS = "masks/RSA_14property_top_500_6000.pkl"
RESULTS = "eval_mask_neuron_result/{masks.stem}"
KINDS = {"effect_results": "eval_mask_neuron_result/effect_top_500_6000",
         "layer_matched_results": "eval_mask_neuron_result/RSA_14property_layer_matched",
         "activation_matched_results": "eval_mask_neuron_result/RSA_14property_activation_matched"}
EFFECTS = "neuron_effect_csv"
STATISTICS = "active_neuron_statistics.csv"
PLACES = {"checkpoint_dir": CHECKPOINTS, "activation_dir": ACTIVATIONS.format(activation_mode="before_relu"),
          "ranks": RANKS, "masks": MASKS, "results": RESULTS.format(masks=Path(MASKS)), "effects": EFFECTS,
          "statistics": STATISTICS, **KINDS}
RANKED = {"14Properties": "14property", "3Spaces": "3space"}  # --mode -> what stands in place of 14property in RANKS


def ranks_of(flags: argparse.Namespace) -> Path:
    """`--ranks`, by default the file of step 4's `--mode`."""
    return flags.ranks or in_study(flags, RANKS.replace("14property", RANKED[flags.mode]))


def layers_of(flags: argparse.Namespace, recorded: int | None, source: Path) -> int:
    """How many layers the neurons of `source` come from: `--num_layers`, else what its record says, else 12."""
    num_layers = flags.num_layers or recorded or 12
    if recorded not in (None, num_layers):
        raise UserError(f"--num_layers {num_layers}: {source} is of a model of {recorded} layers; leave --num_layers "
                        "out")
    return num_layers


def study_of(name: str, place: Path) -> Path | None:
    """The study's folder in which `place` is the default path of the flag `name`; None if it is another path."""
    usual = Path(PLACES.get(name, "\0"))
    if place.parts[-len(usual.parts):] != usual.parts:
        return None
    return Path(*place.parts[: -len(usual.parts)])


def take_what_is_there(flags: argparse.Namespace, places: Mapping[str, str]) -> None:
    """Set flags that are not given to their places in the study's folder, if those exist.

    Published results, if named, stand in place of the study's own.
    """
    published = getattr(flags, "attribute_results", None) or getattr(flags, "random_results", None)
    for name, place in places.items():
        if getattr(flags, name) is not None or published and name in ("results", "masks", *KINDS):
            continue
        path = in_study(flags, place)
        # A folder of results may have none yet.
        if task_files(path, ".json") if name in ("results", *KINDS) and path.is_dir() else path.exists():
            setattr(flags, name, path)


def as_given(flags: argparse.Namespace) -> dict[str, Any]:
    """The flags that determine a run, for its record and for `--config`: JSON values, without those that are None."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in vars(flags).items()
            if value is not None and name not in ("config", "overwrite", "status")}


# --------------------------------------------------------------------------------------------------- kinds of values


def number(kind: Callable[[str], Any], least: float, what: str, most: float = sys.float_info.max) -> Callable:
    """An argparse type: a number from `least` to `most`; the error says that it is not `what`.

    `kind` parses the text, as int or float do; it may return "auto", which passes unchecked.
    """

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if value != "auto" and not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is not {what}")
        return value

    return parse


positive = number(int, 1, "a whole number from 1 to 10^9", 10**9)
count = number(int, 0, "a whole number from 0 to 10^9", 10**9)
samples = number(int, 0, "a whole number from 0 to 10000", 10_000)  # columns of a table
seed = number(int, 0, "a whole number from 0 to 4294967295", 2**32 - 1)  # the limit of numpy.random.RandomState
text_length = number(int, 3, "a whole number from 3 (the tokens that begin and end a text, and one between)", 10**9)
positive_or_auto = number(lambda text: text if text == "auto" else int(text), 1,
                          "`auto` or a whole number from 1 to 10^9", 10**9)
nonnegative = number(float, 0.0, "a number from 0")
gigabytes = number(float, 0.0, "a number from 0 to 10^6", 1e6)
fraction = number(float, 0.0, "a number from 0 to 1", 1.0)
finite = number(float, -3.4e38, "a number from -3.4e38 to 3.4e38", 3.4e38)


def prompt_init(text: str) -> str:
    """An argparse type: what prompts start from."""
    if text not in ("normal", "mask", "words") and not text.startswith("text:"):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is none of normal, mask, words, text:...")
    return text


# -------------------------------------------------------------------------------------------- flags of several scripts


def add_task_flags(parser: Parser, default: str = "all that the input holds") -> None:
    """`--sentiment` and `--seed`: which tasks. None where they are not given."""
    group = parser.add_argument_group("tasks")
    group.add_argument("--sentiment", "--concept", nargs="+", type=in_one_form, metavar="CONCEPT",
                       help=f"concepts (in GoEmotions: emotions), one or more (default: {default})")
    group.add_argument("--seed", "--random_seed", nargs="+", type=seed, metavar="SEED",
                       help="seeds, one or more; each plays the role of a participant (default: "
                            f"{'1 3 5 7 9 11 13 15 17 19 42 100' if default == 'all of the data' else default})")


def add_model_flags(parser: Parser, as_trained: bool = True) -> None:
    """`--pretrained_model`, `--label_words`, `--checkpoint_dir`; with `as_trained`, None means as in training."""
    group = parser.add_argument_group("model")
    group.add_argument("--pretrained_model", default=None if as_trained else "roberta-base", metavar="NAME",
                       help="an encoder or a decoder: a name on the Hugging Face hub, a folder, or `backbone` for the "
                            "small one of this repository" + _as_trained(as_trained))
    group.add_argument("--label_words", nargs=2, default=None if as_trained else [*LABEL_WORDS],
                       metavar=("NO", "YES"),
                       help="the model's two answers, each a single token of its vocabulary" + _as_trained(as_trained))
    add_path(group, "--checkpoint_dir", default=CHECKPOINTS, help="prompts, {concept}-{seed}.pt")


def add_data_flags(parser: Parser, as_trained: bool = True) -> argparse._ArgumentGroup:
    """`--dataset`, `--negatives` and `--max_length`: which rows. Returns their group, for further flags."""
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", metavar="NAME",
                       help="a folder with train, dev and test as .tsv or .csv, `goemotions` (from the hub), or `demo` "
                       + (_as_trained(True).strip() if as_trained else
                          "(default: data/goemotions where that folder is, else goemotions)"))
    group.add_argument("--negatives", default=None if as_trained else "published", choices=("published", "strict"),
                       help="other half of a task's rows, beside its positives; published: drawn from all rows; "
                            "strict: from rows that lack the concept" + _as_trained(as_trained))
    group.add_argument("--max_length", type=text_length, default=None if as_trained else 256, metavar="TOKENS",
                       help="longer texts are cut to this many tokens, or to what fits into the model with the prompt"
                            + _as_trained(as_trained))
    return group


def _as_trained(wanted):
    return " (default: as in training)" if wanted else ""


def add_rows_flags(group: argparse._ArgumentGroup) -> None:
    """`--split` and `--max_rows`: which rows of a task are measured."""
    group.add_argument("--split", default="dev", choices=("dev", "test"),
                       help="rows to measure on: dev chose each prompt's best epoch, unless train.py had --select "
                            "none; test chose nothing")
    pairs = number(int, 2, "a whole number from 2 (one positive row and one other) to 10^9", 10**9)
    group.add_argument("--max_rows", type=pairs, metavar="N",
                       help="at most this many rows of each task, half of them positive; each concept and seed has its "
                            "own, the same ones every time (default: all)")


def add_machine_flags(parser: Parser, precision: bool = True, eval_batch_size: bool = False,
                      ray: bool = False) -> argparse._ArgumentGroup:
    """`--device` and, where asked for, `--precision`, `--eval_batch_size` and `--ray`. Returns their group."""
    group = parser.add_argument_group("machine")
    group.add_argument("--device", default="auto", metavar="DEVICE",
                       help="auto (an NVIDIA GPU if there is one, else cpu), cpu, cuda, cuda:1, mps")
    if precision:
        group.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"),
                           help="number format of the frozen model; auto: bf16 where the hardware multiplies it "
                                "natively, else fp32")
    if eval_batch_size:
        group.add_argument("--eval_batch_size", type=positive, metavar="ROWS",
                           help="at most this many rows in one evaluation pass (default: what fits into memory or "
                                "caches)")
    if ray:
        group.add_argument("--ray", metavar="ADDRESS",
                           help="spread the work over a Ray cluster: host:port, `auto` or `local` (docs/cluster.md)")
    return group


def add_overwrite_flag(parser: Parser, what: str) -> None:
    """`--overwrite`: replace `what` (such as "ranks") made with other settings."""
    group = parser.add_argument_group("existing files")
    group.add_argument("--overwrite", action="store_true",
                       help=f"replace {what} that this tool made with other settings; other files are never touched")


def add_sweep_flags(parser: Parser, save_seconds: float | None) -> None:
    """`--overwrite`, `--status` and, unless `save_seconds` is None, `--save_seconds`, for a folder of tasks."""
    add_overwrite_flag(parser, "the named tasks' files")
    group = parser.add_argument_group("progress")
    group.add_argument("--status", action="store_true",
                       help="only show which tasks are done, in progress, left and damaged; loads no model")
    if save_seconds is not None:
        group.add_argument("--save_seconds", type=nonnegative, default=save_seconds, metavar="SECONDS",
                           help="seconds between saves of unfinished tasks, from which an interrupted run continues")


def add_comparison_flags(parser: Parser) -> None:
    """`--test`, `--intervention` and `--permutations`, for what figures and page say about masks and effects."""
    parser.add_argument("--test", choices=("unit", "study"), default="unit",
                        help="test of masks; unit: with the mask as the unit; study: the study's t-test, which counts "
                             "pairs that share a mask as independent")
    parser.add_argument("--intervention", metavar="NAME",
                        help="which intervention of --results to show: zero (or float), mean, resample, scale0.5 ... "
                             "(default: zero, else the first)")
    # If one attribute of A stands out alone, its q is at least A / (M + 1): 0.014 for 14 attributes.
    parser.add_argument("--permutations", type=positive, default=999, metavar="M",
                        help="permutations of the concepts' labels, to test effect against resemblance")


def add_source_flags(parser: Parser) -> None:
    """Inputs of figures and page: people's data, results, and results of further kinds of masks (`KINDS`)."""
    group = parser.add_argument_group("data from people, which set the order of concepts")
    add_path(group, "--attributes", metavar="FILE",
             help="ratings or distances, as for rsa_searchlight.py (default: those of a study's step 4)")
    add_path(group, "--concept_order", "--emotion_order", metavar="FILE",
             help="the concepts of the distances, one per line")
    add_path(group, "--similarity", metavar="FILE", help="the mean judgement of any two concepts of --concept_order, "
             "as for compare_people.py")
    group = parser.add_argument_group("results")
    add_path(group, "--results", "--resultPath", help="what step 6 wrote")
    add_path(group, "--attribute_results", help="instead of --results: the published accuracies under the attributes' "
             "masks (happy_top1500 ...)")
    add_path(group, "--random_results", help="the same under random masks (happy_random1500 ...)")
    add_path(group, "--accuracy", metavar="FILE", help="the same without a mask: a CSV table "
             "sentiment,random_seed,accuracy (default: those in --attribute_results)")
    group = parser.add_argument_group("further results, for what each kind of mask costs")
    words = ("of neurons ranked by effect", "whose random neurons are matched by layer",
             "whose random neurons are matched by layer and activity")
    for (name, place), kind in zip(KINDS.items(), words):
        add_path(group, f"--{name}", help=f"what step 6 wrote for masks {kind} (default, with --study or where no file "
                 f"is named: {place}, if it is there)")


# ------------------------------------------------------------------------------------------------------- which tasks


def tasks_of(flags: argparse.Namespace, concepts: Sequence[str], source: str) -> list[Task]:
    """The tasks to make of a data set: its concepts by the study's seeds, or those that the flags name.

    Raises `UserError` if the data, called `source` in the error, lack a named concept.
    """
    for concept in flags.sentiment or ():
        if concept not in concepts:
            raise UserError(f"--sentiment {concept}: {source} has no such concept; it has {', '.join(concepts)}")
    return [Task(concept, each) for concept in dict.fromkeys(flags.sentiment or concepts)
            for each in dict.fromkeys(flags.seed or SEEDS)]


def choose(flags: argparse.Namespace, there: Iterable[Task], folder: Path, made_by: str) -> list[Task]:
    """The tasks in a folder that the flags name, or all.

    Raises `UserError` if a named one is missing or the folder has none; the error says that `made_by` makes them.
    """
    there = sorted(there)
    if not there:
        raise UserError(f"{folder}: holds no files {{concept}}-{{seed}}; {made_by} makes them")
    if flags.sentiment and flags.seed:
        asked = [Task(concept, each) for concept in dict.fromkeys(flags.sentiment)
                 for each in dict.fromkeys(flags.seed)]
        for task in asked:
            if task not in there:
                raise UserError(f"{folder}: has no {task.name}; {made_by} makes it, or name with --sentiment and "
                                "--seed those that are there")
        return asked
    for name, at in (("sentiment", 0), ("seed", 1)):
        for value in getattr(flags, name) or ():
            if value not in {task[at] for task in there}:
                raise UserError(f"--{name} {value}: {folder} has no file for it; {made_by} makes it")
    return [task for task in there if task.concept in (flags.sentiment or [task.concept])
            and task.seed in (flags.seed or [task.seed])]
