"""What a second worker brings: one process beside Ray clusters of one and two workers, a core each.

    python benchmarks/scaling.py

Run it where nothing else runs. The embedded model and corpus: 8 groups of tasks train for an epoch, 24 passes of 4
masks are evaluated, and 2,000 items of no work are handed out, which tells what handing out costs. Workers are up
before the clock starts; that each fetches the model and the rows is counted. Ends with a table.
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
from framework import artifacts, cluster, prompting  # noqa: E402
from framework.model import loading, neurons  # noqa: E402
from framework.old_trainer import TrainSettings  # noqa: E402
from framework.tasks import EMOTIONS, encode, task_rows  # noqa: E402

GROUPS = [[(emotion, seed) for seed in (1, 3)] for emotion in EMOTIONS[:8]]
PASSES = [((emotion, 1), list(range(4 * part, 4 * part + 4))) for emotion in EMOTIONS[:6] for part in range(4)]


def studies():
    """What training and evaluation need, as their scripts make it."""
    device = torch.device("cpu")
    model, tokenizer, _ = loading.load_backbone("backbone", 100)
    splits = [artifacts.read_goemotions("demo", split) for split in ("train", "dev")]
    tokens = [encode(split.texts, tokenizer, 64) for split in splits]
    rows = {task: [task_rows(split, *task) for split in splits] for group in GROUPS for task in group}
    flags = argparse.Namespace(overwrite=False, save_seconds=30, tasks_per_batch=2, train_batch_size=16,
                               eval_batch_size=None, epochs=1, tensorboard=None)
    prompt = torch.randn(100, model.prompt_width, generator=torch.Generator().manual_seed(0)) * 0.02
    masks = torch.rand(16, *neurons.shape(model), generator=torch.Generator().manual_seed(0)).round()
    return (prompting.Study(flags, {}, TrainSettings(epochs=1), device, model, tokens, rows),
            eval_mask_neuron.Study(flags, device, model, tokens[1], {task: dev for task, (_, dev) in rows.items()},
                                   {task: prompt for task in rows}, masks))


class Silent:
    """A progress bar that shows nothing."""

    n = 0

    def update(self, done=1):
        pass

    def set_description(self, text, refresh=True):
        pass


def nothing(study, item):
    pass


def seconds(work):
    began = time.monotonic()
    for _ in work:
        pass
    return time.monotonic() - began


def here():
    """Seconds for training and evaluation in this process."""
    to_train, evaluation = studies()
    eval_mask_neuron.evaluate(evaluation, PASSES[0])
    return (seconds(prompting.train_apart(to_train, group, Silent()) for group in GROUPS),
            seconds(eval_mask_neuron.evaluate(evaluation, each) for each in PASSES), None)


def on(workers):
    """The same on a cluster, and those for handing out."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 200 << 20}
    nodes = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    for _ in range(workers - 1):
        nodes.add_node(**node)
    machines = cluster.connect(nodes.address)
    to_train, evaluation = studies()
    seconds(machines.map(eval_mask_neuron.evaluate, evaluation, PASSES[:2 * workers]))
    found = (seconds(machines.map(prompting.train_apart, to_train, GROUPS, Silent())),
             seconds(machines.map(eval_mask_neuron.evaluate, evaluation, PASSES)),
             seconds(machines.map(nothing, None, range(2000))))
    import ray

    ray.shutdown()
    nodes.shutdown()
    return found


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    found = {"one process": here(), "Ray, 1 worker": on(1), "Ray, 2 workers": on(2)}
    print(f"{'':<16}{'training':>10}{'ratio':>8}{'evaluation':>12}{'ratio':>8}{'items/s':>10}   "
          f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")
    alone, evaluation, _ = found["one process"]
    for name, (trained, evaluated, handed_out) in found.items():
        rate = f"{2000 / handed_out:,.0f}" if handed_out else ""
        print(f"{name:<16}{trained:>8.1f} s{alone / trained:>8.2f}{evaluated:>10.1f} s{evaluation / evaluated:>8.2f}"
              f"{rate:>10}")


if __name__ == "__main__":
    main()
