"""An opinion as DICOM files for the study of the image: same patient and study, new series."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

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


def opinion_to_dicom(opinion: Opinion, content: bytes, region: str) -> dict[str, bytes]:
    """Make a secondary capture and a structured report.

    Args:
        opinion: the opinion on the image, with its heatmap.
        content: the DICOM file of the image.
        region: body region; "" if unknown.

    Returns:
        DICOM files by name. They contain the patient and study attributes of `content`.

    Raises:
        DataError: the image has no verdict, is not DICOM, or does not identify its study.
    """
    if opinion.verdict is None:
        raise DataError("This image was rejected, so there is no opinion to write. Choose another image.")
    source = read_dicom_source(content)
    with without_value_checks():  # patient attributes are passed on unchanged
        return {
            "secondary-capture.dcm": _encode(secondary_capture(opinion, source), source),
            "structured-report.dcm": _encode(structured_report(opinion, source, region), source),
        }


def _encode(result: Dataset, source: DicomSource) -> bytes:
    """Add patient and study, and encode. highdicom does not receive them, because it logs unusual names."""
    result.update(source.identity)
    result.SpecificCharacterSet = CHARACTER_SET
    file = io.BytesIO()
    result.save_as(file, enforce_file_format=True)
    return file.getvalue()
