"""Time of the bootstrap of a performance summary and of the paired comparison of two models.

python -m benchmarks.evaluation_speed [--repeats N]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from fracture_core.evaluation.bootstrap import bootstrap_intervals
from fracture_core.evaluation.paired import compare_paired
from fracture_core.evaluation.scored_cases import check_scored_cases


def main() -> None:
    """Print the median and the minimum time of each measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    cases = check_scored_cases(rng.integers(0, 2, 600), rng.random(600))
    _report("Bootstrap intervals, 600 cases", lambda: bootstrap_intervals(cases, 0.5), repeats)
    images = pd.DataFrame(
        {
            "label": rng.integers(0, 2, 4000),
            "group": rng.integers(0, 900, 4000),
            "first": rng.random(4000),
            "second": rng.random(4000),
        }
    )
    _report("Paired comparison, 4,000 images in 900 groups", lambda: compare_paired(images), repeats)


def _report(name: str, action: Callable[[], object], repeats: int) -> None:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    print(
        f"{name}: median {statistics.median(seconds):.3f} s, minimum {min(seconds):.3f} s ({repeats} repeats)"
    )


if __name__ == "__main__":
    main()
