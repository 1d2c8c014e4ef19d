"""What every script's command line has in common: help, errors, exit status."""

import argparse
import errno
import io
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import configargparse
import pandas as pd
from tqdm import tqdm

from framework import artifacts, interrupts
from framework.errors import UserError, is_out_of_memory
from framework.tasks import EMOTIONS, SEEDS


class _ConfigFile(configargparse.ConfigFileParser):
    """The flags in a YAML file, as configargparse takes them: text, and lists for flags of several values."""

    def parse(self, stream):
        return artifacts.read_config(stream.name)


class _Parser(configargparse.ArgumentParser):
    def error(self, message):
        """One line without the usage above it, so that the mistake is what the user reads."""
        raise UserError(f"{message}; see {self.prog} --help")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=34, width=min(118, shutil.get_terminal_size().columns - 2))

    def _get_help_string(self, action):
        if action.required:
            return f"{action.help} (must be given)"
        # "(default: None)" and "(default: False)" tell a reader nothing: such flags say in words what happens.
        if action.default is None or action.default is False or "(default:" in action.help:
            return action.help
        if isinstance(action.default, list):  # as one types it
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        return super()._get_help_string(action)


def make_parser(description: str | None, epilog: str | None = None) -> argparse.ArgumentParser:
    """An argument parser with `--config`, whose help shows units and defaults and whose errors are one line.

    Parameters
    ----------
    description, epilog : str, optional
        What `--help` says before and after the flags.
    """
    parser = _Parser(usage="%(prog)s [flags]", description=description, epilog=epilog, formatter_class=_Formatter,
                     allow_abbrev=False, config_file_parser_class=_ConfigFile, config_file_open_func=_open_config,
                     add_config_file_help=False)
    parser.add_argument("--config", metavar="FILE", is_config_file=True,
                        help="flags from a YAML file, `name: value`; those on the command line go first")
    return parser


def _open_config(path):
    named = io.StringIO()  # configargparse wants it open; `artifacts.read_config` reads it
    named.name = path
    return named


def write_config(flags: argparse.Namespace, output: artifacts.PathLike) -> None:
    """Write the flags of a run, for `--config`: ``X.yaml`` beside ``X.csv``, ``{script}.yaml`` in a folder of outputs.

    Left out is what was not given and has no default, and what says how to treat what is there.

    Parameters
    ----------
    flags : argparse.Namespace
    output : path-like
        What the run makes: a file (.csv, .pkl, .html) or a folder.
    """
    output, script = Path(output), Path(sys.argv[0])
    path = output.with_suffix(".yaml") if artifacts.is_file(output) else output / f"{script.stem}.yaml"
    artifacts.write_config(path, _used(flags), f"python {script.name} --config {path}")


def _used(flags):
    return {name: value for name, value in vars(flags).items()
            if value is not None and name not in ("config", "overwrite", "status")}


def prepare_drawn(flags: argparse.Namespace, output: artifacts.PathLike, more: dict[str, Any] | None = None) -> None:
    """Record what figures or a page are made from: flags, digests of the inputs they name, versions, and `more`.

    Earlier ones are replaced: what can be drawn again is not lost.

    Parameters
    ----------
    flags : argparse.Namespace
    output : path-like
        The page (.html), or the folder of figures.
    more : dict, optional
        What else made it: JSON values.
    """
    inputs = {name: artifacts.input_digest(path) for name, path in _used(flags).items()
              if name in _INPUTS and os.path.exists(path)}
    artifacts.prepare_output(output, {"made_by": Path(sys.argv[0]).name, "flags": _used(flags), "inputs": inputs,
                                      **(more or {})}, overwrite=True)


_INPUTS = ("rank", "results", "attribute_results", "random_results", "accuracy", "maskPath", "weights", "attributes",
           "emotion_order", "similarity", "activation_dir", "checkpoint_dir")


def run(main: Callable[[], None], goes_on: bool = False) -> None:
    """Call a script's `main` and turn whatever the user can mend into one line and exit status 2.

    The exit status of an interrupted run is 128 + the signal's number.

    Parameters
    ----------
    main : callable ()
    goes_on : bool
        Whether the same command goes on with an interrupted run or begins it anew, which its last line says.
    """
    interrupts.catch_signals()
    try:
        main()
    except UserError as error:
        _leave(str(error), 2)
    except KeyboardInterrupt as interrupted:  # a library may have made a plain one of ours
        left = ("everything finished so far is on disk, the same command goes on from there" if goes_on else
                "nothing is half written, the same command begins anew")
        _leave(f"interrupted; {left}", 128 + getattr(interrupted, "signum", signal.SIGINT))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _leave("out of memory, with passes as small as they go: close other programs, or use a larger machine", 2)
    except BrokenPipeError:
        # The reader of our output (head, less) went away; that is no error of the user's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        # A full disk or a folder without permission: nothing is half written, since every write is renamed at its end.
        reason = {errno.ENOSPC: "the disk is full: free some space and run the same command again",
                  errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
                  errno.EROFS: "the file system is read-only: choose another output folder",
                  errno.ENOLCK: "the file system has no locks: choose another output folder",
                  errno.EACCES: "no permission: choose another folder or mend its permissions",
                  errno.ENOTDIR: "a file stands where a folder is needed: remove it or choose another folder",
                  errno.EISDIR: "a folder stands where a file is needed: remove it or choose another name",
                  }.get(error.errno or 0)  # an error that Python raised by itself has no number
        if reason is None and error.filename is None:
            raise
        _leave(f"{error.filename or 'write failed'}: {reason or error.strerror}", 2)


def _leave(message, status):
    # Part of a message can be a damaged file's content: neither long nor unprintable when it gets here.
    message = "".join(character if character.isprintable() else "?" for character in " ".join(message.split()))
    message = message if len(message) <= 1000 else message[:997] + "..."
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(status)


# ------------------------------------------------------------------------------------------- flags of several scripts


def number(kind: Callable[[str], Any], least: float, name: str,
           most: float = sys.float_info.max) -> Callable[[str], Any]:
    """An argparse type: a number in a range.

    Parameters
    ----------
    kind : callable (str) -> number or "auto"
        Such as int or float; raises ValueError for what is none. "auto" is let through.
    least, most : float
        The range, both ends included.
    name : str
        What is expected, for the error: ``'x' is not {name}``.
    """

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if value != "auto" and not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {name}")
        return value

    return parse


positive = number(int, 1, "a whole number from 1")
count = number(int, 0, "a whole number from 0")
seed = number(int, 0, "a whole number from 0 to 4294967295", 2**32 - 1)  # what numpy's older generator takes
text_length = number(int, 3, "a whole number from 3 (the tokens that begin and end a text, and one between)")
positive_or_auto = number(lambda text: text if text == "auto" else int(text), 1, "`auto` or a whole number from 1")
nonnegative = number(float, 0.0, "a number from 0")


DEVICE_HELP = "auto (a GPU of NVIDIA's if there is one), cpu, cuda, cuda:1, mps"


def add_task_flags(parser: argparse.ArgumentParser) -> None:
    """`--sentiment` and `--random_seed`: which tasks."""
    group = parser.add_argument_group("tasks")
    group.add_argument("--sentiment", nargs="+", default=list(EMOTIONS), choices=EMOTIONS, metavar="EMOTION",
                       help="emotions, one or more (default: all 27)")
    group.add_argument("--random_seed", nargs="+", type=seed, default=list(SEEDS), metavar="SEED",
                       help="seeds, one or more; each plays the role of a participant (default: the study's 12)")


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """`--pretrained_model` and `--checkpoint_dir`."""
    group = parser.add_argument_group("model")
    group.add_argument("--pretrained_model", default="roberta-base", metavar="NAME",
                       help="a RoBERTa or another encoder: a name on the Hugging Face hub, a folder, or `backbone` "
                            "for the embedded one")
    group.add_argument("--checkpoint_dir", default="./checkpoint", metavar="DIR", help="prompts, {emotion}-{seed}.pt")


def add_data_flags(parser: argparse.ArgumentParser, as_trained: bool = False) -> None:
    """`--dataset`, `--negatives` and `--max_length`: which rows.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    as_trained : bool
        Whether `--negatives` and `--max_length` are None where not given: `model.loading.trained_with` then says
        what the prompts were trained with.
    """
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", default="goemotions", metavar="NAME",
                       help="`goemotions` (from the hub), `demo`, or a folder with train, dev and test as .tsv or "
                            ".csv")
    as_before = " (default: as in training)" if as_trained else ""
    group.add_argument("--negatives", default=None if as_trained else "published", choices=("published", "strict"),
                       help="rows beside the positives: drawn from all rows (as published), or from rows that lack "
                            "the emotion" + as_before)
    group.add_argument("--max_length", type=text_length, default=None if as_trained else 256, metavar="TOKENS",
                       help="longer texts are cut to so many tokens, or to what the model holds beside the prompt"
                            + as_before)


def add_compute_flags(parser: argparse.ArgumentParser) -> None:
    """`--device`, `--precision` and `--eval_batch_size`: how it is computed."""
    group = parser.add_argument_group("machine")
    group.add_argument("--eval_batch_size", type=positive, metavar="ROWS",
                       help="rows in one evaluation pass, at most (default: what memory or caches take)")
    group.add_argument("--device", default="auto", metavar="DEVICE", help=DEVICE_HELP)
    group.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"),
                       help="of the frozen backbone; auto is bf16 where the hardware multiplies it natively")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace these tasks' results that other settings made; a folder is of one setting, so "
                             "name all of its tasks")


def add_sweep_flags(parser: argparse.ArgumentParser, save_seconds: float) -> None:
    """`--save_seconds`, with its default, and `--status`: of tasks that take long."""
    parser.add_argument("--save_seconds", type=nonnegative, default=save_seconds, metavar="SECONDS",
                        help="how often unfinished tasks are saved, to go on from there")
    parser.add_argument("--status", action="store_true",
                        help="only say which tasks are done, under way, left and damaged; loads no model")


def add_ray_flag(parser: argparse.ArgumentParser) -> None:
    """`--ray`: on which machines."""
    parser.add_argument("--ray", metavar="ADDRESS",
                        help="spread over a Ray cluster: host:port, `auto` or `local` (docs/cluster.md)")


def add_result_flags(parser: argparse.ArgumentParser) -> None:
    """`--results`, or the published ones instead: `--attribute_results`, `--random_results` and `--accuracy`."""
    group = parser.add_argument_group("results")
    group.add_argument("--results", metavar="DIR", help="accuracies under the masks that step 6 wrote")
    group.add_argument("--attribute_results", metavar="DIR", help="instead of --results: the published accuracies "
                       "under the attributes' masks (happy_top1500 ...)")
    group.add_argument("--random_results", metavar="DIR", help="and under random ones (happy_random1500 ...)")
    group.add_argument("--accuracy", metavar="FILE", help="and without a mask: a CSV table "
                       "sentiment,random_seed,accuracy (default: what is written in --attribute_results)")


def read_results(flags: argparse.Namespace) -> tuple[pd.DataFrame, str] | tuple[None, None]:
    """The table of accuracies under masks, our own or published.

    Parameters
    ----------
    flags : argparse.Namespace
        With those of `add_result_flags`.

    Returns
    -------
    results : pandas.DataFrame or None
        As of `framework.artifacts.read_results`; None where no flag names any.
    folder : str or None
        The folder to name in errors.

    Raises
    ------
    UserError
        If flags do not go together, or what they name cannot be read.
    """
    published = flags.attribute_results, flags.random_results
    if any(published) and (flags.results or not all(published)):
        raise UserError("--attribute_results and --random_results go together, and without --results")
    if flags.accuracy and not any(published):
        raise UserError("--accuracy goes with --attribute_results and --random_results")
    if flags.results:
        return artifacts.read_results(flags.results), flags.results
    if any(published):
        return artifacts.read_published_results(*published, flags.accuracy), flags.attribute_results
    return None, None


def tasks_of(flags: argparse.Namespace) -> list[tuple[str, int]]:
    """The (emotion, seed) pairs that the flags name: emotion by emotion, each once."""
    return [(emotion, seed) for emotion in dict.fromkeys(flags.sentiment) for seed in dict.fromkeys(flags.random_seed)]


def asked_tasks(flags: argparse.Namespace) -> str:
    """`--sentiment` and `--random_seed` as a following step needs them: words to print, none where all are meant."""
    return "".join(f" --{name} {' '.join(map(str, values))}" for name, values, all_of_them in (
        ("sentiment", flags.sentiment, EMOTIONS), ("random_seed", flags.random_seed, SEEDS))
        if set(values) != set(all_of_them))


def task_bar(total: int, unit: str) -> tqdm:
    """A progress bar whose description names the task under way."""
    return tqdm(total=total, unit=unit, dynamic_ncols=True, smoothing=0.05)
