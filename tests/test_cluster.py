"""Work spread over a real Ray cluster of two machines: two raylets here, the second without this repository."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from framework.errors import UserError
from framework.files import activations, masks, names, prompts, writing
from framework.files.record import Output, Record
from framework.running import groups, ray_cluster, work
from framework.tasks import Task
from tests.conftest import ROOT, run_here
from tests.test_kill import start, state_of, wait_for

ray = pytest.importorskip("ray", reason="Ray is in requirements/cluster.txt")
import psutil  # noqa: E402  Ray brings it along
from ray.cluster_utils import Cluster  # noqa: E402

MEMORY = 80 << 20
# There is no GPU; Ray hands one out all the same.
HEAD = {"num_cpus": 1, "num_gpus": 1, "object_store_memory": MEMORY, "include_dashboard": False,
        "include_log_monitor": False, "no_monitor": True}


def stop(process):
    """Kill a node: `ray start`, its raylet and its workers."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


def workers(process):
    """The processes of a node that are at work."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [each for each in psutil.Process(process.pid).children(recursive=True)
                if "".join(each.cmdline()).startswith("ray::_work")]
    return []


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Machines:
    """A head and a second machine, where this package cannot be found: it travels there."""

    def __init__(self):
        self.nodes = Cluster(initialize_head=True, head_node_args=HEAD)
        self.address = self.nodes.address
        self.second = None

    def complete(self):
        """Start the second machine, if it is not there."""
        if self.second is None or self.second.poll() is not None:
            hide = ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs hidden {ROOT}/framework && exec \"$@\"", "sh"]
            self.second = subprocess.Popen(
                [*(hide if os.geteuid() == 0 else ()), Path(sys.executable).with_name("ray"), "start",
                 f"--address={self.address}", "--num-cpus=1", f"--object-store-memory={MEMORY}", "--block"],
                cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while ray.cluster_resources().get("CPU", 0) < 2:
                assert self.second.poll() is None
                time.sleep(0.1)
        return self


@pytest.fixture(scope="module")
def started():
    """The head, which this process has joined, and whatever second machine there is."""
    handlers = [(each, signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM)]
    machines = Machines()
    machines.joined = work.join(machines.address, "cpu")
    yield machines
    ray.shutdown()
    if machines.second is not None:
        stop(machines.second)
    machines.nodes.shutdown()
    for each, handler in handlers:
        signal.signal(each, handler)


@pytest.fixture
def machines(started):
    """Both machines."""
    return started.complete()


TASKS = ["--sentiment", "fear", "joy", "--random_seed", "1", "3"]
MODEL = ["--precision=fp32", "--device=cpu"]


def on_one_core(folder, name, *flags):
    """Run a script in this process, on one core as the workers do."""
    folder.mkdir(exist_ok=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return run_here(folder, name, *flags, *MODEL)
    finally:
        torch.set_num_threads(threads)


def outputs(folder):
    """The bytes of all files of a folder, by name; hidden ones too, but not the flags, of which --ray is one."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".yaml"}


def said(error):
    """What a script wrote to stderr beside its progress bar, and what Ray says when a worker is lost."""
    lines = error.replace("\r", "\n").splitlines()
    return [line for line in lines if line.strip() and "|" not in line and "(raylet)" not in line
            and not line.startswith("waiting for machines")]


def on(machines):
    return [*MODEL, f"--ray={machines.address}"]


# ------------------------------------------------------------------------------------------- nothing is lost, all equal


def test_training_goes_on_when_the_driver_and_a_machine_are_lost(machines, tiny_model, tmp_path):
    flags = [*TASKS, "--dataset=demo", f"--pretrained_model={tiny_model}", "--prompt_len=4", "--lr=0.05",
             "--epochs=10", "--save_seconds=0.1", "--tasks_per_batch=1"]
    folder = tmp_path / "checkpoint"

    def epochs():
        return {task: int(saved.partition(" ")[0]) for task, saved in groups.begun(folder).items()}

    driver = start("train.py", [*flags, *on(machines)], tmp_path)
    wait_for(lambda: sum(epochs().values()) > 2, driver)
    driver.terminate()
    _, error = driver.communicate(timeout=120)
    assert driver.returncode == 128 + signal.SIGTERM
    last, = said(error)
    assert last.startswith("train.py: interrupted") and "run the same command again to continue" in last
    before = epochs()

    driver = start("train.py", [*flags, *on(machines)], tmp_path)
    wait_for(lambda: workers(machines.second) and sum(epochs().values()) > sum(before.values()) + 2, driver)
    stop(machines.second)
    done = before
    while driver.poll() is None:  # no task begins anew
        now = epochs()
        assert all(now[task] >= done.get(task, 0) for task in now)
        done |= now
        time.sleep(0.2)
    output, error = driver.communicate()
    assert driver.returncode == 0 and "100%" in error and not said(error), error
    on_one_core(tmp_path / "one_process", "train.py", *flags)
    assert outputs(folder) == outputs(tmp_path / "one_process/checkpoint")


def test_masks_and_effects_are_equal_though_workers_are_lost(machines, tiny_model, tmp_path):
    on_one_core(tmp_path, "train.py", *TASKS, "--dataset=demo", f"--pretrained_model={tiny_model}", "--prompt_len=4",
                "--epochs=1")
    random = np.random.default_rng(0)
    with Output(tmp_path / "masks.pkl", Record("gen_mask.py", {})) as output:
        masks.write(output, {f"valence_top{k}": torch.from_numpy(random.integers(0, 2, (2, 32)).astype(np.int8))
                             for k in range(150)})  # long enough for the second machine to join
    flags = ["--maskPath=masks.pkl", "--masks_per_batch=1", "--save_seconds=0"]
    driver = start("eval_mask_neuron.py", [*flags, "--resultPath=found", *on(machines)], tmp_path)
    wait_for(lambda: any((tmp_path / "found").rglob("*.partial")) and workers(machines.second), driver)
    for worker in workers(machines.second):
        worker.kill()
    _, error = driver.communicate(timeout=300)
    assert driver.returncode == 0 and "100%" in error and not said(error), error
    on_one_core(tmp_path, "eval_mask_neuron.py", *flags, "--resultPath=expected")
    assert outputs(tmp_path / "found") == outputs(tmp_path / "expected")

    driver = start("get_neuron_effect.py", ["--output_dir=found_effects", *on(machines)], tmp_path)
    assert not driver.communicate(timeout=300)[1].count("Traceback") and driver.returncode == 0
    on_one_core(tmp_path, "get_neuron_effect.py", "--output_dir=effects")
    for path in names.task_files(tmp_path / "effects", ".csv").values():
        assert (tmp_path / "found_effects" / path.name).read_bytes() == path.read_bytes()


def test_the_searchlight_is_equal(machines, tmp_path):
    random, ratings = np.random.default_rng(0), ROOT / "data/demo/attribute_ratings.csv"
    with Output(tmp_path / "activations", Record("get_active_neuron.py", {})) as output:
        for concept in ("fear", "joy", "love", "grief", "pride"):
            for seed in (1, 3):
                activations.write(output, Task(concept, seed), random.normal(size=3000).round(1).astype(np.float32))
    flags = ["--activation_dir=activations", f"--attributes={ratings}", "--num_layers=2", "--permutations=30",
             "--device=cpu"]
    driver = start("rsa_searchlight.py", [*flags, "--CSV_Path=found/ranks.csv", f"--ray={machines.address}"], tmp_path)
    _, error = driver.communicate(timeout=300)
    assert driver.returncode == 0, error
    run_here(tmp_path, "rsa_searchlight.py", *flags, "--CSV_Path=expected/ranks.csv")
    assert outputs(tmp_path / "found") == outputs(tmp_path / "expected") and len(outputs(tmp_path / "found")) > 8


# ------------------------------------------------------------------------------------------------------ what goes wrong


def test_a_cluster_of_this_machine_alone(tmp_path):
    program = ("from framework.running import work; machines = work.join('local'); "
               "print(sorted(message for _, message in work.run(max, 0, [-2, 3], on=machines)), machines.device)")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, text=True,
                          capture_output=True)
    assert done.stdout == "[0, 3] cpu\n", done.stderr


def test_what_a_worker_says_is_shown(machines, capsys):
    def function(study, item):
        print("out of memory with 4096 positions in a pass", file=sys.stderr)
        yield item

    assert sorted(work.run(function, None, [2, 3], on=machines.joined)) == [(2, 2), (3, 3)]
    lines = said(capsys.readouterr().err)
    assert len(lines) == 2 and all(line.endswith(": out of memory with 4096 positions in a pass") for line in lines)


def test_an_item_whose_worker_is_lost_goes_on_from_what_the_driver_knows(machines):
    def function(study, item):
        for number in range(item["done"], 4):
            if number == 2 and not item["done"]:
                os._exit(1)
            yield number

    item, numbers = {"done": 0}, []
    for each, number in work.run(function, None, [item], on=machines.joined):
        each["done"] = number + 1
        numbers.append(number)
    assert numbers == [0, 1, 2, 3]


def test_what_goes_wrong_on_a_worker_is_raised_here(machines, monkeypatch):
    monkeypatch.setattr(ray_cluster, "_LOSSES", 1)

    def function(study, item):
        if item == "lost":
            os._exit(1)
        if item == "full":
            raise OSError(28, "No space left on device", "checkpoint/fear-1.pt")
        raise UserError(f"{study}: {item}")

    with pytest.raises(UserError, match="^masks.pkl: is damaged$"):
        list(work.run(function, "masks.pkl", ["is damaged"], on=machines.joined))
    with pytest.raises(OSError) as error:
        list(work.run(function, None, ["full"], on=machines.joined))
    assert (error.value.errno, error.value.filename) == (28, "checkpoint/fear-1.pt")
    with pytest.raises(UserError, match="2 workers were lost over the same work"):
        list(work.run(function, None, ["lost"], on=machines.joined))
    with pytest.raises(UserError, match="computes in .* with --device and --precision"):
        machines.joined.agree(lambda device: os.getpid())


def test_a_worker_has_a_gpu_of_its_own_and_keeps_what_it_loaded(machines):
    on_gpus = ray_cluster.Cluster(ray, "auto")
    assert (on_gpus.device, on_gpus.size, machines.joined.device, machines.joined.size) == ("cuda", 1, "cpu", 2)
    found = {worker for _, worker in work.run(
        lambda study, item: (os.getpid(), id(study), os.environ["CUDA_VISIBLE_DEVICES"]), object(), range(5),
        on=on_gpus)}
    assert len(found) == 1 and found.pop()[2] == "0"
    with pytest.raises(UserError, match="--device cuda:1: .* with --ray, give auto, cuda or cpu"):
        ray_cluster.Cluster(ray, "cuda:1")


@pytest.mark.parametrize("address, reason", [
    ("auto", "no cluster answers there"), ("127.0.0.1:9", "no cluster answers there"), ("cluster", "is not an address"),
    ("ray://127.0.0.1:10001", "is not an address")])
def test_a_cluster_that_cannot_be_reached_takes_one_line(address, reason, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(UserError, match=f"^--ray .*: {reason}.*$"):
        work.join(address)
    assert time.monotonic() - began < 20


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="^--ray: Ray is not installed; pip install -r requirements/cluster.txt$"):
        work.join("local")


# ------------------------------------------------------------------------------------------------------------- the rest


def test_groups_follow_from_the_command_and_keep_together_what_was_begun_together(tmp_path):
    tasks = [Task(concept, seed) for concept in ("fear", "joy") for seed in (1, 3, 5)]

    def grouped(left):
        with (prompts.Folder(tmp_path, Record("train.py", {"lr": 1})) as folder,
              groups.Groups(folder, tasks, left, 2) as waiting):
            return [group.tasks for group in waiting]

    assert grouped(tasks) == [tasks[:2], tasks[2:4], tasks[4:]]
    assert grouped(tasks[3:]) == [tasks[3:4], tasks[4:]]  # what is finished leaves the others where they were
    together = [tasks[0], tasks[1], tasks[4]]
    saved = prompts.SavedState(tmp_path)
    writing.write_bytes(saved.path, state_of(together, {"lr": 1}).to_bytes())
    assert grouped(tasks[1:]) == [tasks[2:4], tasks[5:]], "another process has the rest"
    saved.release()
    assert grouped(tasks[1:]) == [[tasks[1], tasks[4]], tasks[2:4], tasks[5:]]


def test_the_manifest_and_the_job_script_of_the_documentation_are_whole():
    subprocess.run(["bash", "-n", ROOT / "docs/slurm.sh"], check=True)
    manifest, = re.findall("^```yaml\n(.*?)^```$", (ROOT / "docs/cluster.md").read_text(), re.M | re.S)
    spec = yaml.safe_load(manifest)["spec"]
    version = re.search("ray==(.*)", (ROOT / "requirements/cluster.txt").read_text())[1]
    assert spec["entrypoint"].startswith("python train.py --ray auto ")
    assert spec["rayClusterSpec"]["rayVersion"] == version
    assert f"ray:{version}-" in (ROOT / "docs/cluster.md").read_text()


def test_the_slurm_script_starts_a_cluster_and_runs_a_command_on_it(tmp_path):
    (tmp_path / "srun").write_text('#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\nexec "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    slurm = {"PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}", "SLURM_JOB_ID": str(os.getpid()),
             "SLURM_JOB_NUM_NODES": "2", "SLURM_CPUS_PER_TASK": "3", "SLURMD_NODENAME": "first",
             "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c",
               "import time; from framework.running import work; work.join('auto'); import ray; "
               "print(ray.cluster_resources()['CPU'], flush=True); time.sleep(600)"]
    job = subprocess.Popen(["timeout", "200", ROOT / "docs/slurm.sh", *command], cwd=tmp_path,
                           env={**os.environ, **slurm}, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert any(line == "6.0\n" for line in job.stdout)
        assert (tmp_path / ".ray/auth_token").exists()  # which the command showed
    finally:
        stop(job)
