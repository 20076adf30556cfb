"""Whether two DICOM images belong to the same patient and study, without keeping who the patient is.

Patient and study are compared as keyed hashes. The key is random, lives in the memory of this process, and is never
written. The hashes are neither shown nor logged nor exported, and cannot be compared across processes.

Source: Patient and General Study modules, DICOM PS3.3 C.7.1.1 and C.7.2.1.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from enum import Enum, auto

from pydicom.dataset import Dataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging import formats
from fracture_core.imaging.dicom import parse_dicom
from fracture_core.imaging.dicom_elements import ELEMENT_ERRORS, decoded_text, encodings

_KEY = secrets.token_bytes(32)


class Match(Enum):
    """How two images relate."""

    SAME = auto()
    DIFFERENT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Identity:
    """Patient and study of one image as keyed hashes; an empty hash stands for a value that is absent.

    Attributes:
        patient_id: of Patient ID (0010,0020).
        issuer: of Issuer of Patient ID (0010,0021).
        name: of Patient's Name (0010,0010).
        born: of Patient's Birth Date (0010,0030).
        study: of Study Instance UID (0020,000D).
    """

    patient_id: bytes = field(default=b"", repr=False)
    issuer: bytes = field(default=b"", repr=False)
    name: bytes = field(default=b"", repr=False)
    born: bytes = field(default=b"", repr=False)
    study: bytes = field(default=b"", repr=False)

    @property
    def known(self) -> bool:
        """Whether patient or study is stated."""
        return any((self.patient_id, self.name, self.study))


def identify(content: bytes) -> Identity:
    """Compute the identity of an image.

    Args:
        content: the file.

    Returns:
        The identity; an empty one for files that are no DICOM, cannot be parsed or name neither patient nor study.
    """
    if not formats.is_dicom(content) and not formats.may_be_bare_dicom(content):
        return Identity()
    try:
        dataset = parse_dicom(content)
        charsets = encodings(dataset)
    except (ImageReadError, *ELEMENT_ERRORS):
        return Identity()
    return Identity(
        patient_id=_hashed(_text(dataset, "PatientID", charsets)),
        issuer=_hashed(_text(dataset, "IssuerOfPatientID", charsets)),
        # Empty components at the end mean nothing (PS3.5 6.2.1).
        name=_hashed(_text(dataset, "PatientName", charsets).rstrip("^= ").casefold()),
        born=_hashed(_text(dataset, "PatientBirthDate", charsets)),
        study=_hashed(_text(dataset, "StudyInstanceUID", charsets)),
    )


def compare(first: Identity, second: Identity) -> Match:
    """Compare patient and study of two images.

    Args:
        first: one image.
        second: the other.

    Returns:
        DIFFERENT where patient or study differ, SAME where the study agrees and the patient does not differ, UNKNOWN
        where an image does not state what would settle it.
    """
    if _patients_differ(first, second) or _differ(first.study, second.study):
        return Match.DIFFERENT
    return Match.SAME if first.study and second.study else Match.UNKNOWN


def _patients_differ(first: Identity, second: Identity) -> bool:
    if first.patient_id and second.patient_id:
        # The same number means another person where another institution issued it.
        return first.patient_id != second.patient_id or _differ(first.issuer, second.issuer)
    return _differ(first.name, second.name) or _differ(first.born, second.born)


def _differ(first: bytes, second: bytes) -> bool:
    """Whether two values are both stated and not the same."""
    return bool(first and second and first != second)


def _text(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """The text of an element; bytes that cannot be decoded are compared as they are."""
    try:
        return decoded_text(dataset, keyword, charsets)
    except ELEMENT_ERRORS:
        return repr(dataset.get_item(keyword).value)


def _hashed(value: str) -> bytes:
    """The keyed hash of a value; empty for an empty value."""
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=_KEY).digest() if value else b""
