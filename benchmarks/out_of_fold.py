"""Calibration, thresholds and record of a cross-validation on all images held out by its finished folds.

python -m benchmarks.out_of_fold FOLDER [FOLDER ...] [--against RESULT] [--out FILE.json]

FOLDER is `runs/cross_validation/NAME`. The logits of several cross-validations of the same images are averaged.
RESULT is the folder of a model: its AUC on its validation images is compared with the out-of-fold AUC on the same
images. Test images are not used.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from scipy.special import expit

from fracture_core.evaluation import Interval, Summary, VerdictCoverage, predictions
from fracture_core.evaluation.cross_validated import assess, average_logits
from fracture_core.evaluation.paired import compare_paired, shared_predictions
from fracture_core.evaluation.thresholds import VERDICTS
from fracture_core.io.atomic_write import write_atomically
from fracture_core.registry.store import PREDICTIONS_NAME
from fracture_core.zoo.quiet_keras import load_keras


def main() -> None:
    """Print the record with 95% intervals, and write it as JSON if requested."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws")
    parser.add_argument("--against", metavar="RESULT", type=Path, help="folder of a model to compare with")
    parser.add_argument("--out", metavar="FILE", type=Path)
    args = parser.parse_args()
    load_keras()
    from fracture_core.training.out_of_fold import read_folds

    table = average_logits([read_folds(folder) for folder in args.folders])
    record = assess(table, args.draws)
    limits = record.thresholds
    folds = ", ".join(map(str, sorted(set(table["fold"]))))
    print(f"{len(table)} images in {record.summary.groups} groups, folds {folds}")
    print(f"thresholds: low {limits.low:.4f}, balanced {limits.balanced:.4f}, high {limits.high:.4f}")
    _print_summary("all", record.summary, record.coverage[""])
    for name, summary in record.regions.items():
        _print_summary(name, summary, record.coverage[name])
    if record.without_hardware:
        _print_summary("without hardware", record.without_hardware)
    print(f"peak in a marked fracture: {record.pointing.text() if record.pointing else 'no boxes'}")
    print("stability of the thresholds (bootstrap by group):")
    for name, interval in record.stability.items():
        print(f"  {name:<20} {interval.text()}")
    if args.against:
        difference = compare(table, predictions.read_predictions(args.against / PREDICTIONS_NAME))
        print(f"AUC on the shared validation images, compared with {args.against.name}: {difference.text()}")
    if args.out:
        write_atomically(args.out, json.dumps(record.to_json(), indent=2) + "\n")


def compare(table: pd.DataFrame, other: pd.DataFrame) -> Interval:
    """Compare out-of-fold predictions with those of a model on its validation images.

    Args:
        table: out-of-fold predictions.
        other: predictions of the model; see `evaluation.predictions`. Its test images are left out.

    Returns:
        Out-of-fold AUC minus the model's AUC, paired, with a 95% interval from resampled groups.

    Raises:
        DataError: The tables share no image, or one class is missing.
    """
    validation = other[other["split"] == "val"]
    # `shared_predictions` compares the test split.
    shared = shared_predictions(
        table.assign(split="test", probability=expit(table["logit"])), validation.assign(split="test")
    )
    return compare_paired(shared).difference


def _print_summary(name: str, summary: Summary, coverage: VerdictCoverage | None = None) -> None:
    print(f"{name}: {summary.n} images, {summary.positives} with a fracture, ECE {summary.ece:.3f}")
    for title in ("auc", "sensitivity", "specificity"):
        print(f"  {title:<20} {getattr(summary, title).text()}")
    for verdict in VERDICTS if coverage else ():
        share, fractured = coverage.for_verdict(verdict) if coverage else (None, None)
        print(
            f"  {verdict.value:<20} {share.text() if share else ''}; fractured {fractured.text() if fractured else ''}"
        )


if __name__ == "__main__":
    main()
