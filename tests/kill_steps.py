"""Kill a step (SIGKILL) at random moments, start it again each time, and compare all it wrote with an undisturbed run.

    python tests/kill_steps.py --step 1 --kills 30

Prints one line of figures, or what went wrong, with exit status 1. The processes are forked from this one, which has
the libraries loaded but has computed nothing, so a start takes no time.
"""

import argparse
import os
import random
import runpy
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from tqdm import tqdm

os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.conftest import make_tiny_model  # noqa: E402

TASKS = ["--sentiment", "fear", "joy", "grief", "pride", "--random_seed", "1", "3"]
MODEL = ["--pretrained_model", "tiny_model"]


def steps(save_seconds):
    """Each step's command and the outputs that it makes."""
    return {
        "1": (["train.py", *TASKS, *MODEL, "--dataset=demo", "--prompt_len=4", "--epochs=3", "--lr=0.05",
               "--tasks_per_batch=2", f"--save_seconds={save_seconds}"],
              ["checkpoint", "goemotions_prompt_tuning_accuracy.csv", "goemotions_prompt_tuning_accuracy.json"]),
        "3": (["get_active_neuron.py"], ["active_neuron_before_relu_csv"]),
        "4": (["rsa_searchlight.py", "--attributes", str(ROOT / "data/demo/attribute_ratings.csv"),
               "--permutations=50"], ["neuron_rank"]),
        "5": (["gen_mask.py", "--thresholds", "8", "16"], ["masks"]),
        "6": (["eval_mask_neuron.py", "--masks_per_batch=4", "--max_rows=40", f"--save_seconds={save_seconds}"],
              ["eval_mask_neuron_result"]),
        "effects": (["get_neuron_effect.py", "--output_dir=effects"], ["effects"]),
    }


def start(command, folder):
    """Fork a process that runs a script in a folder; returns its id."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        tqdm.set_lock(threading.RLock())  # the parent's is shared: a process killed while holding it never lets go
        os.chdir(folder)
        log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = [str(ROOT / command[0]), *command[1:]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        status = 0
    except SystemExit as error:
        status = error.code or 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def finish(process, folder):
    """Wait for the end of a process, which must succeed."""
    if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]):
        sys.exit(f"failed in {folder}:\n" + (Path(folder) / "log").read_text())


def contents(folder, outputs):
    """Every file of some outputs, hidden ones too: its bytes, and what tells whether it was written again."""
    paths = [path for name in outputs for path in [Path(folder) / name, *(Path(folder) / name).rglob("*")]]
    return {str(path.relative_to(folder)): (path.read_bytes(), (path.stat().st_ino, path.stat().st_mtime_ns))
            for path in paths if path.is_file() and path.suffix != ".yaml"}  # the flags: --save_seconds differs


def kill_step(step, kills, folder, chance):
    """Kill one step `kills` times; `folder` holds `undisturbed`, a study that is finished up to this step."""
    command, outputs = steps(save_seconds=0.02)[step]
    undisturbed = contents(folder / "undisturbed", outputs)
    trial = folder / "trial"

    def begin_anew():
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(folder / "undisturbed", trial)
        for name in outputs:
            shutil.rmtree(trial / name) if (trial / name).is_dir() else (trial / name).unlink()

    def check_end():
        now = contents(trial, outputs)
        if now.keys() != undisturbed.keys():
            sys.exit(f"step {step}: left {sorted(now.keys() ^ undisturbed.keys())}")
        for name, (content, _) in now.items():
            if content != undisturbed[name][0]:
                sys.exit(f"step {step}: {name} differs from the undisturbed run")

    begin_anew()
    began = time.monotonic()
    finish(start(command, trial), trial)
    duration = time.monotonic() - began
    check_end()
    begin_anew()
    killed = finished_runs = resumed = 0
    finished = {}
    while True:
        process = start(command, trial)
        if killed < kills:
            began, moment = time.monotonic(), chance.uniform(0, 1.05 * duration)
            ended = False
            while not ended and time.monotonic() - began < moment:
                ended, status = os.waitpid(process, os.WNOHANG)
                time.sleep(0.001)
            if not ended:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            elif status:
                sys.exit(f"step {step}: failed after a kill:\n" + (trial / "log").read_text())
            else:  # the machine may be less busy than it was
                duration = (duration + time.monotonic() - began) / 2
        else:
            finish(process, trial)
            ended = True
        now = contents(trial, outputs)
        for name, (content, _) in now.items():
            if step != "6" and name.endswith(".json"):  # a record, which names each file before it is there
                continue
            if "/." not in name and name in undisturbed and content != undisturbed[name][0]:
                sys.exit(f"step {step}: after a kill {name} is not whole")
        for name, written in finished.items():
            if now[name][1] != written:
                sys.exit(f"step {step}: {name} was finished and has been made again")
        resumed += any(name.endswith((".state", ".partial")) for name in now)
        if step not in ("4", "5"):  # steps of many tasks
            finished = {name: written for name, (_, written) in now.items() if name.endswith((".pt", ".csv", ".json"))
                        and "-all" not in name and "-" in name and "/" in name and "/." not in name}
        killed += not ended
        if ended:
            check_end()
            finished_runs += 1
            if killed >= kills:
                break
            begin_anew()
            finished = {}
    return (f"step {step}: {killed} kills in {finished_runs} runs of about {duration:.1f} s, {resumed} of them with "
            "unfinished tasks saved; every run ended with the bytes of the undisturbed one")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--step", nargs="+", choices=steps(0), default=list(steps(0)))
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()

    # Loaded once, for all that are forked.
    from framework.analysis import masks, rsa  # noqa: F401
    from framework.files import activations, config, prompts, ranks, results, texts  # noqa: F401
    from framework.model import loading  # noqa: F401
    from framework.running import groups, script, trained  # noqa: F401
    from framework.training import effects, evaluate, rows, trainer  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        study = folder / "undisturbed"
        study.mkdir()
        make_tiny_model(study / "tiny_model")
        for command, _ in steps(save_seconds=30).values():
            finish(start(command, study), study)
        (study / "log").unlink()
        for step in flags.step:
            print(kill_step(step, flags.kills, folder, random.Random(f"{flags.seed} {step}")), flush=True)


if __name__ == "__main__":
    main()
