"""The overlay as a DICOM Secondary Capture (PS3.3 A.8.1) for the study of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from fracture_core.report.dicom_source import EQUIPMENT_ATTRIBUTES, MANUFACTURER
from fracture_core.report.overlay import render_report_overlay

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.dicom_source import DicomSource

_SERIES_NUMBER = 901


def secondary_capture(opinion: Opinion, source: DicomSource) -> Dataset:
    """Make the uncompressed overlay in a new series, still without patient attributes.

    Args:
        opinion: an opinion with a heatmap.
        source: attributes of the image.
    """
    reference = source.reference
    capture = highdicom.sc.SCImage(
        render_report_overlay(opinion),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        # The constructor requires an orientation; the true one is set below.
        patient_orientation=("L", "F"),
        study_instance_uid=reference.StudyInstanceUID,
        series_instance_uid=highdicom.UID(),
        series_number=_SERIES_NUMBER,
        series_description="Second Look heatmap, no diagnosis",
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        pixel_spacing=_pixel_spacing(opinion, source),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        manufacturer=MANUFACTURER,
        **EQUIPMENT_ATTRIBUTES,
    )
    capture.PatientOrientation = source.orientation
    capture.Laterality = source.laterality
    capture.DerivationDescription = f"Image with a heatmap of the model {opinion.card.id}, and a legend below"
    capture.SourceImageSequence = [_source_image(reference)]
    capture.update(source.lossy)
    return capture


def _pixel_spacing(opinion: Opinion, source: DicomSource) -> tuple[float, float] | None:
    """Pixel spacing of the overlay in mm. Its pixels are square, even if those of the file are not."""
    if source.spacing is None:
        return None
    rows, columns = opinion.film.scale
    return source.spacing[0] / rows, source.spacing[1] / columns


def _source_image(reference: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.SOPClassUID
    item.ReferencedSOPInstanceUID = reference.SOPInstanceUID
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    item.PurposeOfReferenceCodeSequence = [
        CodedConcept(purpose.value, purpose.scheme_designator, purpose.meaning)
    ]
    return item
