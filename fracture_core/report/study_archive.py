"""All results of a study as one zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fracture_core.errors import SecondLookError
from fracture_core.imaging.formats import may_be_dicom
from fracture_core.internal_errors import file_boundary
from fracture_core.report import display_names, table
from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.overlay import report_overlay_png
from fracture_core.report.pdf import opinion_to_pdf

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.reader_opinion import ReaderOpinion


@dataclass(frozen=True, eq=False)
class StudyItem:
    """One image of a study.

    Attributes:
        label: its name in the results.
        content: its file.
        opinion: the opinion with all pixels; None if the file could not be read.
        error: why the file could not be read.
        region: body region; "" if unknown.
        reader: the reader's own opinion; None if there is none.
    """

    label: str
    content: bytes
    opinion: Opinion | None
    error: str
    region: str
    reader: ReaderOpinion | None = None


def _result_files(item: StudyItem, made: datetime) -> Iterator[tuple[str, bytes]]:
    """The names and contents of the files of one image.

    Raises:
        DataError: a DICOM image does not identify its study.
    """
    if item.opinion is None:
        return
    yield "report.pdf", opinion_to_pdf(item.opinion, item.label, item.region, made, item.reader)
    if item.opinion.heat is not None:
        yield "overlay.png", report_overlay_png(item.opinion)
    if item.opinion.verdict is not None and may_be_dicom(item.content):
        yield from opinion_to_dicom(item.opinion, item.content, item.region, item.reader).items()


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Pack files, given by name, into a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def study_to_zip(items: Iterable[StudyItem], made: datetime) -> bytes:
    """Pack the results of a study: tables, and the report, overlay and DICOM results of each image.

    Args:
        items: the images. They are consumed one at a time, so that the pixels of only one must be in memory.
        made: time of saving, with a time zone.

    Returns:
        The zip. `not-written.txt` in it lists the results that could not be made.
    """
    packed = io.BytesIO()
    rows, notes, small = [], [], []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, item in enumerate(items, 1):
            rows.append(table.opinion_row(item.label, item.opinion, item.error, item.reader))
            small.append(item.opinion.shrunk() if item.opinion else None)
            # The number separates images with the same name.
            folder = f"{number:03d}-{display_names.file_stem(item.label)}"
            try:
                with file_boundary():
                    for name, data in _result_files(item, made):
                        archive.writestr(f"{folder}/{name}", data)
            except SecondLookError as error:
                notes.append(f"{item.label}: {error}")
        study = table.study_row([row["name"] for row in rows], small)
        rows += [study] if study else []
        archive.writestr("results.json", table.rows_to_json(rows))
        archive.writestr("results.csv", table.rows_to_csv(rows))
        if notes:
            archive.writestr("not-written.txt", "\n".join(notes) + "\n")
    return packed.getvalue()
