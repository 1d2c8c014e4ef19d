"""Fixtures that the tests share."""

import contextlib
import functools
import io
import os
import runpy
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared():
    """The folder of reference data beside the repository; tests that need it are skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the reference data (../shared) are not beside this checkout")
    return SHARED


@pytest.fixture
def script(tmp_path):
    """Run a script of the repository as a user does, in an empty folder; returns the finished process."""

    def run(name, *flags, status=0, cwd=tmp_path, **options):
        process = subprocess.run([sys.executable, str(ROOT / name), *map(str, flags)], cwd=cwd, text=True,
                                 capture_output=True, timeout=600, **options)
        assert process.returncode == status, f"exit status {process.returncode}\n{process.stdout}\n{process.stderr}"
        assert "Traceback" not in process.stderr, process.stderr
        return process

    return run


def run_here(folder, name, *flags, status=0):
    """Run a script as a user does, but in this process, which has the libraries loaded; returns what it printed."""
    handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    arguments, before, ended = sys.argv, os.getcwd(), 0
    out, error = io.StringIO(), io.StringIO()
    os.chdir(folder)
    sys.argv = [str(ROOT / name), *map(str, flags)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as leaving:
        ended = leaving.code or 0
    finally:
        os.chdir(before)
        sys.argv = arguments
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
    assert ended == status, f"exit status {ended}\n{out.getvalue()}\n{error.getvalue()}"
    return SimpleNamespace(stdout=out.getvalue(), stderr=error.getvalue())


@pytest.fixture
def here(tmp_path):
    """`run_here` in an empty folder."""
    return functools.partial(run_here, tmp_path)


@pytest.fixture(scope="session")
def golden(shared):
    """What the study's own program computed with a tiny model."""
    return shared / "golden" / "A"


@pytest.fixture(scope="session")
def goemotions(shared):
    """The official files of GoEmotions."""
    return shared / "data" / "goemotions"


@pytest.fixture(scope="session")
def published_accuracy(shared, tmp_path_factory):
    """The study's accuracies under masks: a folder with `attribute` and `random`."""
    folder = tmp_path_factory.mktemp("published")
    with tarfile.open(shared / "data/published/masked_accuracy.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    return folder / "masked_accuracy"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A folder with a tiny random RoBERTa that has the small model's tokenizer; 2 layers of 32 neurons."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny_model"))


def make_tiny_model(folder, seed=0):
    """Make the model of the fixture `tiny_model` in a folder; returns the folder."""
    import torch
    from transformers import AutoTokenizer, RobertaConfig, RobertaForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(ROOT / "backbone")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=80, type_vocab_size=1, initializer_range=0.5, pad_token_id=tokenizer.pad_token_id)
    RobertaForMaskedLM(config).save_pretrained(folder)
    return folder
