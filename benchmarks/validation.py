"""Paired comparison of two models on the same validation images: AUC and share of uncertain images.

python -m benchmarks.validation RESULT OTHER

Each argument is the folder of a model or of a run's result. Test images are not used.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fracture_core.evaluation import Thresholds, predictions
from fracture_core.evaluation.paired import compare_paired, shared_predictions
from fracture_core.registry.store import PREDICTIONS_NAME

_DRAWS = 2_000

_FIGURES = ("share uncertain", "fractures under no fracture seen", "fractures under fracture suspected")


def main() -> None:
    """Print the metrics of both and their differences, with 95% intervals from resampled groups."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("other", type=Path)
    args = parser.parse_args()
    one, other = (_validation_predictions(folder) for folder in (args.result, args.other))
    # `shared_predictions` compares the test split.
    images = shared_predictions(one.assign(split="test"), other.assign(split="test"))
    if not len(images) == len(one) == len(other):
        raise SystemExit(
            "The two models have different validation images. Choose two models with the same validation split."
        )
    ranked = compare_paired(images.assign(first=images["second"], second=images["first"]))
    print(f"{len(images)} validation images, {ranked.groups} groups")
    _print_row("AUC", ranked.second.value, ranked.first.value, ranked.difference.low, ranked.difference.high)

    sides = [table.set_index("id").loc[images["id"]] for table in (one, other)]
    members = [np.flatnonzero(images["group"] == group) for group in images["group"].unique()]
    draw = np.random.default_rng(0)
    drawn = [
        np.concatenate([members[group] for group in draw.integers(0, len(members), len(members))])
        for _ in range(_DRAWS)
    ]
    # Thresholds are chosen again on each draw, because they depend on few images and add much of the uncertainty.
    differences = np.array([_states(sides[1].iloc[index]) - _states(sides[0].iloc[index]) for index in drawn])
    low, high = np.nanpercentile(differences, [2.5, 97.5], axis=0)
    for name, *figures in zip(_FIGURES, *(_states(side) for side in sides), low, high, strict=True):
        _print_row(name, *figures)


def _validation_predictions(folder: Path) -> pd.DataFrame:
    """Return the predictions on the validation images of a model."""
    table = predictions.read_predictions(folder / PREDICTIONS_NAME)
    return table[table["split"] == "val"]


def _states(images: pd.DataFrame) -> NDArray[np.float64]:
    """Return the values named in `_FIGURES`, with thresholds chosen on these images; nan if undefined."""
    label, probability = images["label"].to_numpy(), images["probability"].to_numpy()
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


def _print_row(name: str, one: float, other: float, low: float, high: float) -> None:
    print(f"{name:<38}{one:.3f}   {other:.3f}   {other - one:+.3f} ({low:+.3f} to {high:+.3f})")


if __name__ == "__main__":
    main()
