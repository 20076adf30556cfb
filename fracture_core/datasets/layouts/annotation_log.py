"""Remarks on single annotations, collected while a dataset is read."""

from collections.abc import Iterator
from pathlib import Path

from fracture_core.datasets.catalogue import DatasetRemark
from fracture_core.file_names import escape_name

# Details that a sentence shows; the remark holds all of them.
_SHOWN = 3

# By kind: what a sentence says of one and of several.
_SENTENCES = {
    "annotation_file_unreadable": (
        "An annotation file could not be read, so its boxes are missing",
        "{n} annotation files could not be read, so their boxes are missing",
    ),
    "annotation_skipped": ("An annotation was skipped", "{n} annotations were skipped"),
    "annotation_clipped": (
        "A box reached over the edge of its image and was clipped",
        "{n} boxes reached over the edges of their images and were clipped",
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
        "The boxes of an image were turned, as its EXIF orientation says",
        "The boxes of {n} images were turned, as their EXIF orientation says",
    ),
    "box_orientation_unclear": (
        "The boxes of an image may be turned: its EXIF orientation is not reflected in the annotation",
        "The boxes of {n} images may be turned: their EXIF orientation is not reflected in the annotations",
    ),
}


class AnnotationLog:
    """Collects what is wrong with single annotations, so that none of them ends the reading of a dataset."""

    def __init__(self) -> None:
        self._entries: dict[str, list[tuple[str, str]]] = {}

    def add(self, kind: str, film: str, file: Path | str, place: str, reason: str = "") -> None:
        """Note one annotation.

        Args:
            kind: a key of the sentences above, such as "annotation_skipped".
            film: the case id or file name of the image; "" where it is unknown.
            file: the annotation file.
            place: where in the file, such as "annotation 12" or "line 3"; "" for the whole file.
            reason: what is wrong; "" where the kind says it.
        """
        name = file.name if isinstance(file, Path) else file
        where = ", ".join(part for part in (name, place) if part)
        of_film = f" ({film})" if film and film != Path(name).stem else ""
        detail = f"{where}{of_film}" + (f": {reason}" if reason else "")
        self._entries.setdefault(kind, []).append((escape_name(film or name), escape_name(detail)))

    def remarks(self) -> tuple[DatasetRemark, ...]:
        """The remarks, one for each kind, with every annotation in `DatasetRemark.details`."""
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
            words = sentences[len(details) > 1].format(n=f"{len(details):,}")
            films = tuple(sorted({film for film, _ in entries}))
            yield DatasetRemark(kind, films, f"{words}: {shown}.", details)
