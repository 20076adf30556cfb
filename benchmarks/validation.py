"""Two models on the same validation films: which ranks better, and which leaves fewer films uncertain.

python -m benchmarks.validation RESULT OTHER

Each is the folder of a model or of a run's result. The test films are not looked at.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from fracture_core.evaluation import predictions
from fracture_core.evaluation.paired import paired, shared_films
from fracture_core.registry.card import Card
from fracture_core.registry.store import CARD, PREDICTIONS

_DRAWS = 2_000

_FIGURES = {
    "share uncertain": lambda films: 1 - (films["clear"] | films["suspected"]).mean(),
    "fractures under no fracture seen": lambda films: films.loc[films["clear"], "label"].mean(),
    "fractures under fracture suspected": lambda films: films.loc[films["suspected"], "label"].mean(),
}


def main() -> None:
    """Prints the figures of both and how the other differs, with 95% intervals from resampled groups."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("other", type=Path)
    chosen = parser.parse_args()
    one, other = (_films(folder) for folder in (chosen.result, chosen.other))
    # The comparison of models takes what is called test.
    films = shared_films(one.assign(split="test"), other.assign(split="test"))
    if not len(films) == len(one) == len(other):
        raise SystemExit(
            "Expected two models with the same validation films, but they differ: choose others."
        )
    ranked = paired(films.assign(first=films["second"], second=films["first"]))
    print(f"{len(films)} validation films, {ranked.groups} groups")
    _tell("AUC", ranked.second.value, ranked.first.value, ranked.difference.low, ranked.difference.high)

    sides = [table.set_index("id").loc[films["id"]] for table in (one, other)]
    members = [np.flatnonzero(films["group"] == group) for group in films["group"].unique()]
    draw = np.random.default_rng(0)
    drawn = [
        np.concatenate([members[at] for at in draw.integers(0, len(members), len(members))])
        for _ in range(_DRAWS)
    ]
    for name, figure in _FIGURES.items():
        apart = [figure(sides[1].iloc[index]) - figure(sides[0].iloc[index]) for index in drawn]
        _tell(name, *(figure(side) for side in sides), *np.nanpercentile(apart, [2.5, 97.5]))


def _films(folder: Path) -> pd.DataFrame:
    """The validation films of a model, with its verdicts."""
    table = predictions.read(folder / PREDICTIONS)
    limits = Card.load(folder / CARD).thresholds
    table = table[table["split"] == "val"]
    return table.assign(
        clear=table["probability"] < limits.low, suspected=table["probability"] >= limits.high
    )


def _tell(name: str, one: float, other: float, low: float, high: float) -> None:
    print(f"{name:<38}{one:.3f}   {other:.3f}   {other - one:+.3f} ({low:+.3f} to {high:+.3f})")


if __name__ == "__main__":
    main()
