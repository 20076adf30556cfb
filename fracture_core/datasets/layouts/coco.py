"""Boxes in COCO's format: one JSON file for many images."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import ClippedBox, clip_box, is_fracture_class
from fracture_core.datasets.layouts.image_files import file_stem
from fracture_core.datasets.layouts.orientation import shown_size, to_shown_image
from fracture_core.datasets.layouts.text_decoding import decode_text
from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary

#: An id of COCO, made comparable.
_Id = int | str


def read_coco_boxes(path: Path, log: AnnotationLog, images: Mapping[str, Path]) -> dict[str, tuple[Box, ...]]:
    """Read fracture boxes by the stem of the image's name.

    A bad annotation is skipped and noted; it costs neither its image nor other boxes.

    Args:
        path: a JSON file with `images` (id, file_name, width, height), `categories` (id, name) and
            `annotations` (id, image_id, category_id, bbox as left, top, width, height in pixels).
        log: takes a remark for each annotation that is skipped, clipped or repeated.
        images: the image files of the dataset by stem. Their sizes are used where the file gives none, and
            their EXIF orientation is looked at.

    Returns:
        x0, y0, x1, y1 of each box as fractions of the image, by stem; images without a box are left out.
    """
    try:
        with file_boundary():
            return _boxes(path, log, images)
    except SecondLookError as error:
        log.add("annotation_file_unreadable", "", path, "", str(error))
        return {}


@dataclass
class _Picture:
    """An image of the file.

    Attributes:
        name: stem of its file name.
        size: width and height as the file gives them; None where they are missing or impossible.
        boxes: its boxes.
    """

    name: str
    size: tuple[float, float] | None
    boxes: list[Box] = field(default_factory=list)


def _boxes(path: Path, log: AnnotationLog, images: Mapping[str, Path]) -> dict[str, tuple[Box, ...]]:
    content = _load(path, log)
    if content is None:
        return {}
    pictures, unusable = _pictures(content["images"])
    categories = _categories(content["categories"])
    seen: dict[_Id, str] = {}
    for number, mark in enumerate(content["annotations"], 1):
        place = f"annotation number {number}"
        film = ""
        try:
            if not isinstance(mark, dict):
                raise ValueError("it is no object with fields")
            own = _identity(mark.get("id"))
            place = place if own is None else f"annotation {own}"
            if not _is_wanted(mark, categories):
                continue
            picture = _picture(mark, pictures, unusable)
            film = picture.name
            if film not in images:
                log.add("annotation_without_film", film, path, place)
                continue
            size = picture.size or shown_size(images[film])
            if size is None:
                raise ValueError("the width and height of its image are unknown")
            box = _box(mark, size)
        except ValueError as error:
            log.add("annotation_skipped", film, path, place, str(error))
            continue
        if own is not None:
            same = repr((mark.get("image_id"), mark.get("category_id"), mark["bbox"]))
            if own in seen:
                repeated = seen[own] == same
                log.add(
                    "annotation_duplicate",
                    film,
                    path,
                    place,
                    "it is the same box and was left out" if repeated else "both boxes were kept",
                )
                if repeated:
                    continue
            seen.setdefault(own, same)
        if box.clipped:
            log.add("annotation_clipped", film, path, place)
        picture.boxes.append(box.box)
    return _by_name(pictures, path, log, images)


def _by_name(
    pictures: Mapping[_Id, _Picture], path: Path, log: AnnotationLog, images: Mapping[str, Path]
) -> dict[str, tuple[Box, ...]]:
    found: dict[str, tuple[Box, ...]] = {}
    for picture in pictures.values():
        if picture.boxes:
            name = picture.name
            shown = to_shown_image(tuple(picture.boxes), images[name], picture.size, log, name, path)
            found[name] = (*found.get(name, ()), *shown)
    return found


def _load(path: Path, log: AnnotationLog) -> dict[str, Any] | None:
    """The file with its three lists; None, with a remark, where it is no such file."""
    try:
        content = json.loads(decode_text(path.read_bytes())[0])
    except OSError as error:
        log.add("annotation_file_unreadable", "", path, "", f"it cannot be opened ({error.strerror})")
        return None
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, json.JSONDecodeError) else "it is no text or nested too deeply"
        log.add("annotation_file_unreadable", "", path, "", f"it cannot be read as JSON ({why})")
        return None
    for name in ("images", "categories", "annotations"):
        if not isinstance(content, dict) or not isinstance(content.get(name), list):
            log.add("annotation_file_unreadable", "", path, "", f"it has no list of {name}")
            return None
    return content


def _identity(value: Any) -> _Id | None:
    """An id, so that 7, 7.0 and "7" are the same; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text or None
    return value if isinstance(value, int) else None


def _pictures(rows: list[Any]) -> tuple[dict[_Id, _Picture], dict[_Id, str]]:
    """The images by id, and why the others cannot be used."""
    pictures: dict[_Id, _Picture] = {}
    unusable: dict[_Id, str] = {}
    for row in rows:
        own = _identity(row.get("id")) if isinstance(row, dict) else None
        if own is None:
            continue  # no annotation can refer to it
        name = row.get("file_name")
        if not isinstance(name, str) or not name.strip():
            unusable[own] = f"image {own} has no file name"
            continue
        picture = _Picture(file_stem(name.strip()), _size(row))
        if own in pictures and pictures[own].name != picture.name:
            unusable[own] = f"two images have the id {own}: {pictures[own].name} and {picture.name}"
        pictures.setdefault(own, picture)
    return pictures, unusable


def _size(row: Mapping[str, Any]) -> tuple[float, float] | None:
    try:
        width, height = _number(row.get("width")), _number(row.get("height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _categories(rows: list[Any]) -> dict[_Id, set[bool]]:
    """Whether each category is a fracture; both where its id stands twice."""
    found: dict[_Id, set[bool]] = {}
    for row in rows:
        own = _identity(row.get("id")) if isinstance(row, dict) else None
        if own is not None and isinstance(row.get("name"), str):
            found.setdefault(own, set()).add(is_fracture_class(row["name"]))
    return found


def _is_wanted(mark: Mapping[str, Any], categories: Mapping[_Id, set[bool]]) -> bool:
    """Whether an annotation marks a fracture.

    Raises:
        ValueError: its category is missing, unknown or ambiguous; the message is the reason.
    """
    own = _identity(mark.get("category_id"))
    if own is None:
        raise ValueError("category_id is missing")
    known = categories.get(own, set())
    if not known:
        raise ValueError(f"category {own} is not listed")
    if len(known) > 1:
        raise ValueError(f"category {own} is listed twice with different names")
    return True in known


def _picture(
    mark: Mapping[str, Any], pictures: Mapping[_Id, _Picture], unusable: Mapping[_Id, str]
) -> _Picture:
    """The image of an annotation.

    Raises:
        ValueError: it is missing or ambiguous; the message is the reason.
    """
    own = _identity(mark.get("image_id"))
    if own is None:
        raise ValueError("image_id is missing")
    if own in unusable:
        raise ValueError(unusable[own])
    if own not in pictures:
        raise ValueError(f"image {own} is not listed")
    return pictures[own]


def _box(mark: Mapping[str, Any], size: tuple[float, float]) -> ClippedBox:
    """The box of an annotation.

    Raises:
        ValueError: there is none that can be used; the message is the reason.
    """
    edges = mark.get("bbox")
    if edges is None:
        raise ValueError("bbox is missing")
    if not isinstance(edges, list) or len(edges) != 4:
        raise ValueError("bbox does not have four numbers")
    left, top, width, height = (_number(edge) for edge in edges)
    if width < 0 or height < 0:
        raise ValueError("its width or height is negative")
    across, down = size
    return clip_box(left / across, top / down, (left + width) / across, (top + height) / down)


def _number(value: Any) -> float:
    """A finite number of JSON, also one that was written as text.

    Raises:
        ValueError: it is none; the message is the reason.
    """
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return number
