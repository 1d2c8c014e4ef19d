"""What the scripts share; no script imports another."""

import os
import sys
from pathlib import Path

from framework import interrupts

# oneDNN keeps what it compiles for the shapes it has met, a thousand of them at 1 MB each unless told otherwise.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
os.environ.setdefault("LRU_CACHE_CAPACITY", "64")


def _say_what_is_missing(kind, error, traceback):
    if not issubclass(kind, ModuleNotFoundError):
        return sys.__excepthook__(kind, error, traceback)
    print(f"{os.path.basename(sys.argv[0])}: {error}; the environment is not active: source .venv/bin/activate",
          file=sys.stderr)
    sys.exit(2)


# Every script imports this package before any other, since those are what a shell without the environment lacks.
sys.excepthook = _say_what_is_missing

# Only for the scripts, which take seconds to load: whoever imports this package keeps his own ways.
_script = getattr(sys.modules["__main__"], "__file__", None)
if _script and Path(_script).resolve().parent == Path(__file__).resolve().parents[1]:
    interrupts.leave_at_once()
