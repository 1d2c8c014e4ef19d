"""The flags of a run as YAML, to be used again with `--config`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from framework.errors import UserError
from framework.files import opening, writing
from framework.files.opening import PathLike

_MOST = 1 << 24  # bytes


def write_config(path: PathLike, flags: dict[str, Any], command: str) -> None:
    """Write flags, under a comment with the command that uses them again.

    A file that we did not write, or that was edited since, is kept; one line on stderr says so.
    """
    path = Path(path)
    # JSON values are valid YAML, and each fits on its flag's line.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}\n" for name, value in flags.items()]
    text = f"# {' '.join(command.split())}\n{''.join(lines)}"
    # YAML takes these for line ends, or does not allow them.
    text = re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    body = text.encode(errors="backslashreplace")
    with writing.lock(path.parent, path.name, wait=True):
        if os.path.lexists(path) and not _is_ours(path):
            print(f"{path}: is not as an earlier run wrote it, so the flags of this run are not saved; move the "
                  "file away to save them", file=sys.stderr)
        else:
            writing.write_bytes(path, _seal(body) + body)


def _seal(body):
    return f"# flags of a run, sha256 {hashlib.sha256(body).hexdigest()}\n".encode()


def _is_ours(path):
    try:
        seal, _, body = opening.read_bytes(path, _MOST).partition(b"\n")
    except UserError:
        return False
    return seal + b"\n" == _seal(body)


class _Loader(yaml.BaseLoader):
    """No tags, merge keys or numbers: nothing runs code or grows, and the label word `no` stays a word."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key in (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key in seen:
                raise ValueError(f"{key!r} appears twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_config(path: PathLike) -> dict[str, str | list[str]]:
    """The flags in a YAML file of at most 16 MiB: dict of str to text or a list of texts, as on the command line.

    Flags without a value are left out.
    """
    try:
        flags = yaml.load(opening.read_text(path, _MOST), _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not valid YAML ({error}); write a line `flag: value` for each flag") from None
    if not isinstance(flags, dict):
        raise UserError(f"{path}: holds no flags; write a line `flag: value` for each")
    for name, value in flags.items():
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, str):
                raise UserError(f"{path}: {str(name)[:60]!r} is neither a value nor a list of values; write it as "
                                "`flag: value` or `flag: [value, value]`")
            if re.match("-+[A-Za-z]", part):
                raise UserError(f"{path}: {part[:60]!r} is a value of {str(name)[:60]!r}, but looks like a flag; write "
                                "each flag on a line of its own")
    return {name: value for name, value in flags.items() if value != ""}
