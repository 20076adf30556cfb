"""Patient, date, side and view from the header of a DICOM image, for display on the screen.

The values are read when they are displayed and are not kept, logged or exported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from fracture_core.errors import ImageReadError
from fracture_core.imaging import formats

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: View Position (0018,5101) in the words of a viewer; other terms are shown as they are.
_VIEWS = {"LL": "lateral", "RL": "lateral", "LLD": "lateral", "RLD": "lateral", "LAT": "lateral"}

_SIDES = {"L": "left", "R": "right", "B": "both sides"}

# A term such as "AP" or "LAO". Free text is not shown.
_VIEW_TERM = re.compile("[A-Z]{2,4}")

#: Longest text of a name or ID on the screen.
_MAX_LENGTH = 64


@dataclass(frozen=True)
class ImageView:
    """What a DICOM header states about the projection. Identifies nobody.

    Attributes:
        side: "L", "R", "B" (both) or "".
        view: View Position, such as "AP" or "lateral"; "" if unknown.
    """

    side: str = ""
    view: str = ""

    @property
    def text(self) -> str:
        """Side and view, as in "left AP"; "" if neither is known."""
        return " ".join(filter(None, (_SIDES.get(self.side, ""), self.view)))


@dataclass(frozen=True)
class StudyHeader:
    """Patient and date of a study as text for the screen.

    Attributes:
        patient: name, ID, birth date and sex, as far as they are stated; "" if none is.
        study_date: ISO date of the study; "" if unknown.
        accession: accession number; "" if unknown.
    """

    patient: str = field(default="", repr=False)
    study_date: str = ""
    accession: str = field(default="", repr=False)


def read_image_view(content: bytes) -> ImageView:
    """Read side and view of an image; empty for files that are not DICOM or cannot be parsed."""
    dataset = _parse(content)
    if dataset is None:
        return ImageView()
    from fracture_core.imaging.dicom_elements import read_text

    sides = [read_text(dataset, keyword) for keyword in ("ImageLaterality", "Laterality")]
    term = read_text(dataset, "ViewPosition")
    view = _VIEWS.get(term, term if _VIEW_TERM.fullmatch(term) else "")
    return ImageView(next((side for side in sides if side in _SIDES), ""), view)


def read_study_header(content: bytes) -> StudyHeader:
    """Read patient and date of an image; empty for files that are not DICOM or cannot be parsed."""
    dataset = _parse(content)
    if dataset is None:
        return StudyHeader()
    from fracture_core.imaging.dicom_elements import read_encodings, read_text

    charsets = read_encodings(dataset)
    name = " ".join(filter(None, re.split(r"[\^=]", _text(dataset, "PatientName", charsets))))
    number = _text(dataset, "PatientID", charsets)
    born = _iso_date(_text(dataset, "PatientBirthDate", charsets))
    sex = read_text(dataset, "PatientSex")
    parts = [
        name,
        f"ID {number}" if number else "",
        f"born {born}" if born else "",
        sex if sex in ("M", "F", "O") else "",
    ]
    taken = _text(dataset, "StudyDate", charsets) or _text(dataset, "AcquisitionDate", charsets)
    return StudyHeader(
        ", ".join(filter(None, parts)) if name or number else "",
        _iso_date(taken),
        _text(dataset, "AccessionNumber", charsets),
    )


def _parse(content: bytes) -> Dataset | None:
    if not formats.may_be_dicom(content):
        return None
    # Imported here, because other formats do not need pydicom.
    from fracture_core.imaging.dicom import parse_dicom
    from fracture_core.imaging.dicom_elements import ELEMENT_ERRORS

    try:
        return parse_dicom(content)
    except (ImageReadError, *ELEMENT_ERRORS):
        return None


def _text(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """The printable text of an element, shortened; "" if it is absent or cannot be decoded."""
    from fracture_core.imaging.dicom_elements import ELEMENT_ERRORS, decode_text

    try:
        value = str(decode_text(dataset, keyword, charsets))
    except ELEMENT_ERRORS:
        return ""
    shown = "".join(letter if letter.isprintable() else " " for letter in value).strip()
    return shown if len(shown) <= _MAX_LENGTH else f"{shown[:_MAX_LENGTH]}…"


def _iso_date(text: str) -> str:
    """A DICOM date (VR DA) in ISO form; "" if it is not a date."""
    match = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d)", text)
    if match is None:
        return ""
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError:
        return ""
