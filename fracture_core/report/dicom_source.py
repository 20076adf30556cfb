"""The DICOM file a film came from, as far as results must name it to lie in the same study.

The bytes are read again for this; nothing that is kept of a film while it is looked at identifies anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID
from pydicom.valuerep import DA, TM

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
from fracture_core.report.pydicom_settings import without_value_checks

#: The character set of results, in which every name can be written (ISO_IR 192 is UTF-8).
CHARACTER_SET = "ISO_IR 192"

# Patient and General Study (PS3.3 C.7.1.1, C.7.2.1): the first must be there, if only empty.
_REQUIRED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
    "StudyID", "ReferringPhysicianName",
)  # fmt: skip
_OPTIONAL = ("IssuerOfPatientID", "StudyDescription")

# Where a film says that it was anonymised, it must say how.
_ANONYMISED = ("PatientIdentityRemoved", "DeidentificationMethod")

# A unique identifier (PS3.5 9.1).
_UID = re.compile(r"[0-9.]{1,64}")

# Without these a film cannot be referred to.
_UIDS = {
    "StudyInstanceUID": "which study",
    "SeriesInstanceUID": "which series",
    "SOPClassUID": "what kind of image",
    "SOPInstanceUID": "which image",
}

_SEXES = ("M", "F", "O")


@dataclass(frozen=True)
class DicomSource:
    """What results carry of a film.

    Attributes:
        reference: what they point at, and empty patient attributes: names nobody.
        identity: patient and study, in UTF-8; to be written into results and shown nowhere.
        spacing: Pixel Spacing in mm; None where there is none.
        orientation: Patient Orientation; empty where it is not known.
        laterality: “L” or “R”; empty where it is not known.
        lossy: the attributes of a lossy compression; empty for none.
    """

    reference: Dataset = field(repr=False)
    identity: Dataset = field(repr=False)
    spacing: tuple[float, float] | None
    orientation: list[str]
    laterality: str
    lossy: Dataset = field(repr=False)


def is_dicom_content(content: bytes) -> bool:
    """Whether a film that was read came as DICOM."""
    return formats.is_dicom(content) or formats.may_be_bare_dicom(content)


def read_dicom_source(content: bytes) -> DicomSource:
    """What results must carry of a film.

    Args:
        content: the film's file.

    Raises:
        DataError: it is no DICOM, or does not say what it is part of.
        ImageReadError: it is damaged.
    """
    if not is_dicom_content(content):
        raise DataError(
            "Expected a DICOM file, whose study results can be written into, but the film is a picture without one: "
            "save the PDF or PNG instead."
        )
    with without_value_checks():  # odd values are passed on as they are
        return _source(parse_dicom(content))


def _source(dataset: Dataset) -> DicomSource:
    reference = Dataset()
    for keyword, what in _UIDS.items():
        value = _value(dataset, keyword, [])
        if not _UID.fullmatch(value):
            raise DataError(
                f"Expected a DICOM file that says {what} it is, but its {keyword} is missing or none: export the film "
                "from the archive again, or save the PDF instead."
            )
        setattr(reference, keyword, value)
    if "Image Storage" not in UID(reference.SOPClassUID, validation_mode=0).name:
        raise DataError(
            "Expected a DICOM image of a kind that the standard knows, but its SOPClassUID is another: export the film "
            "as CR or DX, or save the PDF instead."
        )
    for keyword in _REQUIRED:
        setattr(reference, keyword, "")
    spacing = read_numbers(dataset, "PixelSpacing")
    sides = [read_text(dataset, keyword) for keyword in ("ImageLaterality", "Laterality")]
    return DicomSource(
        reference,
        _identity(dataset),
        (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        _orientation(read_element(dataset, "PatientOrientation")),
        next((side for side in sides if side in ("L", "R")), ""),
        _lossy(dataset),
    )


def _identity(dataset: Dataset) -> Dataset:
    charsets = read_encodings(dataset)
    identity = Dataset()
    for keyword in (*_REQUIRED, *_OPTIONAL):
        value = _value(dataset, keyword, charsets)
        if value or keyword in _REQUIRED:
            setattr(identity, keyword, value)
    if read_text(dataset, _ANONYMISED[0]) == "YES" and (how := _value(dataset, _ANONYMISED[1], charsets)):
        identity.PatientIdentityRemoved, identity.DeidentificationMethod = "YES", how
    return identity


def _value(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """The text of an element; "" where there is none, or a date, time or sex that is none."""
    vr = dictionary_VR(Tag(keyword))
    try:
        value = decode_text(dataset, keyword, charsets)
        if vr == "DA":
            return value if value and DA(value) else ""
        if vr == "TM":
            return value if value and TM(value) else ""
    except ELEMENT_ERRORS:
        return ""
    return value if keyword != "PatientSex" or value in _SEXES else ""


def _orientation(value: object) -> list[str]:
    """Two directions such as “L” and “F” (PS3.3 C.7.6.1.1.1), or nothing."""
    parts = (
        [str(part) for part in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
    )
    return parts if len(parts) == 2 and all(re.fullmatch("[ALRPHF]{1,3}", part) for part in parts) else []


def _lossy(dataset: Dataset) -> Dataset:
    """A picture made from a lossy one is lossy (PS3.3 C.7.6.1.1.5)."""
    found = Dataset()
    if read_text(dataset, "LossyImageCompression") == "01":
        found.LossyImageCompression = "01"
        ratios, methods = (
            read_numbers(dataset, "LossyImageCompressionRatio"),
            read_text(dataset, "LossyImageCompressionMethod"),
        )
        if ratios:
            found.LossyImageCompressionRatio = [f"{ratio:.6g}" for ratio in ratios]
        if re.fullmatch("[A-Z0-9_]{1,16}", methods):
            found.LossyImageCompressionMethod = methods
    return found
