"""External validation: a model on images of another dataset, by body region and framing.

python -m benchmarks.external DIR [--model ID] [--out FILE.csv]
python -m benchmarks.external DIR --select FRACATLAS

DIR is the multi-region dataset. `external_films.csv` lists its unique images: no rotated copies, one file of each
duplicate group, and no image that is also in FracAtlas. Region and framing were assigned by eye from thumbnails, not
by a radiologist. `--select` updates the list and keeps the region and framing of known images. No
parameter is chosen on these images.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import pandas as pd

from fracture_core import near_duplicates, paths
from fracture_core.datasets.layouts.image_files import is_rotated_copy
from fracture_core.errors import SecondLookError
from fracture_core.evaluation import Interval, Thresholds
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.internal_errors import file_boundary
from fracture_core.zoo.quiet_keras import load_keras

#: The list of images.
IMAGE_LIST = Path(__file__).with_name("external_films.csv")

#: Results of a model for an image, in the order of the table.
STATES = ("no verdict", "no fracture seen", "uncertain", "fracture suspected")

_FRACTURED = "fractured"

_IMAGES = {".jpg", ".jpeg", ".png"}


def main() -> None:
    """Print the record, or update the list of images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DIR", type=Path)
    parser.add_argument("--model", metavar="ID", help="default: the model in use")
    parser.add_argument("--select", metavar="FRACATLAS", type=Path, help="update the list of images")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the predictions as CSV")
    args = parser.parse_args()
    if args.select:
        select(args.data, args.select, IMAGE_LIST)
        return
    images = pd.read_csv(IMAGE_LIST, keep_default_na=False)
    missing = [name for name in images["file"] if not (args.data / name).is_file()]
    if missing:
        raise SystemExit(
            f"{args.data} lacks {len(missing)} of the {len(images)} images, such as {missing[0]}."
        )
    table, thresholds = predict(args.data, images, args.model)
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.6g", lineterminator="\n")
    for title, part in subgroups(table):
        print(describe(title, part, thresholds))


def originals(data: Path, training: Path) -> list[str]:
    """Find the unique images of a dataset that are not in another one.

    Args:
        data: folder of the dataset.
        training: folder whose images are left out.

    Returns:
        Paths relative to `data`, sorted.
    """
    files = sorted(path for path in _images(data) if not is_rotated_copy(path))
    content_ids = near_duplicates.find_duplicates([*files, *sorted(_images(training))])
    known = set(content_ids[len(files) :].tolist())
    first: dict[int, Path] = {}
    for path, content_id in zip(files, content_ids.tolist(), strict=False):
        if content_id not in known:
            first.setdefault(content_id, path)
    return sorted(path.relative_to(data).as_posix() for path in first.values())


def select(data: Path, training: Path, path: Path) -> None:
    """Write the list of images. Region and framing of images that were already listed are kept.

    Args:
        data: folder of the dataset.
        training: folder whose images are left out.
        path: the list, CSV.
    """
    listed: dict[str, dict[str, str]] = {}
    if path.is_file():
        listed = {row["file"]: row for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("file", "region", "framing"), lineterminator="\n")
        writer.writeheader()
        for name in originals(data, training):
            writer.writerow(listed.get(name, {"file": name, "region": "", "framing": ""}))


def predict(data: Path, images: pd.DataFrame, model: str | None) -> tuple[pd.DataFrame, Thresholds]:
    """Predict each image.

    Args:
        data: folder of the dataset.
        images: rows with the columns file, region and framing.
        model: id of the model; None for the one in use.

    Returns:
        The rows with the columns label (1 for the folder *fractured*), probability (nan without a verdict) and
        state (one of `STATES`); and the thresholds of the model.
    """
    load_keras()
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore

    predictor = Predictor(ModelStore(paths.models_dir()), model)
    probabilities, states = [], []
    for name in images["file"]:
        try:
            with file_boundary():
                probability = predictor.predict(data / name, heatmap=False).probability
        except SecondLookError:
            probability = None
        probabilities.append(np.nan if probability is None else probability)
        states.append(_state(probability, predictor.card.thresholds))
    label = [int(Path(name).parent.name == _FRACTURED) for name in images["file"]]
    return images.assign(label=label, probability=probabilities, state=states), predictor.card.thresholds


def subgroups(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the reported subgroups with their titles: all, by framing, by region, close-ups by region."""
    parts = [("all", table)]
    for column in ("framing", "region"):
        parts += [(str(name), part) for name, part in table.groupby(column)]
    close = table[table["framing"] == "close-up"]
    parts += [(f"{name}, close-up", part) for name, part in close.groupby("region")]
    return parts


def describe(title: str, table: pd.DataFrame, thresholds: Thresholds) -> str:
    """Describe the results of one subgroup as text.

    AUC, sensitivity and specificity are computed on the images with a verdict. *Not suspected* is the share of images
    without a fracture that do not get *fracture suspected*; images without a verdict count as not suspected.

    Args:
        title: title of the subgroup.
        table: rows from `predict`.
        thresholds: thresholds of the model.

    Returns:
        Counts of verdicts by label, and metrics with 95% intervals as far as they can be computed.
    """
    lines = [f"{title}: {len(table)} images"]
    for label, name in ((1, "fractured"), (0, "normal")):
        states = table.loc[table["label"] == label, "state"]
        if len(states):
            counts = ", ".join(f"{state} {(states == state).sum()}" for state in STATES)
            lines.append(f"  {name:<10} {len(states)}: {counts}")
    judged = table[table["probability"].notna()]
    flagged = judged["probability"] >= thresholds.balanced
    if judged["label"].nunique() == 2:
        lines.append(
            f"  AUC {auc_interval(check_scored_cases(judged['label'], judged['probability'])).text()}"
        )
    for name, share in (
        ("sensitivity", _share(flagged[judged["label"] == 1])),
        ("specificity", _share(~flagged[judged["label"] == 0])),
        ("not suspected", _share(table.loc[table["label"] == 0, "state"] != STATES[-1])),
    ):
        if share.is_measured:
            lines.append(f"  {name} {share.text()}")
    return "\n".join(lines)


def _state(probability: float | None, thresholds: Thresholds) -> str:
    if probability is None:
        return STATES[0]
    return STATES[1 + (probability >= thresholds.low) + (probability >= max(thresholds.low, thresholds.high))]


def _share(hits: pd.Series) -> Interval:
    return proportion_interval(hits.to_numpy(), np.arange(len(hits)))


def _images(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix.lower() in _IMAGES]


if __name__ == "__main__":
    main()
