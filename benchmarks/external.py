"""A model on images of another dataset, by body region and framing.

python -m benchmarks.external DIR [--model ID] [--out FILE.csv]
python -m benchmarks.external DIR --select FRACATLAS

DIR is the multi-region set. `external_films.csv` lists its distinct originals: no rotated copies, one file of each
group of copies, and no image that is also in FracAtlas. Region and framing were assigned by eye from thumbnails, not
by a radiologist. `--select` finds the originals anew and keeps the region and framing of known images. Nothing is
chosen on these images.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import pandas as pd

from fracture_core import near_duplicates, paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.datasets.layouts.image_files import is_rotated_copy
from fracture_core.errors import SecondLookError
from fracture_core.evaluation import Interval, Thresholds
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.internal_errors import file_boundary

FILMS = Path(__file__).with_name("external_films.csv")

#: What a model says of an image, in the order of the table.
STATES = ("no verdict", "no fracture seen", "uncertain", "fracture suspected")

_FRACTURED = "fractured"

_IMAGES = {".jpg", ".jpeg", ".png"}


def main() -> None:
    """Prints the record, or writes the list of originals anew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DIR", type=Path)
    parser.add_argument("--model", metavar="ID", help="default: the model in use")
    parser.add_argument("--select", metavar="FRACATLAS", type=Path, help="write the list of originals anew")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the predictions as CSV")
    chosen = parser.parse_args()
    if chosen.select:
        select(chosen.data, chosen.select, FILMS)
        return
    films = pd.read_csv(FILMS, keep_default_na=False)
    missing = [name for name in films["file"] if not (chosen.data / name).is_file()]
    if missing:
        raise SystemExit(
            f"{chosen.data} lacks {len(missing)} of the {len(films)} images, such as {missing[0]}."
        )
    table, thresholds = predict(chosen.data, films, chosen.model)
    if chosen.out:
        table.to_csv(chosen.out, index=False, float_format="%.6g", lineterminator="\n")
    for title, part in slices(table):
        print(describe(title, part, thresholds))


def originals(data: Path, training: Path) -> list[str]:
    """Finds the distinct originals of a dataset that are not in another.

    Args:
        data: folder of the dataset.
        training: folder whose images are left out.

    Returns:
        Paths relative to `data`, sorted.
    """
    files = sorted(path for path in _images(data) if not is_rotated_copy(path))
    same = near_duplicates.find_duplicates([*files, *sorted(_images(training))])
    known = set(same[len(files) :].tolist())
    first: dict[int, Path] = {}
    for path, picture in zip(files, same.tolist(), strict=False):
        if picture not in known:
            first.setdefault(picture, path)
    return sorted(path.relative_to(data).as_posix() for path in first.values())


def select(data: Path, training: Path, path: Path) -> None:
    """Writes the list of originals; region and framing of images that were listed before stay."""
    before: dict[str, dict[str, str]] = {}
    if path.is_file():
        before = {row["file"]: row for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("file", "region", "framing"), lineterminator="\n")
        writer.writeheader()
        for name in originals(data, training):
            writer.writerow(before.get(name, {"file": name, "region": "", "framing": ""}))


def predict(data: Path, films: pd.DataFrame, model: str | None) -> tuple[pd.DataFrame, Thresholds]:
    """Asks a model for its verdict on each image.

    Args:
        data: folder of the dataset.
        films: rows with file, region and framing.
        model: id of the model; None for the one in use.

    Returns:
        The rows with the columns label (1: the folder says *fractured*), probability (nan without a verdict) and
        state (one of `STATES`); and the thresholds of the model.
    """
    load_keras()
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore

    reader = Predictor(ModelStore(paths.models_dir()), model)
    probabilities, states = [], []
    for name in films["file"]:
        try:
            with file_boundary():
                probability = reader.predict(data / name, heatmap=False).probability
        except SecondLookError:
            probability = None
        probabilities.append(np.nan if probability is None else probability)
        states.append(_state(probability, reader.card.thresholds))
    label = [int(Path(name).parent.name == _FRACTURED) for name in films["file"]]
    return films.assign(label=label, probability=probabilities, state=states), reader.card.thresholds


def slices(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The parts of the table that are reported: all, by framing, by region, close-ups by region."""
    parts = [("all", table)]
    for column in ("framing", "region"):
        parts += [(str(name), part) for name, part in table.groupby(column)]
    close = table[table["framing"] == "close-up"]
    parts += [(f"{name}, close-up", part) for name, part in close.groupby("region")]
    return parts


def describe(title: str, table: pd.DataFrame, thresholds: Thresholds) -> str:
    """One paragraph: counts of verdicts by label, and figures with 95% intervals where they can be measured.

    AUC, sensitivity and specificity are those of the images with a verdict. *Not suspected* is the share of the images
    without a fracture that do not get *fracture suspected*; images without a verdict count as not suspected.
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
