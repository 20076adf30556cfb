"""Bounding boxes in COCO format: one JSON file for all images."""

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
from fracture_core.io.json_record import parse_json

#: A normalised COCO id.
_Id = int | str


def read_coco_boxes(path: Path, log: AnnotationLog, images: Mapping[str, Path]) -> dict[str, tuple[Box, ...]]:
    """Read the fracture boxes of a dataset.

    A bad annotation is skipped with a remark; its image and other boxes are kept.

    Args:
        path: a JSON file with `images` (id, file_name, width, height), `categories` (id, name) and
            `annotations` (id, image_id, category_id, bbox as left, top, width, height in pixels).
        log: collects a remark for each annotation that is skipped, clipped or repeated.
        images: image files of the dataset by stem. They supply missing sizes and the EXIF orientation.

    Returns:
        Boxes (x0, y0, x1, y1) as fractions of the image, by stem of the file name. Images without a box are left out.
    """
    try:
        with file_boundary():
            return _read(path, log, images)
    except SecondLookError as error:
        log.add("annotation_file_unreadable", "", path, "", str(error))
        return {}


@dataclass
class _CocoImage:
    """An image of the file.

    Attributes:
        stem: stem of its file name.
        size: width and height in the file; None if missing or invalid.
        boxes: its boxes.
    """

    stem: str
    size: tuple[float, float] | None
    boxes: list[Box] = field(default_factory=list)


def _read(path: Path, log: AnnotationLog, images: Mapping[str, Path]) -> dict[str, tuple[Box, ...]]:
    content = _load(path, log)
    if content is None:
        return {}
    coco_images, unusable = _images(content["images"])
    categories = _categories(content["categories"])
    seen: dict[_Id, str] = {}
    for number, annotation in enumerate(content["annotations"], 1):
        location = f"annotation number {number}"
        stem = ""
        try:
            if not isinstance(annotation, dict):
                raise ValueError("it is not an object with fields")
            identity = _identity(annotation.get("id"))
            location = location if identity is None else f"annotation {identity}"
            if not _is_fracture(annotation, categories):
                continue
            image = _image(annotation, coco_images, unusable)
            stem = image.stem
            if stem not in images:
                log.add("annotation_without_film", stem, path, location)
                continue
            size = image.size or shown_size(images[stem])
            if size is None:
                raise ValueError("the width and height of its image are unknown")
            box = _box(annotation, size)
        except ValueError as error:
            log.add("annotation_skipped", stem, path, location, str(error))
            continue
        if identity is not None:
            content_key = repr(
                (annotation.get("image_id"), annotation.get("category_id"), annotation["bbox"])
            )
            if identity in seen:
                is_repeated = seen[identity] == content_key
                reason = "it is the same box and was left out" if is_repeated else "both boxes were kept"
                log.add("annotation_duplicate", stem, path, location, reason)
                if is_repeated:
                    continue
            seen.setdefault(identity, content_key)
        if box.clipped:
            log.add("annotation_clipped", stem, path, location)
        image.boxes.append(box.box)
    return _by_stem(coco_images, path, log, images)


def _by_stem(
    coco_images: Mapping[_Id, _CocoImage], path: Path, log: AnnotationLog, images: Mapping[str, Path]
) -> dict[str, tuple[Box, ...]]:
    boxes: dict[str, tuple[Box, ...]] = {}
    for image in coco_images.values():
        if image.boxes:
            shown = to_shown_image(tuple(image.boxes), images[image.stem], image.size, log, image.stem, path)
            boxes[image.stem] = (*boxes.get(image.stem, ()), *shown)
    return boxes


def _load(path: Path, log: AnnotationLog) -> dict[str, Any] | None:
    """The content with its three lists; None, with a remark, if they cannot be read."""
    try:
        content = parse_json(decode_text(path.read_bytes())[0])
    except OSError as error:
        log.add("annotation_file_unreadable", "", path, "", f"it cannot be opened ({error.strerror})")
        return None
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, json.JSONDecodeError) else "it is not text or nested too deeply"
        log.add("annotation_file_unreadable", "", path, "", f"it cannot be read as JSON ({reason})")
        return None
    content = content if isinstance(content, dict) else {}
    for name in ("images", "categories", "annotations"):
        if not isinstance(content.get(name), list):
            log.add("annotation_file_unreadable", "", path, "", f"it has no list of {name}")
            return None
    return content


def _identity(value: Any) -> _Id | None:
    """Normalise an id, so that 7, 7.0 and "7" are equal; None for an invalid id."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text or None
    return value if isinstance(value, int) else None


def _images(rows: list[Any]) -> tuple[dict[_Id, _CocoImage], dict[_Id, str]]:
    """The images by id, and why the others cannot be used."""
    images: dict[_Id, _CocoImage] = {}
    unusable: dict[_Id, str] = {}
    for row in rows:
        identity = _identity(row.get("id")) if isinstance(row, dict) else None
        if identity is None:
            continue  # no annotation can refer to it
        name = row.get("file_name")
        if not isinstance(name, str) or not name.strip():
            unusable[identity] = f"image {identity} has no file name"
            continue
        image = _CocoImage(file_stem(name.strip()), _size(row))
        if identity in images and images[identity].stem != image.stem:
            unusable[identity] = (
                f"two images have the id {identity}: {images[identity].stem} and {image.stem}"
            )
        images.setdefault(identity, image)
    return images, unusable


def _size(row: Mapping[str, Any]) -> tuple[float, float] | None:
    try:
        width, height = _number(row.get("width")), _number(row.get("height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _categories(rows: list[Any]) -> dict[_Id, set[bool]]:
    """Whether each category is a fracture; both values if the id occurs twice with different names."""
    categories: dict[_Id, set[bool]] = {}
    for row in rows:
        identity = _identity(row.get("id")) if isinstance(row, dict) else None
        if identity is not None and isinstance(row.get("name"), str):
            categories.setdefault(identity, set()).add(is_fracture_class(row["name"]))
    return categories


def _is_fracture(annotation: Mapping[str, Any], categories: Mapping[_Id, set[bool]]) -> bool:
    """Whether an annotation marks a fracture.

    Raises:
        ValueError: If its category is missing, unknown or ambiguous; the message is the reason.
    """
    identity = _identity(annotation.get("category_id"))
    if identity is None:
        raise ValueError("category_id is missing")
    meanings = categories.get(identity, set())
    if not meanings:
        raise ValueError(f"category {identity} is not listed")
    if len(meanings) > 1:
        raise ValueError(f"category {identity} is listed twice with different names")
    return True in meanings


def _image(
    annotation: Mapping[str, Any], images: Mapping[_Id, _CocoImage], unusable: Mapping[_Id, str]
) -> _CocoImage:
    """The image of an annotation.

    Raises:
        ValueError: If it is missing or ambiguous; the message is the reason.
    """
    identity = _identity(annotation.get("image_id"))
    if identity is None:
        raise ValueError("image_id is missing")
    if identity in unusable:
        raise ValueError(unusable[identity])
    if identity not in images:
        raise ValueError(f"image {identity} is not listed")
    return images[identity]


def _box(annotation: Mapping[str, Any], size: tuple[float, float]) -> ClippedBox:
    """The box of an annotation.

    Raises:
        ValueError: If it is missing or unusable; the message is the reason.
    """
    edges = annotation.get("bbox")
    if edges is None:
        raise ValueError("bbox is missing")
    if not isinstance(edges, list) or len(edges) != 4:
        raise ValueError("bbox does not have four numbers")
    left, top, width, height = (_number(edge) for edge in edges)
    if width < 0 or height < 0:
        raise ValueError("its width or height is negative")
    image_width, image_height = size
    return clip_box(
        left / image_width, top / image_height, (left + width) / image_width, (top + height) / image_height
    )


def _number(value: Any) -> float:
    """A finite number, also if written as text.

    Raises:
        ValueError: If it is not a finite number; the message is the reason.
    """
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{str(value)[:40]!r} is not a number")
    return number
