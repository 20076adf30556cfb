"""Calibration, thresholds and record of a cross-validation over all films that its finished folds held out.

python -m benchmarks.out_of_fold FOLDER [FOLDER ...] [--against RESULT] [--out FILE.json]

FOLDER is `runs/cross_validation/NAME`. The logits of several cross-validations of the same films are averaged. RESULT
is the folder of a model: its AUC on its validation films is compared with the out-of-fold AUC on the same films. The
test films are not read.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from scipy.special import expit

from fracture_core.cli.quiet_keras import load_keras
from fracture_core.evaluation import Interval, Summary, VerdictCoverage, predictions
from fracture_core.evaluation.cross_validated import assess, average_logits
from fracture_core.evaluation.paired import compare_paired, shared_predictions
from fracture_core.evaluation.thresholds import VERDICTS
from fracture_core.io.atomic_write import write_atomically
from fracture_core.registry.store import PREDICTIONS_NAME


def main() -> None:
    """Prints the record with 95% intervals and writes it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws")
    parser.add_argument("--against", metavar="RESULT", type=Path, help="folder of a model to compare with")
    parser.add_argument("--out", metavar="FILE", type=Path)
    chosen = parser.parse_args()
    load_keras()
    from fracture_core.training.out_of_fold import read_folds

    table = average_logits([read_folds(folder) for folder in chosen.folders])
    record = assess(table, chosen.draws)
    limits = record.thresholds
    print(
        f"{len(table)} films in {record.summary.groups} groups, folds {', '.join(map(str, sorted(set(table['fold']))))}"
    )
    print(f"thresholds: low {limits.low:.4f}, balanced {limits.balanced:.4f}, high {limits.high:.4f}")
    _print_summary("all", record.summary, record.coverage[""])
    for name, summary in record.regions.items():
        _print_summary(name, summary, record.coverage[name])
    if record.without_hardware:
        _print_summary("without hardware", record.without_hardware)
    print(f"peak in a marked fracture: {record.pointing.text() if record.pointing else 'no boxes'}")
    print("thresholds chosen on other films (bootstrap by group):")
    for name, interval in record.stability.items():
        print(f"  {name:<20} {interval.text()}")
    if chosen.against:
        difference = compare(table, predictions.read_predictions(chosen.against / PREDICTIONS_NAME))
        print(f"AUC on the shared validation films, compared with {chosen.against.name}: {difference.text()}")
    if chosen.out:
        write_atomically(chosen.out, json.dumps(record.to_json(), indent=2) + "\n")


def compare(table: pd.DataFrame, other: pd.DataFrame) -> Interval:
    """Compares out-of-fold predictions with a model's on that model's validation films.

    Args:
        table: out-of-fold predictions.
        other: predictions of the model; see `evaluation.predictions`. Its test films are left out.

    Returns:
        Out-of-fold AUC minus the model's AUC, paired, with a 95% interval from resampled groups.

    Raises:
        DataError: no film is in both, or one class is missing.
    """
    validation = other[other["split"] == "val"]
    # `shared_predictions` compares the films that are called test.
    films = shared_predictions(
        table.assign(split="test", probability=expit(table["logit"])), validation.assign(split="test")
    )
    return compare_paired(films).difference


def _print_summary(name: str, summary: Summary, coverage: VerdictCoverage | None = None) -> None:
    print(f"{name}: {summary.n} films, {summary.positives} with a fracture, ECE {summary.ece:.3f}")
    for title in ("auc", "sensitivity", "specificity"):
        print(f"  {title:<20} {getattr(summary, title).text()}")
    for verdict in VERDICTS if coverage else ():
        share, fractured = coverage.for_verdict(verdict) if coverage else (None, None)
        print(
            f"  {verdict.value:<20} {share.text() if share else ''}; fractured {fractured.text() if fractured else ''}"
        )


if __name__ == "__main__":
    main()
