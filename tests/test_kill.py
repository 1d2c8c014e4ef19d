"""Steps that are killed at any moment, or asked to leave, go on where they were and end with the same bytes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from framework.files import prompts
from framework.running import script as scripts
from framework.running import signals
from framework.training.state import State
from tests.conftest import ROOT


def kill_steps(*flags):
    process = subprocess.run([sys.executable, str(ROOT / "tests" / "kill_steps.py"), *map(str, flags)], text=True,
                             capture_output=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_killed_steps_end_with_the_same_bytes():
    assert kill_steps("--kills", 3).count(": 3 kills") == 6


@pytest.mark.slow
@pytest.mark.parametrize("step", ("1", "3", "4", "5", "6", "effects"))
def test_thirty_kills(step):
    assert "30 kills" in kill_steps("--step", step, "--kills", 30)


def flags(tiny_model, *more):
    return ["--sentiment", "fear", "joy", "--random_seed", "1", "--pretrained_model", str(tiny_model), "--dataset=demo",
            "--checkpoint_dir=checkpoint", "--save_seconds=0", *more]


def train_flags(tiny_model, epochs):
    return flags(tiny_model, "--prompt_len=4", "--lr=0.05", f"--epochs={epochs}")


def start(name, more, folder):
    return subprocess.Popen([sys.executable, str(ROOT / name), *more], cwd=folder, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_leave_saves_and_says_how_to_go_on(script, tiny_model, tmp_path, signum):
    process = start("train.py", train_flags(tiny_model, 500), tmp_path)
    wait_for(lambda: prompts.state_paths(tmp_path / "checkpoint"), process)
    process.send_signal(signum)
    began = time.monotonic()
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signum and time.monotonic() - began < 30
    assert "the same command goes on" in error and "Traceback" not in error
    state, _ = (path for path in sorted((tmp_path / "checkpoint").rglob("*")) if path.is_file())
    assert len(State.from_bytes(state.read_bytes(), str(state)).tasks) == 1  # beside it the flags: no lock
    if signum == signal.SIGTERM:
        status = script("train.py", *train_flags(tiny_model, 500), "--status").stdout
        assert "2 tasks: 0 done, 0 in progress, 2 left, 0 damaged" in status and re.search(r"fear +\d+ epochs", status)
        refused = script("train.py", *train_flags(tiny_model, 400), status=2).stderr
        assert "epochs is 500 there and 400 here" in refused and state.name in refused
        script("train.py", *train_flags(tiny_model, 1), "--overwrite")
        made = sorted(path.name for path in (tmp_path / "checkpoint").iterdir())
        assert made == ["fear-1.pt", "joy-1.pt", "train.yaml"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_libraries_are_loading(tmp_path, signum):
    if not os.path.exists("/proc/self/maps"):
        pytest.skip("what a process has loaded is seen in /proc")
    process = start("rsa_searchlight.py", ["--attributes=ratings.csv"], tmp_path)
    wait_for(lambda: "numpy" in Path(f"/proc/{process.pid}/maps").read_text(), process)
    process.send_signal(signum)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signum
    assert error == "rsa_searchlight.py: interrupted before the work began; nothing was written\n"


def test_who_imports_the_package_keeps_his_handlers():
    code = "import signal; ours = signal.getsignal(2); import framework; assert signal.getsignal(2) is ours"
    for folder in (ROOT, ROOT / "docs"):
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True,
                       env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("goes_on, words", [(True, "same command goes on"), (False, "same command begins anew")])
def test_an_interrupted_script_says_what_the_same_command_does(capsys, goes_on, words):
    def main():
        raise signals.Interrupted(signal.SIGINT)

    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(SystemExit, match="130"):
        scripts.run(main, goes_on)
    for signum, handler in before.items():
        signal.signal(signum, handler)
    assert words in capsys.readouterr().err
