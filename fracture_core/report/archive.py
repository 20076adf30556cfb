"""Several results as one zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary
from fracture_core.report import names, table
from fracture_core.report.dicom import to_dicom
from fracture_core.report.overlay import overlay_png
from fracture_core.report.pdf import to_pdf
from fracture_core.report.source import is_dicom

if TYPE_CHECKING:
    from fracture_core.opinion import Opinion


@dataclass(frozen=True, eq=False)
class Item:
    """One film of a study.

    Attributes:
        label: what it is called.
        content: its file.
        opinion: on it, with every pixel; None where it was not read.
        error: the sentence why.
        region: of the body, "" where it is not known.
    """

    label: str
    content: bytes
    opinion: Opinion | None
    error: str
    region: str


def _files(item: Item, made: datetime) -> Iterator[tuple[str, bytes]]:
    """The files of one film.

    Raises:
        DataError: a DICOM film does not say what study it is part of.
    """
    if item.opinion is None:
        return
    yield "report.pdf", to_pdf(item.opinion, item.label, item.region, made)
    if item.opinion.heat is not None:
        yield "overlay.png", overlay_png(item.opinion)
    if item.opinion.verdict is not None and is_dicom(item.content):
        yield from to_dicom(item.opinion, item.content, item.region).items()


def to_zip(files: Mapping[str, bytes]) -> bytes:
    """Files by name as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def study_zip(items: Iterable[Item], made: datetime) -> bytes:
    """Everything of a study: tables, and for each film report, overlay and, where it came as DICOM, DICOM results.

    Args:
        items: the films, one at a time, so that their pixels need not be there together.
        made: when, with a time zone.
    """
    packed = io.BytesIO()
    rows, notes = [], []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, item in enumerate(items, 1):
            rows.append(table.row(item.label, item.opinion, item.error))
            # The number keeps films of one name apart.
            folder = f"{number:03d}-{names.stem(item.label)}"
            try:
                with file_boundary():
                    for name, data in _files(item, made):
                        archive.writestr(f"{folder}/{name}", data)
            except SecondLookError as error:
                notes.append(f"{item.label}: {error}")
        archive.writestr("results.json", table.to_json(rows))
        archive.writestr("results.csv", table.to_csv(rows))
        if notes:
            archive.writestr("not-written.txt", "\n".join(notes) + "\n")
    return packed.getvalue()
