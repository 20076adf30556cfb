"""AnnotationLog: remarks on single annotations, collected while a dataset is read."""

from collections.abc import Iterator
from pathlib import Path

from fracture_core.datasets.catalogue import DatasetRemark
from fracture_core.file_names import escape_name

# Number of details in a sentence; the remark contains all of them.
_SHOWN = 3

# Singular and plural sentence by kind of remark.
_SENTENCES = {
    "annotation_file_unreadable": (
        "An annotation file could not be read, so its boxes are missing",
        "{n} annotation files could not be read, so their boxes are missing",
    ),
    "annotation_skipped": ("An annotation was skipped", "{n} annotations were skipped"),
    "annotation_clipped": (
        "A box exceeded its image and was clipped",
        "{n} boxes exceeded their images and were clipped",
    ),
    "annotation_duplicate": (
        "An annotation has the id of another one",
        "{n} annotations have the id of another one",
    ),
    "annotation_polygon": (
        "A polygon was replaced by its bounding box",
        "{n} polygons were replaced by their bounding boxes",
    ),
    "annotation_without_film": (
        "An annotation belongs to an image that is not in the dataset",
        "{n} annotations belong to images that are not in the dataset",
    ),
    "box_turned": (
        "The boxes of an image were rotated according to its EXIF orientation",
        "The boxes of {n} images were rotated according to their EXIF orientation",
    ),
    "box_orientation_unclear": (
        "The boxes of an image may be rotated: the annotation does not reflect its EXIF orientation",
        "The boxes of {n} images may be rotated: the annotations do not reflect their EXIF orientation",
    ),
}


class AnnotationLog:
    """Collects problems with single annotations, so that one bad annotation does not stop reading the dataset."""

    def __init__(self) -> None:
        self._entries: dict[str, list[tuple[str, str]]] = {}

    def add(self, kind: str, image: str, file: Path | str, location: str, reason: str = "") -> None:
        """Add a remark on one annotation.

        Args:
            kind: kind of remark, such as "annotation_skipped".
            image: case id or file name of the image; "" if unknown.
            file: the annotation file.
            location: location in the file, such as "annotation 12" or "line 3"; "" for the whole file.
            reason: the problem; "" if the kind states it.
        """
        name = file.name if isinstance(file, Path) else file
        full_location = ", ".join(part for part in (name, location) if part)
        of_image = f" ({image})" if image and image != Path(name).stem else ""
        detail = f"{full_location}{of_image}" + (f": {reason}" if reason else "")
        self._entries.setdefault(kind, []).append((escape_name(image or name), escape_name(detail)))

    def remarks(self) -> tuple[DatasetRemark, ...]:
        """Create one remark per kind; `DatasetRemark.details` lists every annotation."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[DatasetRemark]:
        for kind, sentences in _SENTENCES.items():
            entries = self._entries.get(kind, [])
            if not entries:
                continue
            details = tuple(detail for _, detail in entries)
            shown = "; ".join(details[:_SHOWN])
            if len(details) > _SHOWN:
                shown += f"; and {len(details) - _SHOWN:,} more"
            summary = sentences[len(details) > 1].format(n=f"{len(details):,}")
            images = tuple(sorted({image for image, _ in entries}))
            yield DatasetRemark(kind, images, f"{summary}: {shown}.", details)
