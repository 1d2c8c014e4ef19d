"""What the scripts share; no script imports another."""

import os
import sys
from pathlib import Path

from framework.running import signals

# By default, oneDNN keeps compiled code for a thousand shapes, at 1 MB each.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
os.environ.setdefault("LRU_CACHE_CAPACITY", "64")


def _say_what_is_missing(kind, error, traceback):
    if not issubclass(kind, ModuleNotFoundError):
        return sys.__excepthook__(kind, error, traceback)
    active = sys.prefix != sys.base_prefix or os.environ.get("CONDA_DEFAULT_ENV", "base") != "base"
    remedy = ("install what is missing: pip install -r requirements.txt" if active else
              "the environment is not active: source .venv/bin/activate")
    print(f"{os.path.basename(sys.argv[0])}: {error}; {remedy}", file=sys.stderr)
    sys.exit(2)


# Only for the scripts: other importers keep their own settings. Scripts import this package before any other, since a
# shell without the environment lacks the others, and they take seconds to load.
_script = getattr(sys.modules["__main__"], "__file__", None)
if _script and Path(_script).resolve().parent == Path(__file__).resolve().parents[1]:
    sys.excepthook = _say_what_is_missing
    signals.leave_at_once()
    # Reopen a closed stream (`>&-`), or a file opened later would take its place.
    for _number, _name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, _name) is None:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, _name, open(_number, "r" if _number == 0 else "w"))  # noqa: SIM115
