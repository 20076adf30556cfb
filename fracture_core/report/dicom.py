"""An opinion as DICOM files for the study of the image: same patient and study, new series."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from fracture_core.errors import DataError
from fracture_core.report.dicom_source import (
    CHARACTER_SET,
    DicomSource,
    read_dicom_source,
    without_value_checks,
)
from fracture_core.report.secondary_capture import secondary_capture
from fracture_core.report.structured_report import structured_report

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.reader_opinion import ReaderOpinion


def opinion_to_dicom(
    opinion: Opinion, content: bytes, region: str, reader: ReaderOpinion | None = None
) -> dict[str, bytes]:
    """Make a secondary capture and a structured report.

    Args:
        opinion: the opinion on the image, with its heatmap.
        content: the DICOM file of the image.
        region: body region; "" if unknown.
        reader: the reader's own opinion; None if there is none.

    Returns:
        DICOM files by name. They contain the patient and study attributes of `content`.

    Raises:
        DataError: the image has no verdict, is not DICOM, or does not identify its study.
    """
    if opinion.verdict is None:
        raise DataError("This image was rejected, so there is no opinion to write. Choose another image.")
    source = read_dicom_source(content)
    with without_value_checks():  # patient attributes are passed on unchanged
        report = structured_report(opinion, source, region)
        if reader is not None and reader.text:
            _add_comment(report, reader.text)
        return {
            "secondary-capture.dcm": _encode(secondary_capture(opinion, source), source),
            "structured-report.dcm": _encode(report, source),
        }


def _add_comment(report: Dataset, text: str) -> None:
    """Add a comment to the first measurement group of a report (TID 1500), that of the whole image."""
    measurements = _find_item(report.ContentSequence, codes.DCM.ImagingMeasurements)
    group = _find_item(measurements.ContentSequence, codes.DCM.MeasurementGroup)
    group.ContentSequence.append(
        sr.TextContentItem(codes.DCM.Comment, text, sr.RelationshipTypeValues.CONTAINS)
    )


def _find_item(items: Iterable[Dataset], name: Code) -> Dataset:
    """The first content item with a concept name."""
    return next(item for item in items if item.ConceptNameCodeSequence[0].CodeValue == name.value)


def _encode(result: Dataset, source: DicomSource) -> bytes:
    """Add patient and study, and encode. highdicom does not receive them, because it logs unusual names."""
    result.update(source.identity)
    result.SpecificCharacterSet = CHARACTER_SET
    file = io.BytesIO()
    result.save_as(file, enforce_file_format=True)
    return file.getvalue()
