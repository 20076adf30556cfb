"""Boxes in COCO's format: one JSON file for many images."""

import json
from pathlib import Path

from fracture_core.data.cases import Box
from fracture_core.data.layouts.boxes import checked, is_fracture
from fracture_core.data.layouts.files import stem
from fracture_core.errors import DataError


def boxes(path: Path) -> dict[str, tuple[Box, ...]]:
    """Fracture boxes by the stem of the image's name.

    Args:
        path: a JSON file with `images` (id, file_name, width, height), `categories` (id, name) and
            `annotations` (image_id, category_id, bbox as left, top, width, height in pixels).

    Raises:
        DataError: the file is not as described.
    """
    found: dict[str, tuple[Box, ...]] = {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        fractures = {row["id"] for row in content["categories"] if is_fracture(row["name"])}
        pictures = {row["id"]: row for row in content["images"]}
        for mark in content["annotations"]:
            if mark["category_id"] not in fractures:
                continue
            picture = pictures[mark["image_id"]]
            left, top, width, height = (float(edge) for edge in mark["bbox"])
            across, down = float(picture["width"]), float(picture["height"])
            box = checked(left / across, top / down, (left + width) / across, (top + height) / down)
            name = stem(picture["file_name"])
            found[name] = (*found.get(name, ()), box)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ZeroDivisionError,
        RecursionError,
    ) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise DataError(
            f"Expected COCO annotations in {path}, but it cannot be read as such ({why}): mend that file, or remove "
            "it to work without its boxes."
        ) from error
    return found
