"""What a second worker brings: one process beside Ray clusters of one and two workers, a core each.

    python benchmarks/scaling.py

Run it where nothing else runs. With the embedded model and corpus, trains 8 groups of tasks for an epoch, evaluates 24
passes of 4 masks, and hands out 2,000 empty items to see what handing out costs. Workers are up before the clock
starts. Training counts the time to fetch model and rows, evaluation does not. Ends with a table.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import eval_mask_neuron  # noqa: E402
import train  # noqa: E402
from framework.files import texts  # noqa: E402
from framework.model import loading  # noqa: E402
from framework.running import measuring, work  # noqa: E402
from framework.running.groups import Group  # noqa: E402
from framework.tasks import Task  # noqa: E402
from framework.training.rows import task_rows  # noqa: E402
from framework.training.trainer import Job, TrainSettings  # noqa: E402

CONCEPTS = texts.GOEMOTIONS[:8]
TASKS = [Task(concept, seed) for concept in CONCEPTS for seed in (1, 3)]
MASKS = [f"mask {place}" for place in range(16)]
PASSES = [(Task(concept, 1), tuple(MASKS[4 * part:4 * part + 4])) for concept in CONCEPTS[:6] for part in range(4)]


def groups():
    """What training is given: two tasks of a concept at a time."""
    return [Group([task for task in TASKS if task.concept == concept]) for concept in CONCEPTS]


def studies():
    """What training and evaluation need, as their scripts make it."""
    model = loading.load("backbone").model
    splits = [texts.read("demo", split) for split in ("train", "dev")]
    tokens = [model.encode(split.texts, 64) for split in splits]
    jobs = {task: Job(task, *(task_rows(split, task) for split in splits)) for task in TASKS}
    random = torch.Generator().manual_seed(0)
    prompt = torch.randn(100, model.prompt_width, generator=random) * 0.02
    masks = {name: torch.rand(model.shape, generator=random).round() for name in MASKS}
    return (train.Study(model, "cpu", tokens[0], tokens[1], jobs, TrainSettings(epochs=1), None, None, 30),
            measuring.Study(model, "cpu", tokens[1], {task: job.dev for task, job in jobs.items()},
                            {task: prompt for task in TASKS}, None, masks))


def nothing(study, item):
    return None


def seconds(function, study, items, machines=None):
    """How long the work takes."""
    began = time.monotonic()
    for _ in work.run(function, study, items, on=machines):
        pass
    return time.monotonic() - began


def measure(machines=None):
    """Seconds for training, evaluation and handing out."""
    to_train, evaluation = studies()
    seconds(eval_mask_neuron.measure, evaluation, PASSES[:2 * machines.size if machines else 1], machines)  # fetched
    return (seconds(train.train, to_train, groups(), machines),
            seconds(eval_mask_neuron.measure, evaluation, PASSES, machines),
            seconds(nothing, None, range(2000), machines) if machines else None)


def on(workers):
    """The same on a cluster."""
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 200 << 20}
    nodes = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    for _ in range(workers - 1):
        nodes.add_node(**node)
    found = measure(work.join(nodes.address, "cpu"))
    ray.shutdown()
    nodes.shutdown()
    return found


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    found = {"one process": measure(), "Ray, 1 worker": on(1), "Ray, 2 workers": on(2)}
    print(f"{'':<16}{'training':>10}{'ratio':>8}{'evaluation':>12}{'ratio':>8}{'items/s':>10}   "
          f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")
    alone, evaluation, _ = found["one process"]
    for name, (trained, evaluated, handed_out) in found.items():
        rate = f"{2000 / handed_out:,.0f}" if handed_out else ""
        print(f"{name:<16}{trained:>8.1f} s{alone / trained:>8.2f}{evaluated:>10.1f} s{evaluation / evaluated:>8.2f}"
              f"{rate:>10}")


if __name__ == "__main__":
    main()
