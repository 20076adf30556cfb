"""Two models on the same validation films: which ranks better, and which leaves fewer films uncertain.

python -m benchmarks.validation RESULT OTHER

Each is the folder of a model or of a run's result. The test films are not looked at.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from fracture_core.evaluation import Thresholds, predictions
from fracture_core.evaluation.paired import compare_paired, shared_predictions
from fracture_core.registry.store import PREDICTIONS_NAME

_DRAWS = 2_000

_FIGURES = ("share uncertain", "fractures under no fracture seen", "fractures under fracture suspected")


def main() -> None:
    """Prints the figures of both and how the other differs, with 95% intervals from resampled groups."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("other", type=Path)
    chosen = parser.parse_args()
    one, other = (_films(folder) for folder in (chosen.result, chosen.other))
    # The comparison of models takes what is called test.
    films = shared_predictions(one.assign(split="test"), other.assign(split="test"))
    if not len(films) == len(one) == len(other):
        raise SystemExit(
            "Expected two models with the same validation films, but they differ: choose others."
        )
    ranked = compare_paired(films.assign(first=films["second"], second=films["first"]))
    print(f"{len(films)} validation films, {ranked.groups} groups")
    _tell("AUC", ranked.second.value, ranked.first.value, ranked.difference.low, ranked.difference.high)

    sides = [table.set_index("id").loc[films["id"]] for table in (one, other)]
    members = [np.flatnonzero(films["group"] == group) for group in films["group"].unique()]
    draw = np.random.default_rng(0)
    drawn = [
        np.concatenate([members[at] for at in draw.integers(0, len(members), len(members))])
        for _ in range(_DRAWS)
    ]
    # Thresholds are chosen anew on each draw, for they hang on few films and are half of what is uncertain here.
    apart = np.array([_states(sides[1].iloc[index]) - _states(sides[0].iloc[index]) for index in drawn])
    low, high = np.nanpercentile(apart, [2.5, 97.5], axis=0)
    for name, *figures in zip(_FIGURES, *(_states(side) for side in sides), low, high, strict=True):
        _tell(name, *figures)


def _films(folder: Path) -> pd.DataFrame:
    """The validation films of a model."""
    table = predictions.read_predictions(folder / PREDICTIONS_NAME)
    return table[table["split"] == "val"]


def _states(films: pd.DataFrame) -> np.ndarray:
    """What `_FIGURES` names, with the thresholds that these films give; nan where a verdict never falls."""
    label, probability = films["label"].to_numpy(), films["probability"].to_numpy()
    if len(np.unique(label)) < 2:
        return np.full(len(_FIGURES), np.nan)
    limits = Thresholds.choose(label, probability)
    clear, suspected = probability < limits.low, probability >= limits.high
    return np.array(
        [
            1 - (clear | suspected).mean(),
            *(label[state].mean() if state.any() else np.nan for state in (clear, suspected)),
        ]
    )


def _tell(name: str, one: float, other: float, low: float, high: float) -> None:
    print(f"{name:<38}{one:.3f}   {other:.3f}   {other - one:+.3f} ({low:+.3f} to {high:+.3f})")


if __name__ == "__main__":
    main()
