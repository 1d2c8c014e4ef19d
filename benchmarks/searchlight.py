"""How fast step 4 is: against scipy, from files to ranks, against the size of the problem, and against the hardware.

    python benchmarks/searchlight.py [--activation_dir DIR] [--permutations 1000]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from numba import njit
from scipy.stats import kendalltau

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from framework.analysis import permutation, rsa, signs  # noqa: E402
from framework.analysis.searchlight import THRESHOLDS  # noqa: E402
from framework.files import activations  # noqa: E402
from framework.files.record import Output, Record  # noqa: E402
from framework.tasks import SEEDS, Task  # noqa: E402

NEURONS, ATTRIBUTES, CONCEPTS = 36864, 14, 27


def seconds(function, repeats=5):
    """The shortest of several runs: what the machine needs when nothing else asks for it."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def problem(neurons=NEURONS, concepts=CONCEPTS, seeds=12):
    generator = np.random.default_rng(0)
    values = generator.standard_normal((seeds, concepts, neurons), dtype=np.float32)
    return rsa.NeuronRDMs(values), rsa.attribute_rdms(generator.random((concepts, ATTRIBUTES)))


def against_scipy():
    rdms, targets = problem()
    rdms = rdms[:]
    sample = rdms[:: NEURONS // 100]

    def loop():
        for rdm in sample:
            for target in targets:
                kendalltau(rdm, target, alternative="greater")

    rsa.kendall_tau(rdms[:10], targets)  # compiled, or loaded from the cache
    ours, theirs = np.inf, np.inf
    for _ in range(5):  # side by side, so that a busy machine slows both
        ours = min(ours, seconds(lambda: rsa.kendall_tau(rdms, targets), 2))
        theirs = min(theirs, seconds(loop, 1) / len(sample) * NEURONS)
    print(f"tau and p of {NEURONS:,} x {ATTRIBUTES} RDMs: {ours:.3f} s; a loop of scipy.stats.kendalltau: {theirs:.0f} "
          f"s (from {len(sample)} neurons); {theirs / ours:.0f} times faster")
    return ours


def from_files(activation_dir):
    with tempfile.TemporaryDirectory() as folder:
        if activation_dir is None:
            activation_dir = Path(folder) / "neurons"
            generator = np.random.default_rng(0)
            with Output(activation_dir, Record("get_active_neuron.py", {})) as output:
                for task in (Task(f"concept{number}", seed) for number in range(CONCEPTS) for seed in SEEDS):
                    activations.write(output, task, generator.standard_normal(NEURONS, dtype=np.float32))
        concepts = list(dict.fromkeys(task.concept for task in activations.tasks(activation_dir)))
        ratings = pd.DataFrame(np.random.default_rng(0).random((len(concepts), ATTRIBUTES))).add_prefix("attribute")
        ratings.assign(concept=concepts).to_csv(Path(folder) / "ratings.csv", index=False)
        size = sum(path.stat().st_size for path in Path(activation_dir).glob("*-*.csv") if "-all" not in path.name)
        command = [sys.executable, str(ROOT / "rsa_searchlight.py"), "--activation_dir",
                   str(Path(activation_dir).resolve()), "--attributes", "ratings.csv", "--permutations", "0"]
        wall = seconds(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True), 3)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "linux" else 2**30)
    print(f"from CSV files ({size / 1e6:.0f} MB) to ranks, the whole command: {wall:.1f} s, {memory:.2f} GB at most")


def against_size():
    for neurons in (1000, 10000, 36864, 100000, 400000):
        rdms, targets = problem(neurons)
        wall = seconds(lambda: rsa.kendall_tau(rdms, targets), 3)
        tracemalloc.start()
        results = rsa.kendall_tau(rdms, targets)
        working = tracemalloc.get_traced_memory()[1] - sum(result.nbytes for result in results)
        tracemalloc.stop()
        print(f"{neurons:>7,} neurons, 27 concepts x 12 seeds: {wall:.3f} s, {wall / neurons * 1e6:.1f} us a neuron; "
              f"{working / 1e6:.0f} MB beside activations and results")
    for concepts in (8, 16, 27, 54, 100):
        rdms, targets = problem(2000, concepts, seeds=1)
        wall = seconds(lambda: rsa.kendall_tau(rdms, targets), 3)
        pairs = concepts * (concepts - 1) // 2
        comparisons = pairs * (pairs - 1) // 2
        print(f"{concepts:>3} concepts, {comparisons:>10,} comparisons a tau, 2,000 neurons: {wall:.3f} s, "
              f"{wall / 2000 / ATTRIBUTES / comparisons * 1e12:.1f} ps a comparison")


@njit(nogil=True)
def compare_bits(neuron, attribute, decided, repeats):
    total = np.uint64(0)
    for repeat in range(repeats):
        count = np.uint64(repeat)
        for word in range(len(neuron)):
            count += signs._popcount((neuron[word] ^ attribute[word]) & decided[word])
        total ^= count
    return total


def comparison_rate():
    """Comparisons per second of bits in the nearest cache, on all processors."""
    words, repeats, threads = 960, 200_000, os.cpu_count() or 1
    bits = np.random.default_rng(0).integers(2**63, size=(3, words), dtype=np.uint64)
    compare_bits(*bits, 1)

    def work():
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: compare_bits(*bits, repeats), range(threads)))

    return threads * repeats * words * 64 / seconds(work)


def against_hardware(tau_seconds, permutations):
    rate = comparison_rate()
    comparisons = NEURONS * ATTRIBUTES * 351 * 350 // 2
    print(f"this machine compares {rate / 1e12:.2f} million million signs a second ({os.cpu_count()} processors)")
    print(f"tau and p: {comparisons:.2g} comparisons, floor {comparisons / rate:.3f} s, measured {tau_seconds:.3f} s: "
          "the rest is packing a neuron's signs, once for all attributes, and sorting its distances to find ties")
    rdms, targets = problem()
    device = "cuda" if gpu() else None
    permutation.permute(rdms[:100], targets, 10, device=device)
    busy = time.process_time()
    wall = seconds(lambda: permutation.permute(rdms, targets, permutations, device=device), 1)
    busy = time.process_time() - busy
    # The command's permutations, and those that say how much each tau varies.
    counted = permutations + permutation.OWN_PERMUTATIONS
    floor = "on the GPU" if device else f"floor {counted * comparisons / rate:.0f} s"
    print(f"{permutations:,} + {permutation.OWN_PERMUTATIONS:,} permutations x {NEURONS:,} x {ATTRIBUTES}: "
          f"{wall:.0f} s, {wall / counted * 1000:.1f} s a 1,000; {busy:.0f} s of processor time ({floor})")
    share = 64
    wall = seconds(lambda: permutation.overlap_test(rdms, targets, THRESHOLDS, share), 1)
    print(f"overlap of top sets under {permutation.OWN_PERMUTATIONS:,} permutations: "
          f"{wall / share * permutation.OWN_PERMUTATIONS:.0f} s (from {share})")


def gpu():
    import torch

    return torch.cuda.is_available()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activation_dir", help="activations of 27 concepts x 12 seeds (default: made-up ones)")
    parser.add_argument("--permutations", type=int, default=1000)
    flags = parser.parse_args()
    tau_seconds = against_scipy()
    from_files(flags.activation_dir)
    against_size()
    against_hardware(tau_seconds, flags.permutations)


if __name__ == "__main__":
    main()
