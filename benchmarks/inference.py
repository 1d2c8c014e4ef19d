"""How long step 6's statistics take: 324 tasks under 14 attributes' masks of 9 sizes and 100 random ones of each.

    python benchmarks/inference.py
"""

import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from framework.analysis import inference  # noqa: E402
from framework.analysis.masks import MaskName  # noqa: E402

ATTRIBUTES, SIZES, DRAWS, CONCEPTS, SEEDS = 14, 9, 100, 27, 12


def main():
    specific = [MaskName(f"attribute{number}", k) for k in range(1, 1 + SIZES) for number in range(ATTRIBUTES)]
    random = [name._replace(control=True, draw=draw) for name in specific for draw in range(1, 1 + DRAWS)]
    columns = ["best", *map(str, specific + random)]
    accuracies = np.random.default_rng(0).uniform(0.4, 0.9, (CONCEPTS * SEEDS, len(columns)))
    tasks = pd.DataFrame(product(map(str, range(CONCEPTS)), range(SEEDS)), columns=["sentiment", "seed"])
    results = tasks.join(pd.DataFrame(accuracies, columns=columns))
    begin = time.perf_counter()
    for by in ("attribute", "emotion", "overall"):
        inference.accuracy_drop(results, by)
    inference.placebo(results)
    inference.pair_conditions(results)
    print(f"{len(tasks)} tasks x {len(specific)} specific and {len(random):,} random masks: "
          f"{time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
