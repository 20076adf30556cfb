"""Patient, date, side and view from a DICOM header, for the screen."""

import warnings

import pytest
from patient_data import make_patient_image

from fracture_core.imaging.study_header import ImageView, StudyHeader, read_image_view, read_study_header


def _make(patient: str, **elements: object) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns about the invalid values written here
        return make_patient_image(patient, "1", **elements)


def test_patient_and_date_are_read():
    content = make_patient_image(
        "A-1",
        "1",
        PatientName="Doe^Jane^^Dr",
        PatientBirthDate="19510203",
        PatientSex="F",
        StudyDate="20260102",
    )
    header = read_study_header(content)
    assert header.patient == "Doe Jane Dr, ID A-1, born 1951-02-03, F"
    assert header.study_date == "2026-01-02"
    # The identity is in no log line and no error message.
    assert "Doe" not in repr(header)


def test_invalid_values_are_left_out():
    content = _make(
        "A-1", PatientName=None, PatientBirthDate="born 1931", PatientSex="X", StudyDate="20261399"
    )
    assert read_study_header(content) == StudyHeader("ID A-1")


def test_long_values_are_shortened_and_control_characters_removed():
    patient = read_study_header(_make("A" * 90, PatientName="Doe\x07 Jane")).patient
    assert patient == f"Doe Jane, ID {'A' * 64}…"


@pytest.mark.parametrize(
    ("side", "view", "expected"),
    [
        ("L", "AP", ImageView("L", "AP")),
        ("R", "LL", ImageView("R", "lateral")),
        ("B", "", ImageView("B", "")),
        ("", "Jane Doe", ImageView("", "")),
    ],
)
def test_side_and_view_are_read(side, view, expected):
    content = _make("A", ImageLaterality=side, Laterality="", ViewPosition=view)
    assert read_image_view(content) == expected


def test_side_and_view_in_words():
    assert ImageView("L", "AP").text == "left AP"
    assert ImageView("", "lateral").text == "lateral"
    assert ImageView().text == ""


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM"])
def test_other_files_state_nothing(content):
    assert read_study_header(content) == StudyHeader()
    assert read_image_view(content) == ImageView()
