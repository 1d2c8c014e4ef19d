"""Work spread over a real Ray cluster of two machines: two raylets here, which do not share one of the folders."""

import contextlib
import functools
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from tqdm import tqdm

from framework import artifacts, cluster, sweep
from framework.errors import UserError
from tests.conftest import ROOT
from tests.test_kill import start, wait_for

ray = pytest.importorskip("ray", reason="Ray is in requirements-cluster.txt")
import psutil  # noqa: E402  Ray brings it along
from ray.cluster_utils import Cluster  # noqa: E402

MEMORY = 80 << 20
# A GPU that is none: Ray gives it out all the same.
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
    """A head and a second machine, which does not see what is in the folder `apart`."""

    def __init__(self, folder):
        self.apart = folder / "apart"
        self.apart.mkdir()
        self.nodes = Cluster(initialize_head=True, head_node_args=HEAD)
        self.address = self.nodes.address
        ray.init(self.address, log_to_driver=False)
        self.second = None

    @functools.cached_property
    def joined(self):
        """The cluster as this process sees it."""
        return cluster.Cluster(ray, "cpu")

    def complete(self):
        """Start the second machine, if it is not there."""
        if self.second is None or self.second.poll() is not None:
            hide = ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs apart {self.apart} && exec \"$@\"", "sh"]
            self.second = subprocess.Popen(
                [*(hide if os.geteuid() == 0 else ()), Path(sys.executable).with_name("ray"), "start",
                 f"--address={self.address}", "--num-cpus=1", f"--object-store-memory={MEMORY}", "--block"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while ray.cluster_resources()["CPU"] < 2:
                assert self.second.poll() is None
                time.sleep(0.1)
        return self


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The head, which this process has joined, and whatever second machine there is."""
    handlers = [(each, signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM)]
    machines = Machines(tmp_path_factory.mktemp("machines"))
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


TASKS = ["--sentiment", "fear", "joy", "--random_seed", "1", "3", "--dataset=demo", "--precision=fp32",
         "--device=cpu"]


@pytest.fixture
def here(monkeypatch):
    """Run a script in this process, on one core as the workers do, and where Ray cannot be imported."""

    def run(folder, name, *flags):
        folder.mkdir(exist_ok=True)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "ray", None)
            patch.chdir(folder)
            patch.setattr(sys, "argv", [name, *map(str, flags)])
            importlib.import_module(name.removesuffix(".py")).main()
        torch.set_num_threads(threads)
        return folder

    return run


def outputs(folder):
    """The bytes of all files of a folder, by name; hidden ones too, but not the flags, of which --ray is one."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".yaml"}


def said(error):
    """What a script wrote to stderr beside its progress bar, and on a slow day that it waits."""
    lines = error.replace("\r", "\n").splitlines()
    return [line for line in lines if line.strip() and "|" not in line and not line.startswith("waiting for machines")]


# ------------------------------------------------------------------------------------------- nothing is lost, all equal


def test_training_goes_on_when_the_driver_and_a_machine_are_lost(machines, tiny_model, here, tmp_path):
    flags = [*TASKS, f"--pretrained_model={tiny_model}", "--prompt_len=4", "--lr=0.05", "--epochs=60",
             "--save_seconds=0.1", "--tasks_per_batch=1"]
    on_cluster = [*flags, f"--ray={machines.address}"]
    folder = tmp_path / "checkpoint"

    def second_has_saved():
        held = {file.path for worker in workers(machines.second) for file in worker.open_files()}
        return any(str(sweep.lock_path(artifacts.checkpoint_path(folder, *task))) in held
                   for task in artifacts.training_progress(folder))

    driver = start("train.py", on_cluster, tmp_path)
    wait_for(lambda: artifacts.training_progress(folder), driver)
    driver.terminate()
    _, error = driver.communicate(timeout=120)
    assert driver.returncode == 128 + signal.SIGTERM
    last, = said(error)
    assert last.startswith("train.py: interrupted") and "the same command goes on" in last
    wait_until(lambda: not any(sweep._is_held(lock) for lock in folder.glob(".*.lock")))  # the workers have ended

    driver = start("train.py", on_cluster, tmp_path)
    wait_for(second_has_saved, driver)
    stop(machines.second)
    done = {}
    while driver.poll() is None:  # no task begins anew
        for task, epochs in artifacts.training_progress(folder).items():
            epochs = int(epochs.removesuffix(" epochs"))
            assert epochs >= done.get(task, 0)
            done[task] = epochs
        time.sleep(0.2)
    _, error = driver.communicate()
    assert driver.returncode == 0 and "240/240" in error and not said(error), error
    here(tmp_path / "one_process", "train.py", *flags)
    assert outputs(folder) == outputs(tmp_path / "one_process/checkpoint")


def test_prompts_are_sent_back_where_no_folder_is_shared(machines, tiny_model, script, here, tmp_path):
    if os.geteuid():
        pytest.skip("only the superuser can hide a folder from a process")
    flags = [*TASKS, f"--pretrained_model={tiny_model}", "--prompt_len=4", "--lr=0.05", "--epochs=2",
             "--tasks_per_batch=2"]
    on_cluster = [*flags, f"--ray={machines.address}"]
    error = script("train.py", *on_cluster, cwd=machines.apart, status=2).stderr
    assert len(said(error)) == 1 and "does not see what is written there" in error and "pass --gather" in error

    script("train.py", *on_cluster, "--gather", cwd=machines.apart)
    sent = outputs(machines.apart / "checkpoint")
    assert sent == outputs(here(tmp_path, "train.py", *flags) / "checkpoint")
    assert len(sent) == 4  # no lock, nothing half written


def test_masked_evaluation_is_equal_though_workers_are_lost(machines, tiny_model, here, tmp_path):
    here(tmp_path, "train.py", *TASKS, f"--pretrained_model={tiny_model}", "--prompt_len=4", "--epochs=1")
    random = np.random.default_rng(0)
    artifacts.write_masks(tmp_path / "masks.pkl", {
        f"valence_top{k}": torch.from_numpy(random.integers(0, 2, (2, 32)).astype(np.int8)) for k in range(40)})
    flags = [*TASKS, f"--pretrained_model={tiny_model}", "--maskPath=masks.pkl", "--masks_per_batch=1",
             "--save_seconds=0"]
    driver = start("eval_mask_neuron.py", [*flags, "--resultPath=found", f"--ray={machines.address}"], tmp_path)
    wait_for(lambda: any((tmp_path / "found").glob(".*.partial")) and workers(machines.second), driver)
    for worker in workers(machines.second):
        worker.kill()
    _, error = driver.communicate(timeout=300)
    assert driver.returncode == 0 and "160/160" in error and not said(error), error
    here(tmp_path, "eval_mask_neuron.py", *flags, "--resultPath=expected")
    assert outputs(tmp_path / "found") == outputs(tmp_path / "expected")


def test_the_searchlight_is_equal(machines, script, here, tmp_path):
    random, ratings = np.random.default_rng(0), ROOT / "data/demo/attribute_ratings.csv"
    for emotion in ("fear", "joy", "love", "grief", "pride"):
        for seed in (1, 3):
            artifacts.write_activations(artifacts.activation_path(tmp_path / "activations", emotion, seed),
                                        random.normal(size=3000).round(1).astype(np.float32))
    flags = ["--activation_dir=activations", f"--attributes={ratings}", "--num_layers=2", "--permutations=30"]
    script("rsa_searchlight.py", *flags, "--CSV_Path=found/ranks.csv", f"--ray={machines.address}")
    here(tmp_path, "rsa_searchlight.py", *flags, "--CSV_Path=expected/ranks.csv")
    assert outputs(tmp_path / "found") == outputs(tmp_path / "expected") and len(outputs(tmp_path / "found")) > 8


# ------------------------------------------------------------------------------------------------------ what goes wrong


def test_a_cluster_of_this_machine_alone(script, tmp_path):
    program = ("from framework import cluster; machines = cluster.connect('local'); "
               "print(sorted(machines.map(max, 0, [-2, 3])), machines.device)")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, text=True,
                          capture_output=True)
    assert done.stdout == "[(-2, 0), (3, 3)] cpu\n", done.stderr


def test_what_a_worker_says_is_shown(machines, capsys):
    def work(study, item, bar):
        print("out of memory with 4096 positions in a pass", file=sys.stderr)
        bar.update(item)

    with tqdm(total=5) as bar:
        list(machines.joined.map(work, None, [2, 3], bar))
    assert bar.n == 5
    lines = said(capsys.readouterr().err)
    assert len(lines) == 2 and all(line.endswith(": out of memory with 4096 positions in a pass") for line in lines)


def test_what_goes_wrong_on_a_worker_is_raised_here(machines, monkeypatch):
    monkeypatch.setattr(cluster, "_LOSSES", 1)

    def work(study, item):
        if item == "lost":
            os._exit(1)
        if item == "full":
            raise OSError(28, "No space left on device", "checkpoint/fear-1.pt")
        raise UserError(f"{study}: {item}")

    with pytest.raises(UserError, match="^masks.pkl: is damaged$"):
        list(machines.joined.map(work, "masks.pkl", ["is damaged"]))
    with pytest.raises(OSError) as error:
        list(machines.joined.map(work, None, ["full"]))
    assert (error.value.errno, error.value.filename) == (28, "checkpoint/fear-1.pt")
    with pytest.raises(UserError, match="lost work for good"):
        list(machines.joined.map(work, None, ["lost"]))
    with pytest.raises(UserError, match="computes in .* with --device and --precision"):
        machines.joined.agree(os.getpid)


def test_machines_with_other_code_are_refused(machines, monkeypatch):
    monkeypatch.setattr(artifacts, "code", lambda: os.getpid())
    monkeypatch.setattr(ray, "init", lambda *_, **__: None)
    with pytest.raises(UserError, match="has another version of this repository"):
        cluster.connect(machines.address)
    with pytest.raises(UserError, match="--device cuda:1: .* with --ray it is auto, cuda or cpu"):
        cluster.connect(machines.address, "cuda:1")


def test_a_machine_that_joins_later_is_checked_too(machines, monkeypatch, tmp_path):
    with artifacts.marker(machines.apart) as seen, pytest.raises(UserError, match="apart: .* does not see what is"):
        list(machines.joined.map(lambda study, item: cluster.check_seen(seen), None, range(20)))
    joined = machines.joined
    monkeypatch.setattr(artifacts, "code", lambda: "of the driver")
    with pytest.raises(UserError, match="has another version of this repository"):
        list(joined.map(max, 0, [1]))


def test_a_machine_without_this_repository_is_named(machines, tmp_path):
    if os.geteuid():
        pytest.skip("only the superuser can hide a folder from a process")
    copy = machines.apart / "repository"
    shutil.copytree(ROOT / "framework", copy / "framework")
    shutil.copy(ROOT / "train.py", copy)
    command = [sys.executable, copy / "train.py", "--dataset=demo", "--device=cpu", f"--ray={machines.address}"]
    failed = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    line, = said(failed.stderr)
    assert failed.returncode == 2 and f"it must be in {copy} there too" in line


def test_a_worker_has_a_gpu_of_its_own_and_keeps_what_it_loaded(machines):
    on_gpus = cluster.Cluster(ray, "auto")
    assert (on_gpus.device, on_gpus.size, machines.joined.device, machines.joined.size) == ("cuda", 1, "cpu", 2)
    workers = {worker for _, worker in on_gpus.map(
        lambda study, item: (os.getpid(), id(study), os.environ["CUDA_VISIBLE_DEVICES"]), object(), range(5))}
    assert len(workers) == 1 and workers.pop()[2] == "0"


@pytest.mark.parametrize("address, reason", [
    ("auto", "no cluster answers there"), ("127.0.0.1:9", "no cluster answers there"), ("cluster", "is not an address"),
    ("ray://127.0.0.1:10001", "is not an address")])
def test_a_cluster_that_cannot_be_reached_takes_one_line(address, reason, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(UserError, match=f"^--ray .*: {reason}.*$"):
        cluster.connect(address)
    assert time.monotonic() - began < 20


def test_without_ray(script, tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError")
    missing = {**os.environ, "PYTHONPATH": str(tmp_path)}
    error = script("train.py", "--ray=local", "--dataset=demo", env=missing, status=2).stderr
    assert error == "train.py: --ray: Ray is not installed; pip install -r requirements-cluster.txt\n"


# ------------------------------------------------------------------------------------------------------------- the rest


def test_groups_follow_from_the_command_and_keep_together_what_was_begun_together():
    from framework.prompting import groups_of

    tasks = [(emotion, seed) for emotion in ("fear", "joy") for seed in (1, 3, 5)]

    def groups(left, begun=()):
        todo = SimpleNamespace(left=left, reserved=set().union(*begun))
        return groups_of(tasks, todo, SimpleNamespace(begun=dict(enumerate(begun))), 2)

    assert groups(tasks) == [tasks[:2], tasks[2:3], tasks[3:5], tasks[5:]]
    assert groups(tasks[3:]) == [tasks[3:5], tasks[5:]]  # what is finished leaves the others where they were
    assert groups(tasks[1:], [{tasks[0], tasks[1], tasks[4]}]) == [
        [tasks[0], tasks[1], tasks[4]], tasks[2:3], tasks[3:4], tasks[5:]]


def test_the_manifest_and_the_job_script_of_the_documentation_are_whole():
    subprocess.run(["bash", "-n", ROOT / "docs/slurm.sh"], check=True)
    manifest, = re.findall("^```yaml\n(.*?)^```$", (ROOT / "docs/cluster.md").read_text(), re.M | re.S)
    spec = yaml.safe_load(manifest)["spec"]
    version = re.search("ray==(.*)", (ROOT / "requirements-cluster.txt").read_text())[1]
    assert spec["entrypoint"].startswith("python train.py --ray auto ")
    assert spec["rayClusterSpec"]["rayVersion"] == version
    assert f"ray:{version}-" in (ROOT / "docs/cluster.md").read_text()


def test_the_slurm_script_starts_a_cluster_and_runs_a_command_on_it(tmp_path):
    (tmp_path / "srun").write_text('#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\nexec "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    slurm = {"PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}", "SLURM_JOB_ID": str(os.getpid()),
             "SLURM_JOB_NUM_NODES": "2", "SLURM_CPUS_PER_TASK": "3", "SLURMD_NODENAME": "first",
             "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = ["env", "-u", "RAY_AUTH_MODE", sys.executable, "-c",
               "import time; from framework import cluster; cluster.connect('auto'); import ray; "
               "print(ray.cluster_resources()['CPU'], flush=True); time.sleep(600)"]
    job = subprocess.Popen(["timeout", "200", ROOT / "docs/slurm.sh", *command], cwd=tmp_path,
                           env={**os.environ, **slurm}, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert any(line == "6.0\n" for line in job.stdout)
        assert (tmp_path / ".ray/auth_token").exists()  # the command found it
    finally:
        stop(job)
