"""Rules that combine the images of a study into one answer: maximum, noisy-or, and logistic on sorted logits.

python -m benchmarks.study_rule DIR [--model ID] [--images 2]

FracAtlas states no patient and no study. A proxy stands for a study: neighbouring ids in one group with the same body
regions and the same size of the file, cut into at most `--images` images; single images are left out. A proxy has a
fracture if one of its images has one. Each rule is calibrated (Platt) and its thresholds are chosen on the proxies of
the validation split. It is measured once on those of the test split. Intervals are clustered by group.

DIR is the folder of FracAtlas; only the sizes of its files are read. The predictions are those of the model's record.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from fracture_core import paths
from fracture_core.evaluation import PlattCalibration, Thresholds, predictions, summarise
from fracture_core.evaluation.paired import compare_paired
from fracture_core.registry.store import PREDICTIONS_NAME

# A rule is chosen over the maximum only on at least so many validation proxies with a fracture.
_MIN_POSITIVES = 50


def main() -> None:
    """Print a row for each rule, and which one is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--model", default="mobilenet_v2_map-fracatlas")
    parser.add_argument("--images", type=int, default=2, help="images of a proxy")
    args = parser.parse_args()
    table = predictions.read_predictions(paths.models_dir() / args.model / PREDICTIONS_NAME)
    table["size"] = [_image_size(args.folder / path) for path in table["path"]]
    studies = {split: find_studies(table[table["split"] == split], args.images) for split in ("val", "test")}
    for split, found in studies.items():
        print(
            f"{split}: {len(found)} proxies of up to {args.images} images, "
            f"{sum(study['label'].max() for study in found)} with a fracture, "
            f"in {len({study['group'].iloc[0] for study in found})} groups"
        )
    labels, groups, logits = {}, {}, {}
    for split, found in studies.items():
        labels[split] = np.array([study["label"].max() for study in found])
        groups[split] = np.array([study["group"].iloc[0] for study in found])
        logits[split] = combine_logits(found, studies["val"])
    scores: dict[str, NDArray[np.float64]] = {}
    print(f"{'rule':<12}{'split':<6}{'AUC':<34}{'sensitivity':<34}{'specificity':<34}{'uncertain':>9}")
    for rule in logits["val"]:
        calibration = PlattCalibration.fit(logits["val"][rule], labels["val"])
        val = calibration.apply(logits["val"][rule])
        thresholds = Thresholds.choose(labels["val"], val)
        for split in ("val", "test"):
            probability = calibration.apply(logits[split][rule])
            summary = summarise(labels[split], probability, groups[split], thresholds.high)
            uncertain = np.mean((probability >= thresholds.low) & (probability < thresholds.high))
            print(
                f"{rule:<12}{split:<6}{summary.auc.text():<34}{summary.sensitivity.text():<34}"
                f"{summary.specificity.text():<34}{uncertain:>9.0%}"
            )
        scores[rule] = calibration.apply(logits["test"][rule])
    for rule in list(scores)[1:]:
        frame = pd.DataFrame(
            {
                "id": np.arange(len(labels["test"])).astype(str),
                "label": labels["test"],
                "group": groups["test"],
                "first": scores[rule],
                "second": scores["maximum"],
            }
        )
        print(f"test AUC, {rule} minus maximum: {compare_paired(frame).difference.text()}")
    positives = int(labels["val"].sum())
    if positives < _MIN_POSITIVES:
        print(
            f"Only {positives} validation proxies have a fracture, too few to choose a rule: keep the maximum."
        )


def find_studies(table: pd.DataFrame, images: int) -> list[pd.DataFrame]:
    """Find the proxies of studies.

    Args:
        table: predictions of one split with a column "size".
        images: largest number of images of a proxy.

    Returns:
        Proxies of at least two images, each with its rows of the table.
    """
    ordered = table.sort_values("id").reset_index(drop=True)
    numbers = ordered["id"].str.extract(r"(\d+)$")[0].astype(int)
    alike = ["group", "regions", "size"]
    keys = [tuple(map(str, row)) for row in ordered[alike].to_numpy()]
    runs: list[list[int]] = [[0]] if len(ordered) else []
    for before, at in pairwise(range(len(ordered))):
        follows = numbers[at] == numbers[before] + 1 and keys[at] == keys[before]
        if follows and len(runs[-1]) < images:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [ordered.loc[run] for run in runs if len(run) > 1]


def combine_logits(studies: list[pd.DataFrame], val: list[pd.DataFrame]) -> dict[str, NDArray[np.float64]]:
    """Combine the images of each proxy.

    Args:
        studies: the proxies.
        val: the proxies of the validation split, on which the logistic regression is fitted.

    Returns:
        One logit for each proxy by the name of the rule.
    """
    from sklearn.linear_model import LogisticRegression

    absent = [1 - study["probability"].to_numpy().clip(1e-6, 1 - 1e-6) for study in studies]
    noisy = 1 - np.array([values.prod() for values in absent])
    regression = LogisticRegression(C=1.0).fit(_sorted_logits(val), [study["label"].max() for study in val])
    return {
        "maximum": np.array([study["logit"].max() for study in studies]),
        "noisy-or": np.log(noisy / (1 - noisy)),
        "logistic": regression.decision_function(_sorted_logits(studies)),
    }


def _sorted_logits(studies: list[pd.DataFrame]) -> NDArray[np.float64]:
    """The two largest logits of each proxy, the larger one first."""
    return np.array([np.sort(study["logit"].to_numpy())[::-1][:2] for study in studies])


def _image_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


if __name__ == "__main__":
    main()
