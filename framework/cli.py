"""What every script's command line has in common: help, errors, exit status."""

import argparse
import errno
import math
import os
import signal
import sys

from tqdm import tqdm

from framework import interrupts
from framework.errors import UserError, is_out_of_memory
from framework.tasks import EMOTIONS, SEEDS


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line without the usage above it, so that the mistake is what the user reads."""
        raise UserError(f"{message}; see {self.prog} --help")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    def __init__(self, prog):
        super().__init__(prog, max_help_position=30, width=118)

    def _get_help_string(self, action):
        # "(default: None)" and "(default: False)" tell a reader nothing: such flags say in words what happens.
        if action.default is None or action.default is False or "(default:" in action.help:
            return action.help
        return super()._get_help_string(action)


def make_parser(description, epilog=None):
    """An argument parser whose help shows units and defaults and whose errors are one line."""
    return _Parser(description=description, epilog=epilog, formatter_class=_Formatter, allow_abbrev=False)


def run(main):
    """Call a script's `main` and turn whatever the user can mend into one line and exit status 2."""
    interrupts.catch_signals()
    try:
        main()
    except UserError as error:
        _leave(str(error), 2)
    except KeyboardInterrupt as interrupted:  # a library may have made a plain one of ours
        _leave("interrupted; everything finished so far is on disk, the same command goes on from there",
               128 + getattr(interrupted, "signum", signal.SIGINT))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _leave("out of memory: use smaller batches (--eval_batch_size, --tasks_per_batch) or a larger machine", 2)
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
                  }.get(error.errno)
        if reason is None:
            raise
        _leave(f"{error.filename or 'write failed'}: {reason}", 2)


def _leave(message, status):
    # Part of a message can be a damaged file's content: neither long nor unprintable when it gets here.
    message = "".join(character if character.isprintable() else "?" for character in " ".join(message.split()))
    message = message if len(message) <= 1000 else message[:997] + "..."
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(status)


# ------------------------------------------------------------------------------------------- flags of several scripts


def number(kind, least, name):
    """An argparse type: a number of `kind` (int or float) from `least`, `name` in error messages."""

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if value != "auto" and not least <= value < math.inf:
            raise argparse.ArgumentTypeError(f"{text!r} is not {name}")
        return value

    return parse


positive = number(int, 1, "a whole number from 1")
count = number(int, 0, "a whole number from 0")
positive_or_auto = number(lambda text: text if text == "auto" else int(text), 1, "`auto` or a whole number from 1")
nonnegative = number(float, 0.0, "a number from 0")


DEVICE_HELP = "auto (a GPU if there is one), cpu, cuda, cuda:1, mps"


def add_task_flags(parser):
    """`--sentiment` and `--random_seed`: which tasks."""
    parser.add_argument("--sentiment", nargs="+", default=list(EMOTIONS), choices=EMOTIONS, metavar="EMOTION",
                        help="emotions, one or more (default: all 27)")
    parser.add_argument("--random_seed", nargs="+", type=count, default=list(SEEDS), metavar="SEED",
                        help="seeds, one or more; each plays the role of a participant (default: the study's 12)")


def add_model_flags(parser):
    """`--pretrained_model` and `--checkpoint_dir`."""
    parser.add_argument("--pretrained_model", default="roberta-base", metavar="NAME",
                        help="a RoBERTa or another encoder: a name on the Hugging Face hub, a folder, or `backbone` for "
                             "the embedded one")
    parser.add_argument("--checkpoint_dir", default="./checkpoint", metavar="DIR", help="prompts, {emotion}-{seed}.pt")


def add_data_flags(parser):
    """`--dataset`, `--negatives` and `--max_length`: which rows."""
    parser.add_argument("--dataset", default="goemotions", metavar="NAME",
                        help="`goemotions` (from the hub), `demo`, or a folder with train, dev and test as .tsv or .csv")
    parser.add_argument("--negatives", default="published", choices=("published", "strict"),
                        help="rows beside the positives: drawn from all rows (as published), or from rows that lack "
                             "the emotion")
    parser.add_argument("--max_length", type=positive, default=256, metavar="TOKENS",
                        help="longer texts are cut to so many tokens, or to what the model holds beside the prompt")


def add_compute_flags(parser):
    """`--device`, `--precision` and `--eval_batch_size`: how it is computed."""
    parser.add_argument("--eval_batch_size", type=positive, metavar="ROWS",
                        help="rows in one evaluation pass (default: as many as memory takes)")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help=DEVICE_HELP)
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"),
                        help="of the frozen backbone; auto is bf16 where the hardware multiplies it natively")
    parser.add_argument("--overwrite", action="store_true", help="replace results that other settings made")


def add_sweep_flags(parser, save_seconds):
    """`--save_seconds` and `--status`: of tasks that take long."""
    parser.add_argument("--save_seconds", type=nonnegative, default=save_seconds, metavar="SECONDS",
                        help="how often unfinished tasks are saved; an interrupted run goes on from there")
    parser.add_argument("--status", action="store_true",
                        help="only say which tasks are done, under way, left and damaged; loads no model")


def add_ray_flag(parser):
    """`--ray`: on which machines."""
    parser.add_argument("--ray", metavar="ADDRESS",
                        help="spread over a Ray cluster: host:port, `auto` or `local` (docs/cluster.md)")


def tasks_of(flags):
    """The (emotion, seed) pairs that the flags name: emotion by emotion, each once."""
    return [(emotion, seed) for emotion in dict.fromkeys(flags.sentiment) for seed in dict.fromkeys(flags.random_seed)]


def task_bar(total, unit):
    """A progress bar whose description names the task under way."""
    return tqdm(total=total, unit=unit, dynamic_ncols=True, smoothing=0.05)
