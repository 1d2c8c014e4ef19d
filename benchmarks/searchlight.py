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

from framework.analysis import rsa  # noqa: E402
from framework.files import activations  # noqa: E402
from framework.files.record import Output, Record  # noqa: E402
from framework.files.texts import GOEMOTIONS as EMOTIONS  # noqa: E402
from framework.tasks import SEEDS, Task  # noqa: E402

NEURONS, ATTRIBUTES = 36864, 14


def seconds(function, repeats=5):
    """The shortest of several runs: what the machine needs when nothing else asks for it."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def problem(neurons=NEURONS, emotions=27, seeds=12):
    generator = np.random.default_rng(0)
    values = generator.standard_normal((seeds, emotions, neurons), dtype=np.float32)
    return rsa.NeuronRDMs(values), rsa.attribute_rdms(generator.random((emotions, ATTRIBUTES)))


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
            with Output(activation_dir, Record("get_active_neuron.py", {"num_layers": 12})) as output:
                for task in (Task(emotion, seed) for seed in SEEDS for emotion in EMOTIONS):
                    activations.write(output, task, generator.standard_normal(NEURONS, dtype=np.float32))
        ratings = pd.DataFrame(np.random.default_rng(0).random((len(EMOTIONS), ATTRIBUTES))).add_prefix("attribute")
        ratings.assign(emotion=EMOTIONS).to_csv(Path(folder) / "ratings.csv", index=False)
        size = sum(path.stat().st_size for path in Path(activation_dir).glob("*-*.csv") if "-all" not in path.name)
        command = [sys.executable, str(ROOT / "rsa_searchlight.py"), "--activation_dir",
                   str(Path(activation_dir).resolve()), "--attributes", "ratings.csv"]
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
        print(f"{neurons:>7,} neurons, 27 emotions x 12 seeds: {wall:.3f} s, {wall / neurons * 1e6:.1f} us a neuron; "
              f"{working / 1e6:.0f} MB beside activations and results")
    for emotions in (8, 16, 27, 54, 100):
        rdms, targets = problem(2000, emotions, seeds=1)
        wall = seconds(lambda: rsa.kendall_tau(rdms, targets), 3)
        pairs = emotions * (emotions - 1) // 2
        comparisons = pairs * (pairs - 1) // 2
        print(f"{emotions:>3} emotions, {comparisons:>10,} comparisons a tau, 2,000 neurons: {wall:.3f} s, "
              f"{wall / 2000 / ATTRIBUTES / comparisons * 1e12:.1f} ps a comparison")


@njit(nogil=True)
def compare_bits(neuron, attribute, decided, repeats):
    total = np.uint64(0)
    for repeat in range(repeats):
        count = np.uint64(repeat)
        for word in range(len(neuron)):
            count += rsa._popcount((neuron[word] ^ attribute[word]) & decided[word])
        total ^= count
    return total


def comparison_rate():
    """Comparisons a second of bits in the nearest cache, on all processors."""
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
    busy = time.process_time()
    wall = seconds(lambda: rsa.permutation_test(rdms, targets, permutations, device=rsa.gpu()), 1)
    busy = time.process_time() - busy
    print(f"{permutations:,} permutations x {NEURONS:,} x {ATTRIBUTES}: {wall:.0f} s, {busy:.0f} s of processor time "
          f"({'on the GPU' if rsa.gpu() else f'floor {permutations * comparisons / rate:.0f} s'})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activation_dir", help="activations of 27 emotions x 12 seeds (default: made-up ones)")
    parser.add_argument("--permutations", type=int, default=1000)
    flags = parser.parse_args()
    tau_seconds = against_scipy()
    from_files(flags.activation_dir)
    against_size()
    against_hardware(tau_seconds, flags.permutations)


if __name__ == "__main__":
    main()
