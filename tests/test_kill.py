"""Steps that are killed at any moment, or asked to leave, go on where they were and end with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from framework import artifacts, cli, interrupts, sweep
from framework.errors import UserError
from tests.conftest import ROOT


def kill_steps(*flags):
    process = subprocess.run([sys.executable, str(ROOT / "tests" / "kill_steps.py"), *map(str, flags)], text=True,
                             capture_output=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_killed_steps_end_with_the_same_bytes():
    assert kill_steps("--step", 1, 3, 4, 5, 6, "--kills", 3).count(": 3 kills") == 5


@pytest.mark.slow
@pytest.mark.parametrize("step", (1, 3, 4, 5, 6))
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
    wait_for(lambda: artifacts.training_paths(tmp_path / "checkpoint"), process)
    process.send_signal(signum)
    began = time.monotonic()
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signum and time.monotonic() - began < 30
    assert "the same command goes on" in error and "Traceback" not in error
    state, _ = sorted((tmp_path / "checkpoint").iterdir())  # and the flags: no lock, nothing half written
    assert len(artifacts.read_training(state)["tasks"]) == 2
    if signum == signal.SIGTERM:
        status = script("train.py", *train_flags(tiny_model, 500), "--status").stdout
        assert "2 tasks: 0 done, 0 in progress, 2 left, 0 damaged" in status and "begun: fear-1 (" in status
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
        raise interrupts.Interrupted(signal.SIGINT)

    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(SystemExit, match="130"):
        cli.run(main, goes_on)
    for signum, handler in before.items():
        signal.signal(signum, handler)
    assert words in capsys.readouterr().err


def test_status_names_what_is_done_left_and_damaged(tmp_path, capsys):
    made = {"best_prompt": torch.zeros(4, 16), "best_acc": 0.5, "settings": {"lr": 0.1}}
    tasks = [("fear", 1), ("fear", 3), ("joy", 1), ("joy", 3), ("love", 1)]
    for emotion, seed in tasks[:3]:
        artifacts.write_checkpoint(artifacts.checkpoint_path(tmp_path, emotion, seed), made)
    artifacts.write_checkpoint(tmp_path / "fear-3.pt", made | {"settings": {"lr": 0.2}})
    (tmp_path / "joy-1.pt").write_bytes(b"")
    lock = artifacts.hold(sweep.lock_path(tmp_path / "joy-3.pt"))
    sweep.print_status(tasks, lambda *task: artifacts.checkpoint_path(tmp_path, *task),
                       lambda path: artifacts.read_checkpoint(path)["settings"], {("love", 1): "3 epochs"})
    lock.close()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["5 tasks: 2 done, 1 in progress, 1 left, 1 damaged", "in progress: joy-3",
                         "begun: love-1 (3 epochs)", "left: love-1"]
    assert any("fear-3.pt" in line and "lr is 0.1 there and 0.2 here" in line for line in lines[4:])
    assert any(line.startswith("damaged: ") and "joy-1.pt" in line for line in lines[4:])


def test_a_folder_is_of_one_setting(tmp_path):
    """Whichever tasks are named: those that stand in the folder count too."""
    artifacts.write_result(tmp_path / "fear-1.json", {
        "sentiment": "fear", "seed": 1, "best": 0.5, "settings": {"masks": "abc", "prompt": "a task's own"}})

    def check(tasks, **settings):
        return sweep.of_one_setting(tasks, lambda *task: artifacts.result_path(tmp_path, *task), settings,
                                    lambda path: artifacts.read_result(path)["settings"])

    differs = 'masks is "abc" there and "def" here'
    with pytest.raises(UserError, match=rf'fear-1.json.*{differs}.*another folder'), check([("joy", 3)], masks="def"):
        pass
    with check([("joy", 3), ("fear", 1)], masks="def"):  # left to the sweep, which replaces what is named
        pass
    (tmp_path / "fear-1.json").write_text("{")  # a damaged one, too
    with check([("fear", 1)], masks="abc"):
        pass
    (tmp_path / "fear-1.json").unlink()
    (tmp_path / "notes-1.json").write_text("a stray file")
    with (check([("joy", 3)], masks="abc"), check([("love", 1)], masks="abc"),
          pytest.raises(UserError, match=rf"another process works there.*{differs}"),
          check([("fear", 1)], masks="def")):
        pass
    (tmp_path / ".running-1234.lock").write_text("{")  # of a process that was killed, or is just beginning
    with check([("fear", 1)], masks="def"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["notes-1.json"]


def test_what_is_measured_to_replace_a_result_is_kept(tmp_path):
    path, ours = tmp_path / "fear-1.json", {"masks": "def"}
    artifacts.write_result(path, {"sentiment": "fear", "seed": 1, "best": 0.5, "settings": {"masks": "abc"}})
    artifacts.write_partial_result(path, {"best": 0.25, "settings": ours})

    def left(settings):
        return sweep.Sweep([("fear", 1)], lambda *task: artifacts.result_path(tmp_path, *task), lambda *task: settings,
                           lambda path: artifacts.read_result(path)["settings"], overwrite=True).left

    assert left(ours) == [("fear", 1)] and artifacts.read_partial_result(path, ours) == {"best": 0.25}
    assert left({"masks": "abc"}) == [] and not artifacts.partial_path(path).exists()


def test_evaluation_goes_on_at_the_masks_already_measured(tmp_path):
    path, made_with = tmp_path / "fear-1.json", {"masks": "abc", "prompt": "def"}
    artifacts.write_partial_result(path, {"best": 1.0, "valence_top5": 0.1 + 0.2, "settings": made_with})
    assert artifacts.read_partial_result(path, made_with) == {"best": 1.0, "valence_top5": 0.1 + 0.2}
    other = {**made_with, "masks": "other"}
    with pytest.raises(UserError, match="fear-1.json.partial: keeps what was measured with other settings"):
        artifacts.read_partial_result(path, other)
    assert artifacts.read_partial_result(path, other, overwrite=True) == {}
    assert artifacts.masks_measured(path) == 1
    changed = artifacts.partial_path(path).read_text().replace('"best": 1.0', '"best": 0.5')
    artifacts.partial_path(path).write_text(changed)
    assert artifacts.read_partial_result(path, made_with) == {}
    artifacts.partial_path(path).write_bytes(b"{")
    assert artifacts.read_partial_result(path, made_with) == {} and artifacts.masks_measured(path) == 0
