"""Writing of synthetic datasets to disk."""

import csv
import io
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.phantom import PHANTOM_FILE
from fracture_core.errors import DataError
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.phantom.dicom import phantom_to_dicom
from fracture_core.phantom.difficulty import DIFFICULTIES
from fracture_core.phantom.generate import draw_phantom, phantom_boxes
from fracture_core.phantom.png import encode_png
from fracture_core.phantom.settings import FORMATS, MAX_COUNT, PhantomSettings
from fracture_core.vocabulary import SPLITS

#: Folder names of the two classes, in the order of `vocabulary.LABELS`.
CLASS_FOLDERS = ("not fractured", "fractured")

#: Folder of the masks, next to the splits.
MASK_FOLDER = "masks"

_BOXES, _README = "boxes.csv", "README.txt"
_TEMPORARY = ".writing"

_TEXT = """Synthetic radiographs

Every image in this folder was computed from a model of bones and X-rays. None shows a person.
They are meant for trying the app and the training without a download. Results of a model trained on
them do not apply to real patients.{pairs}

<split>/<fractured|not fractured>/synthetic_<region>_<seed>{suffix}   {what}
{masks}boxes.csv      the fractures: file, x0, y0, x1, y1 as fractions of the image's width and height
phantom.json   the settings that these images were drawn with

Drawn by Second Look (fracture_core.phantom): {count} images, seed {seed}, {difficulty} fractures.
"""
_FORMAT_TEXT = {"png": "8-bit grey images", "dicom": "DICOM (DX), 12 bits, declared synthetic in their tags"}
_PAIRS_TEXT = "\n\nEach limb is included twice, with and without a fracture, in the same split."
_MASKS_TEXT = "masks/<the same path>.png   the fracture zone in white, all black without a fracture\n"


@dataclass(frozen=True)
class _Item:
    """One planned image.

    Attributes:
        name: path relative to the dataset folder.
        mask: path of its mask relative to the dataset folder.
        region: its region.
        label: 0 or 1.
        seed: seed of the phantom.
    """

    name: str
    mask: str
    region: str
    label: int
    seed: int


def _items(settings: PhantomSettings) -> list[_Item]:
    """Plan the images: classes and regions in turn, splits by shuffled pairs."""
    pairs = settings.count // 2
    held_out = max(1, round(0.15 * pairs))
    splits = [SPLITS[1]] * held_out + [SPLITS[2]] * held_out
    splits += [SPLITS[0]] * (pairs - 2 * held_out)
    order = np.random.default_rng([settings.seed, 99]).permutation(pairs)
    paired = DIFFICULTIES[settings.difficulty].paired
    items = []
    for i in range(settings.count):
        pair, label = divmod(i, 2)
        split = splits[int(order[pair])] if pair < pairs else SPLITS[0]
        region = settings.regions[pair % len(settings.regions)]
        seed = settings.seed * MAX_COUNT + (i - label if paired else i)
        stem = f"{split}/{CLASS_FOLDERS[label]}/synthetic_{region}_{seed}"
        items.append(_Item(stem + FORMATS[settings.format], f"{MASK_FOLDER}/{stem}.png", region, label, seed))
    return items


def _check_folder(folder: Path, items: list[_Item], settings: PhantomSettings) -> None:
    """Reject a folder with files that do not belong to a dataset with these settings."""
    if folder.exists() and not folder.is_dir():
        raise DataError(
            f"Synthetic images are written to a folder, but {folder} is a file. Choose another folder."
        )
    if (folder / PHANTOM_FILE).is_file():
        settings.check_matches_folder(folder)
        known = {item.name for item in items} | {_BOXES, _README, PHANTOM_FILE}
        known |= {item.mask for item in items} if settings.masks else set()
    else:
        known = {PHANTOM_FILE}
    known |= {name + _TEMPORARY for name in known}
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in known:
            raise DataError(
                f"{folder} contains {name}, which is not part of this synthetic dataset. Choose another folder or "
                "empty this one."
            )


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + _TEMPORARY)
    temporary.write_bytes(content)
    temporary.replace(path)


def _write(folder: Path, settings: PhantomSettings, item: _Item) -> tuple[Box, ...]:
    """Draw and write one image unless it exists; return its fracture boxes."""
    fracture = settings.fracture if item.label else None
    path, mask = folder / item.name, folder / item.mask
    if path.is_file() and (mask.is_file() or not settings.masks):
        if fracture is None:
            return ()
        return phantom_boxes(item.seed, item.region, fracture, settings.size, settings.difficulty)
    phantom = draw_phantom(item.seed, item.region, fracture, settings.size, settings.difficulty)
    if settings.masks:
        _replace(mask, encode_png(phantom.mask.astype(np.uint8) * 255))
    _replace(path, phantom_to_dicom(phantom) if settings.format == "dicom" else encode_png(phantom.pixels))
    return phantom.boxes


def write_phantom_dataset(
    folder: Path, settings: PhantomSettings, progress: ProgressCallback | None = None
) -> list[Path]:
    """Write a synthetic dataset.

    The files are `<split>/<fractured|not fractured>/synthetic_<region>_<seed>.png` or `.dcm`, their masks
    `masks/<the same path>.png`, with `boxes.csv`, `phantom.json` and `README.txt` next to the splits. Half of
    every split shows a fracture; about 70% of the images are in train, 15% in val and 15% in test. An
    interrupted call is resumed by the next one; `boxes.csv` is written last.

    Args:
        folder: target folder; created if missing.
        settings: the settings. If the count is odd, the last image is one more normal image in train.
        progress: called with (stage, images done, total) after each image. An exception raised by it ends the
            function.

    Returns:
        The paths of the images, in the order in which they were drawn.

    Raises:
        DataError: The folder contains other files, or a dataset with other settings.
    """
    folder = Path(folder)
    items = _items(settings)
    _check_folder(folder, items, settings)
    _replace(folder / PHANTOM_FILE, settings.file_text().encode())
    text = _TEXT.format(
        suffix=FORMATS[settings.format],
        what=_FORMAT_TEXT[settings.format],
        pairs=_PAIRS_TEXT if DIFFICULTIES[settings.difficulty].paired else "",
        masks=_MASKS_TEXT if settings.masks else "",
        count=settings.count,
        seed=settings.seed,
        difficulty=settings.difficulty,
    )
    _replace(folder / _README, text.encode())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file", "x0", "y0", "x1", "y1"))
    # Closed if `progress` raises, so that no thread continues drawing.
    with closing(map_in_order(lambda item: _write(folder, settings, item), items, at_once=1)) as all_boxes:
        for done, (item, boxes) in enumerate(zip(items, all_boxes, strict=True), start=1):
            for box in boxes:
                writer.writerow((item.name, *(f"{edge:.6f}" for edge in box)))
            if progress is not None:
                progress("Drawing", done, settings.count)
    _replace(folder / _BOXES, table.getvalue().encode())
    return [folder / item.name for item in items]
