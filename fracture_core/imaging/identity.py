"""Comparison of patient and study of DICOM images without storing the identity of the patient.

Patient and study are compared as keyed hashes. The key is random, exists only in the memory of this process, and is
never written. The hashes are not shown, logged or exported, and cannot be compared across processes.

Source: Patient and General Study modules, DICOM PS3.3 C.7.1.1 and C.7.2.1.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from fracture_core.errors import ImageReadError
from fracture_core.imaging import formats

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_KEY = secrets.token_bytes(32)


class Match(Enum):
    """Result of a comparison of two images."""

    SAME = auto()
    DIFFERENT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Identity:
    """Patient and study of one image as keyed hashes. An empty hash means that the value is absent.

    Attributes:
        patient_id: hash of Patient ID (0010,0020).
        issuer: hash of Issuer of Patient ID (0010,0021).
        name: hash of Patient's Name (0010,0010).
        birth_date: hash of Patient's Birth Date (0010,0030).
        study: hash of Study Instance UID (0020,000D).
    """

    patient_id: bytes = field(default=b"", repr=False)
    issuer: bytes = field(default=b"", repr=False)
    name: bytes = field(default=b"", repr=False)
    birth_date: bytes = field(default=b"", repr=False)
    study: bytes = field(default=b"", repr=False)

    @property
    def known(self) -> bool:
        """Whether the image states a patient or a study."""
        return any((self.patient_id, self.name, self.study))


def identify(content: bytes) -> Identity:
    """Compute the identity of an image.

    Args:
        content: the file.

    Returns:
        The identity; empty for files that are not DICOM, cannot be parsed, or state neither patient nor study.
    """
    if not formats.may_be_dicom(content):
        return Identity()
    # Imported here, because other formats do not need pydicom.
    from fracture_core.imaging.dicom import parse_dicom
    from fracture_core.imaging.dicom_elements import ELEMENT_ERRORS, read_encodings

    try:
        dataset = parse_dicom(content)
        charsets = read_encodings(dataset)
    except (ImageReadError, *ELEMENT_ERRORS):
        return Identity()
    return Identity(
        patient_id=_hashed(_text(dataset, "PatientID", charsets)),
        issuer=_hashed(_text(dataset, "IssuerOfPatientID", charsets)),
        # Empty components at the end have no meaning (PS3.5 6.2.1).
        name=_hashed(_text(dataset, "PatientName", charsets).rstrip("^= ").casefold()),
        birth_date=_hashed(_text(dataset, "PatientBirthDate", charsets)),
        study=_hashed(_text(dataset, "StudyInstanceUID", charsets)),
    )


def compare(first: Identity, second: Identity) -> Match:
    """Compare patient and study of two images.

    Args:
        first: one image.
        second: the other.

    Returns:
        DIFFERENT if patient or study differ; SAME if the study is the same and the patient does not differ; UNKNOWN
        if an image lacks the necessary values.
    """
    if _patients_differ(first, second) or _differ(first.study, second.study):
        return Match.DIFFERENT
    return Match.SAME if first.study and second.study else Match.UNKNOWN


def _patients_differ(first: Identity, second: Identity) -> bool:
    if first.patient_id and second.patient_id:
        # Two institutions may issue the same ID for different patients.
        return first.patient_id != second.patient_id or _differ(first.issuer, second.issuer)
    return _differ(first.name, second.name) or _differ(first.birth_date, second.birth_date)


def _differ(first: bytes, second: bytes) -> bool:
    """Whether two values are both present and not equal."""
    return bool(first and second and first != second)


def _text(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """The text of an element; bytes that cannot be decoded are compared unchanged."""
    from fracture_core.imaging.dicom_elements import ELEMENT_ERRORS, decode_text

    try:
        return decode_text(dataset, keyword, charsets)
    except ELEMENT_ERRORS:
        return repr(dataset.get_item(keyword).value)


def _hashed(value: str) -> bytes:
    """The keyed hash of a value; empty for an empty value."""
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=_KEY).digest() if value else b""
