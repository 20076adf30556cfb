"""Attributes of a DICOM image that its results repeat, and settings that all DICOM results share.

The file is read again for this. Patient attributes are not kept while an image is displayed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID
from pydicom.valuerep import DA, TM

from fracture_core import __version__
from fracture_core.errors import DataError
from fracture_core.imaging import formats
from fracture_core.imaging.dicom import parse_dicom
from fracture_core.imaging.dicom_elements import (
    ELEMENT_ERRORS,
    decode_text,
    read_element,
    read_encodings,
    read_numbers,
    read_text,
)

#: Character set of the results, UTF-8 (PS3.3 C.12.1.1.2).
CHARACTER_SET = "ISO_IR 192"

#: General Equipment of the results (PS3.3 C.7.5.1).
MANUFACTURER = "Second Look"

#: The other attributes of General Equipment, as arguments of highdicom's constructors.
EQUIPMENT_ATTRIBUTES: dict[str, Any] = {
    "manufacturer_model_name": "Second Look",
    "software_versions": __version__,
}

# Patient and General Study (PS3.3 C.7.1.1, C.7.2.1). The required attributes must be present, but may be empty.
_REQUIRED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
    "StudyID", "ReferringPhysicianName",
)  # fmt: skip
_OPTIONAL = ("IssuerOfPatientID", "StudyDescription")

# An anonymised image must state the method (PS3.3 C.7.1.1).
_ANONYMISED = ("PatientIdentityRemoved", "DeidentificationMethod")

# A unique identifier (PS3.5 section 9.1).
_UID = re.compile(r"[0-9.]{1,64}")

# The identifiers that a reference to an image needs, with what they identify.
_UIDS = {
    "StudyInstanceUID": "study",
    "SeriesInstanceUID": "series",
    "SOPClassUID": "type",
    "SOPInstanceUID": "instance",
}

_SEXES = ("M", "F", "O")

# pydicom has one switch for the process. Two threads that switch and restore it would leave it in the wrong state.
_VALUE_CHECK_LOCK = threading.Lock()


@dataclass(frozen=True)
class DicomSource:
    """Attributes of an image that its results repeat.

    Attributes:
        reference: identifiers of the image, and empty patient attributes. Identifies nobody.
        identity: patient and study in UTF-8. To be written into results only, and never shown.
        spacing: Pixel Spacing in mm between rows and between columns; None if missing.
        orientation: Patient Orientation, two directions; empty if unknown.
        laterality: “L” or “R”; empty if unknown.
        lossy: attributes of a lossy compression; empty for none.
    """

    reference: Dataset = field(repr=False)
    identity: Dataset = field(repr=False)
    spacing: tuple[float, float] | None
    orientation: list[str]
    laterality: str
    lossy: Dataset = field(repr=False)


@contextmanager
def without_value_checks() -> Iterator[None]:
    """Disable pydicom's validation of values, which warns with the value: the name or birth date of a patient.

    One thread at a time; not reentrant.
    """
    with _VALUE_CHECK_LOCK, disable_value_validation():
        yield


def read_dicom_source(content: bytes) -> DicomSource:
    """Read the attributes that results repeat.

    Args:
        content: the file of the image.

    Raises:
        DataError: the file is not DICOM, or does not identify its study.
        ImageReadError: the file is damaged.
    """
    if not formats.may_be_dicom(content):
        raise DataError(
            "DICOM results need a DICOM image, but this file is not DICOM. Save the PDF or the PNG instead."
        )
    with without_value_checks():  # unusual values are passed on unchanged
        return _read_source(parse_dicom(content))


def _read_source(dataset: Dataset) -> DicomSource:
    reference = Dataset()
    for keyword, identified in _UIDS.items():
        value = _read_value(dataset, keyword, [])
        if not _UID.fullmatch(value):
            raise DataError(
                f"The DICOM file does not identify its {identified}: {keyword} is missing or invalid. Export the image "
                "from the archive again, or save the PDF instead."
            )
        setattr(reference, keyword, value)
    if "Image Storage" not in UID(reference.SOPClassUID, validation_mode=0).name:
        raise DataError(
            "The SOPClassUID of the DICOM file is not that of an image. Export the image as CR or DX, or save the PDF "
            "instead."
        )
    for keyword in _REQUIRED:
        setattr(reference, keyword, "")
    spacing = read_numbers(dataset, "PixelSpacing")
    sides = [read_text(dataset, keyword) for keyword in ("ImageLaterality", "Laterality")]
    return DicomSource(
        reference,
        _read_identity(dataset),
        (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        _check_orientation(read_element(dataset, "PatientOrientation")),
        next((side for side in sides if side in ("L", "R")), ""),
        _read_lossy_compression(dataset),
    )


def _read_identity(dataset: Dataset) -> Dataset:
    charsets = read_encodings(dataset)
    identity = Dataset()
    for keyword in (*_REQUIRED, *_OPTIONAL):
        value = _read_value(dataset, keyword, charsets)
        if value or keyword in _REQUIRED:
            setattr(identity, keyword, value)
    removed, method = _ANONYMISED
    if read_text(dataset, removed) == "YES" and (text := _read_value(dataset, method, charsets)):
        identity.PatientIdentityRemoved, identity.DeidentificationMethod = "YES", text
    return identity


def _read_value(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """The text of an element; "" if it is missing, or an invalid date, time or sex."""
    vr = dictionary_VR(Tag(keyword))
    try:
        value = str(decode_text(dataset, keyword, charsets))
        if vr == "DA":
            return value if value and DA(value) else ""
        if vr == "TM":
            return value if value and TM(value) else ""
    except ELEMENT_ERRORS:
        return ""
    return value if keyword != "PatientSex" or value in _SEXES else ""


def _check_orientation(value: object) -> list[str]:
    """Two directions such as “L” and “F” (PS3.3 C.7.6.1.1.1); empty if the value is invalid."""
    parts = (
        [str(part) for part in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
    )
    return parts if len(parts) == 2 and all(re.fullmatch("[ALRPHF]{1,3}", part) for part in parts) else []


def _read_lossy_compression(dataset: Dataset) -> Dataset:
    """An image derived from a lossy image is lossy (PS3.3 C.7.6.1.1.5)."""
    lossy = Dataset()
    if read_text(dataset, "LossyImageCompression") == "01":
        lossy.LossyImageCompression = "01"
        ratios = read_numbers(dataset, "LossyImageCompressionRatio")
        methods = read_text(dataset, "LossyImageCompressionMethod")
        if ratios:
            lossy.LossyImageCompressionRatio = [f"{ratio:.6g}" for ratio in ratios]
        if re.fullmatch("[A-Z0-9_]{1,16}", methods):
            lossy.LossyImageCompressionMethod = methods
    return lossy
