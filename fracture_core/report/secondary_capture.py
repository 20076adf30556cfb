"""The overlay as a DICOM Secondary Capture (PS3.3 A.8.1) in the study of its film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from fracture_core.report.equipment import EQUIPMENT_ATTRIBUTES, MANUFACTURER
from fracture_core.report.overlay import render_report_overlay

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.dicom_source import DicomSource

_SERIES = 901


def secondary_capture(opinion: Opinion, source: DicomSource) -> Dataset:
    """The picture, uncompressed, in a new series; of the patient it holds nothing yet.

    Args:
        opinion: with a heatmap.
        source: of the film.
    """
    reference = source.reference
    image = highdicom.sc.SCImage(
        render_report_overlay(opinion),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        # The constructor wants to know; what is true is set below.
        patient_orientation=("L", "F"),
        study_instance_uid=reference.StudyInstanceUID,
        series_instance_uid=highdicom.UID(),
        series_number=_SERIES,
        series_description="Second Look heatmap, no diagnosis",
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        pixel_spacing=_spacing(opinion, source),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        manufacturer=MANUFACTURER,
        **EQUIPMENT_ATTRIBUTES,
    )
    image.PatientOrientation = source.orientation
    image.Laterality = source.laterality
    image.DerivationDescription = (
        f"Film with a heatmap of the model {opinion.card.id} over it, and a legend below"
    )
    image.SourceImageSequence = [_reference(reference)]
    image.update(source.lossy)
    return image


def _spacing(opinion: Opinion, source: DicomSource) -> tuple[float, float] | None:
    """Spacing of the picture's pixels in mm, which are square although those of the file may not be."""
    if source.spacing is None:
        return None
    rows, columns = opinion.film.scale
    return source.spacing[0] / rows, source.spacing[1] / columns


def _reference(film: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = film.SOPClassUID
    item.ReferencedSOPInstanceUID = film.SOPInstanceUID
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    item.PurposeOfReferenceCodeSequence = [
        CodedConcept(purpose.value, purpose.scheme_designator, purpose.meaning)
    ]
    return item
