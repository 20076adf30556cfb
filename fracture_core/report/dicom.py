"""An opinion as DICOM files for the study of its film: same patient and study, new series, the film untouched."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from fracture_core.errors import DataError
from fracture_core.report.dicom_source import CHARACTER_SET, DicomSource, read_dicom_source
from fracture_core.report.pydicom_settings import without_value_checks
from fracture_core.report.secondary_capture import secondary_capture
from fracture_core.report.structured_report import structured_report

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion


def opinion_to_dicom(opinion: Opinion, content: bytes, region: str) -> dict[str, bytes]:
    """The results.

    Args:
        opinion: on the film, with its heatmap.
        content: the film's DICOM file.
        region: of the body, "" where it is not known.

    Returns:
        Files by name. They name the patient and study that `content` names.

    Raises:
        DataError: the film has no verdict, is no DICOM, or does not say what study it is part of.
    """
    if opinion.verdict is None:
        raise DataError(
            "Expected a film with an opinion, but this one was refused: there is nothing to write into its study."
        )
    film = read_dicom_source(content)
    with without_value_checks():  # what the film says of the patient is passed on as it is
        return {
            "secondary-capture.dcm": _file(secondary_capture(opinion, film), film),
            "structured-report.dcm": _file(structured_report(opinion, film, region), film),
        }


def _file(result: Dataset, film: DicomSource) -> bytes:
    """A result with patient and study. highdicom did not see these, for it logs names it finds odd."""
    result.update(film.identity)
    result.SpecificCharacterSet = CHARACTER_SET
    file = io.BytesIO()
    result.save_as(file, enforce_file_format=True)
    return file.getvalue()
