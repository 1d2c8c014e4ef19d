"""A script's command line: errors of one line, `--study`, `--config`, abbreviations, and help without libraries."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from framework.errors import UserError
from framework.files.opening import is_file_output


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, with `--study`, `--config` and abbreviations.

    `add_argument` adds to the step's own flags, which `--help` shows first, under `title`.
    """

    study: Path | None = None  # `--study` of this process, for the line that names the next step

    def __init__(self, description: str, epilog: str | None = None, title: str = "this step") -> None:
        super().__init__(usage="%(prog)s [flags]", description=description, epilog=epilog, formatter_class=_Formatter,
                         allow_abbrev=False, add_help=False)
        self._own = self.add_argument_group(title)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """Add one of the step's own flags."""
        return self._own.add_argument(*names, **options)

    def error(self, message: str) -> NoReturn:
        """Raise `UserError`: one line without the usage above it, so the user reads the mistake."""
        raise UserError(f"{message}; see {self.prog} --help")

    def parse(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:
        """Read the flags of the command line, and of the file that `--config` names.

        Each is an attribute under its first name; paths that are not given take their defaults, below `--study`.
        """
        group = self.add_argument_group("every script")
        add_path(group, "--study", help="folder of the study, put before every default path")
        add_path(group, "--config", metavar="FILE",
                 help="flags from a YAML file, `name: value`; command-line flags override the file; with --study DIR, "
                      "paths in the study's folder that the file names move to DIR")
        group.add_argument("-h", "--help", action="help", help="show this and exit")

        arguments = [self._in_full(argument) for argument in (sys.argv[1:] if arguments is None else arguments)]
        flags = self.parse_args(arguments)
        if flags.config:
            self._take_defaults_from(flags.config)
            self._move_defaults(flags.study)
            flags = self.parse_args(arguments)
        Parser.study = flags.study
        for action in self._actions:
            given, ends = getattr(flags, action.dest, None), getattr(action, "ends", "")
            if given is not None:
                if ends and given.suffix != ends:
                    self.error(f"{action.option_strings[0]} {given}: must end in {ends}")
                if action.metavar == "DIR" and isinstance(given, Path) and is_file_output(given):
                    self.error(f"{action.option_strings[0]} {given}: is a folder, so it must not end in {given.suffix}")
                continue
            if getattr(action, "needed", False):
                self.error(f"{action.option_strings[0]} must be given")
            if place := getattr(action, "place", None):
                setattr(flags, action.dest, in_study(flags, place.format(**vars(flags))))
        return flags

    def _in_full(self, argument):
        """An argument whose flag is spelled out: ``--sent=joy`` is ``--sentiment=joy``."""
        name, equals, value = argument.partition("=")
        known = self._option_string_actions
        if not name.startswith("--") or name in known:
            return argument
        meant = {action.option_strings[0] for option, action in known.items() if option.startswith(name)}
        if len(meant) > 1:
            self.error(f"{name} could be {' or '.join(sorted(meant))}")
        return meant.pop() + equals + value if meant else argument

    def _take_defaults_from(self, path):
        from framework.files.config import read_config

        names: dict[str, str] = {}
        for name, text in read_config(path).items():
            action = self._option_string_actions.get(f"--{name}")
            if action is None or action.dest in ("config", "help"):
                self.error(f"{path}: there is no flag --{name}")
            if names.setdefault(action.dest, name) != name:
                self.error(f"{path}: {names[action.dest]} and {name} are two names of one flag; leave one out")
            self.set_defaults(**{action.dest: self._value(path, name, action, text)})

    def _move_defaults(self, given):
        """Paths that a config file has in its study are meant in the study that the command line has `given`."""
        study = self.get_default("study")
        if given and study and study.parts:
            for action in self._actions:
                value = action.default
                if isinstance(value, Path) and study in value.parents:
                    self.set_defaults(**{action.dest: given / value.relative_to(study)})

    def _value(self, path, name, action, text):
        """The value of a flag in a config file; it is never taken for another flag."""
        if (action.nargs is None or action.nargs == 0) and isinstance(text, list):
            self.error(f"{path}: {name} takes one value, not a list")
        if action.nargs == 0:
            if text.lower() not in ("true", "false"):
                self.error(f"{path}: {name} must be true or false, not {text!r}")
            return text.lower() == "true"
        texts = text if isinstance(text, list) else [text]
        none = action.nargs == "+" and not texts and action.default != []  # [] may stand where it is the default
        if isinstance(action.nargs, int) and len(texts) != action.nargs or none:
            self.error(f"{path}: {name} takes {'one or more' if action.nargs == '+' else action.nargs} values")
        values = []
        for each in texts:
            try:
                values.append(action.type(each) if callable(action.type) else each)
            except (argparse.ArgumentTypeError, ValueError) as error:
                self.error(f"{path}: --{name}: {error}")
            if action.choices is not None and values[-1] not in action.choices:
                self.error(f"{path}: --{name}: {each!r} is none of {', '.join(map(str, action.choices))}")
        return values[0] if action.nargs is None else values


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=min(118, shutil.get_terminal_size().columns - 2))

    def _format_action_invocation(self, action):
        """The first name alone; aliases follow in the help's text."""
        if action.option_strings[0] == "-h":
            return "-h, --help"
        metavar = self._format_args(action, action.metavar or action.dest.upper()) if action.nargs != 0 else ""
        return f"{action.option_strings[0]} {metavar}".strip()

    def _get_help_string(self, action):
        text, default = action.help, action.default
        if getattr(action, "needed", False):
            text += " (required)"
        elif "(default:" not in text:
            if place := getattr(action, "place", None):
                text += f" (default: {place})"
            elif isinstance(default, (list, tuple)):  # as one types it
                text += f" (default: {' '.join(map(str, default))})"
            # "(default: None)" and "(default: False)" tell a reader nothing: such flags say in words what happens.
            elif default is not None and default is not False and default != argparse.SUPPRESS:  # 0 is shown
                text += " (default: %(default)s)"
        aliases = action.option_strings[1:]
        return f"{text}; also {', '.join(aliases)}" if aliases and aliases != ["--help"] else text


def add_path(group: Any, *names: str, default: str | None = None, required: bool = False,
             help: str, metavar: str = "DIR") -> None:  # noqa: A002
    """Add a flag that takes a path, to a parser or its group.

    `default` is a place in the study's folder, with other flags in braces; without it, a path not given is None. A
    `required` path may also come from the `--config` file. The metavar of a file is FILE, or FILE.csv if its name must
    end in .csv.
    """
    action = group.add_argument(*names, type=path, metavar=metavar, help=help)
    action.place, action.needed, action.ends = default, required, Path(metavar).suffix


def in_study(flags: argparse.Namespace, place: str) -> Path:
    """A default path: below `--study`, or in the working folder without it."""
    return (flags.study or Path()) / place


def path(text: str) -> Path:
    """An argparse type: a path that can be printed and written into a record."""
    if not text or any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text):
        shown = text.encode("utf-8", "replace").decode()
        raise argparse.ArgumentTypeError(f"{shown!r} is not a path of printable UTF-8 characters; rename "
                                         "the file or folder")
    if text.startswith("-"):
        raise argparse.ArgumentTypeError(f"{text!r} looks like a flag; write ./{text}")
    try:
        return Path(text).expanduser() if text.startswith("~/") else Path(text)  # a shell leaves a quoted ~ as it is
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"{text!r}: you have no home folder here; write the path in full") from None
