"""How often thresholds with a guarantee keep their promise, by simulation.

    python -m benchmarks.guarantee [--draws 2000]

The scores are those of the shipped model on its test images, jittered; each score has a known probability of a
fracture. A draw is a local acceptance test of 200 to 3,000 images, alone or in groups of three with the same label.
A promise is broken if the true predictive value beyond the threshold is below its target. It may be broken in at most
one of ten draws.
"""

import argparse

import numpy as np
from scipy.special import expit, logit

from fracture_core import paths
from fracture_core.acceptance.guaranteed_thresholds import (
    CONFIDENCE,
    NPV_TARGET,
    PPV_TARGET,
    guarantee_thresholds,
)
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

_POPULATION = 200_000


def main() -> None:
    """Print the share of draws with a threshold and with a broken promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    args = parser.parse_args()
    table = ModelStore(paths.models_dir()).predictions(SHIPPED_MODEL)
    scores = table.loc[table["split"] == "test", "probability"].to_numpy()
    rng = np.random.default_rng(0)
    spread = logit(np.clip(rng.choice(scores, _POPULATION), 1e-4, 1 - 1e-4)) + rng.normal(0, 0.3, _POPULATION)
    population = expit(spread)
    print(f"promises: NPV {NPV_TARGET:.0%} and PPV {PPV_TARGET:.0%} with {CONFIDENCE:.0%} confidence")
    print(f"{'images':>7}{'a group':>8}  {'verdict':<20}{'found':>7}  broken, of all draws")
    for count in (200, 800, 3000):
        for size in (1, 3):
            _measure(population, count, size, args.draws)


def _measure(population: np.ndarray, count: int, size: int, draws: int) -> None:
    ordered = np.sort(population)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    found = {"no fracture seen": 0, "fracture suspected": 0}
    broken = {name: np.zeros(draws, bool) for name in found}
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        scores = rng.choice(population, count // size)
        labels = (rng.random(len(scores)) < scores).astype(int)
        groups = [f"g{number}" for number in range(len(scores)) for _ in range(size)]
        low, high = guarantee_thresholds(np.repeat(labels, size), np.repeat(scores, size), groups)
        if low.is_found:
            found["no fracture seen"] += 1
            place = np.searchsorted(ordered, low.threshold)
            broken["no fracture seen"][seed] = sums[place] / place > 1 - NPV_TARGET
        if high.is_found:
            found["fracture suspected"] += 1
            place = np.searchsorted(ordered, high.threshold)
            broken["fracture suspected"][seed] = (sums[-1] - sums[place]) / (
                len(ordered) - place
            ) < PPV_TARGET
    for name, errors in broken.items():
        share = proportion_interval(errors, np.arange(draws))
        print(f"{count:>7}{size:>8}  {name:<20}{found[name] / draws:>7.0%}  {share.text()}")


if __name__ == "__main__":
    main()
