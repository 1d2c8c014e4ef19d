"""Steps that are killed at any moment, or asked to leave, go on where they were and end with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from framework.files import opening, prompts
from framework.running import groups, script, signals, status
from framework.tasks import Task
from framework.training import state as saved
from tests.conftest import ROOT


def kill_steps(*flags):
    process = subprocess.run([sys.executable, str(ROOT / "tests" / "kill_steps.py"), *map(str, flags)], text=True,
                             capture_output=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_killed_steps_end_with_the_same_bytes():
    assert kill_steps("--kills", 3).count(": 3 kills") == 6


@pytest.mark.slow
@pytest.mark.parametrize("step", ["1", "3", "4", "5", "6", "effects"])
def test_thirty_kills(step):
    assert "30 kills" in kill_steps("--step", step, "--kills", 30)


def flags(tiny_model, *more):
    return ["--sentiment", "fear", "joy", "--random_seed", "1", "--pretrained_model", str(tiny_model), "--dataset=demo",
            "--checkpoint_dir=checkpoint", "--save_seconds=0", *more]


def train_flags(tiny_model, epochs):
    return flags(tiny_model, "--prompt_len=4", "--lr=0.05", f"--epochs={epochs}")


def start(name, more, folder):
    # Few lines of the progress bar: nobody reads the pipe meanwhile.
    return subprocess.Popen([sys.executable, str(ROOT / name), *more], cwd=folder, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE,
                            env={**os.environ, "OMP_NUM_THREADS": "1", "TQDM_MININTERVAL": "1"})


def state_of(tasks, settings):
    """A state in which training has just begun."""
    prompts, *moments = (torch.zeros(len(tasks), 4, 16) for _ in range(3))
    return saved.State([saved.Progress(task) for task in tasks], prompts, *moments, [], 300, len(tasks), settings)


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize("signum, times", [(signal.SIGTERM, 200), (signal.SIGINT, 1)])
def test_a_signal_to_leave_saves_and_says_how_to_go_on(here, tiny_model, tmp_path, signum, times):
    process = start("train.py", train_flags(tiny_model, 500), tmp_path)
    wait_for(lambda: sum(int(epochs.split()[0]) for epochs in groups.begun(tmp_path / "checkpoint").values()) > 3,
             process)
    before = groups.begun(tmp_path / "checkpoint")
    for _ in range(times):
        process.send_signal(signum)
    began = time.monotonic()
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signum and time.monotonic() - began < 30
    assert "run the same command again to continue" in error.splitlines()[-1] and "Traceback" not in error
    assert sorted(path.name for path in (tmp_path / "checkpoint").iterdir()) == [".openneuron", "train.yaml"]
    paths = sorted((tmp_path / "checkpoint" / ".openneuron").iterdir())  # no locks, nothing half written
    assert paths == prompts.state_paths(tmp_path / "checkpoint")
    states = [saved.State.from_bytes(opening.read_bytes(path), path.name) for path in paths]
    assert sum(len(state.tasks) for state in states) >= len(before)
    if signum == signal.SIGTERM:
        said = here("train.py", *train_flags(tiny_model, 500), "--status").stdout
        assert "2 tasks: 0 done, 0 in progress, 2 left, 0 damaged" in said and "epochs" in said
        refused = here("train.py", *train_flags(tiny_model, 400), status=2).stderr
        assert "epochs is 500 there and 400 here" in refused and paths[0].name in refused
        here("train.py", *train_flags(tiny_model, 1), "--overwrite")
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
    assert error == ("rsa_searchlight.py: interrupted while libraries were loading; no file is half written; run "
                     "the same command again\n")


def test_who_imports_the_package_keeps_his_handlers():
    code = "import signal; ours = signal.getsignal(2); import framework; assert signal.getsignal(2) is ours"
    for folder in (ROOT, ROOT / "docs"):
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True,
                       env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("resumes, words", [
    (True, "run the same command again to continue"), (False, "run the same command again to start over")])
def test_an_interrupted_script_says_what_the_same_command_does(capsys, resumes, words):
    def main():
        raise signals.Interrupted(signal.SIGINT)

    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(SystemExit, match="130"):
        script.run(main, resumes)
    for signum, handler in before.items():
        signal.signal(signum, handler)
    assert words in capsys.readouterr().err


def test_a_signal_is_heeded_when_the_block_is_done_and_once(monkeypatch):
    before, now = signal.getsignal(signal.SIGTERM), 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    signals.catch()
    try:
        done = False
        with pytest.raises(signals.Interrupted), signals.deferred():
            for _ in range(200):
                signal.raise_signal(signal.SIGTERM)
            assert signals.waiting()
            done = True
        assert done
        signal.raise_signal(signal.SIGTERM)  # the same wish
        now += 2 * signals.PATIENCE
        with pytest.raises(signals.Interrupted), signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            now += 2 * signals.PATIENCE
            with pytest.raises(signals.Interrupted):  # who asks again after a while does not want to wait
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_table_of_tasks(capsys):
    tasks = [Task(concept, seed) for concept in ("fear", "joy") for seed in (1, 3, 42)]
    states = dict(zip(tasks, ("done", "done", "running", "left", "left", "damaged")))
    status.show(states, ["damaged: checkpoint/joy-42.pt"], {tasks[2]: "3 epochs", tasks[3]: "12 epochs"})
    assert capsys.readouterr().out.splitlines() == [
        "6 tasks: 2 done, 1 in progress, 2 left, 1 damaged",
        "                 1           3          42",
        "fear          done        done  > 3 epochs",
        "joy      12 epochs           .     damaged",
        "> in progress, . left; a number counts what an unfinished task has saved",
        "damaged: checkpoint/joy-42.pt"]
