"""Comparison of patient and study without storing the identity of the patient."""

import subprocess
import sys

import pytest
from patient_data import make_patient_image

from fracture_core.imaging.identity import Identity, Match, compare, identify


def _compare(first: dict, second: dict) -> Match:
    return compare(
        *(
            identify(make_patient_image(**{"patient": "A", "study": "1", **attributes}))
            for attributes in (first, second)
        )
    )


ABSENT = {"PatientID": None}
NOBODY = {"PatientID": None, "PatientName": "", "StudyInstanceUID": None}


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        ({}, {"seed": 2}, Match.SAME),
        ({}, {"patient": "B"}, Match.DIFFERENT),
        ({}, {"study": "2"}, Match.DIFFERENT),
        ({"IssuerOfPatientID": "X"}, {"IssuerOfPatientID": "Y"}, Match.DIFFERENT),
        ({"IssuerOfPatientID": "X"}, {}, Match.SAME),
        # The name is compared only without a patient ID.
        ({"PatientName": "Doe^Jane"}, {"PatientName": "Roe^Jane"}, Match.SAME),
        ({"PatientName": "Doe^Jane", **ABSENT}, {"PatientName": "Roe^Jane", **ABSENT}, Match.DIFFERENT),
        ({"PatientName": "Doe^Jane", **ABSENT}, {"PatientName": "DOE^Jane^^", **ABSENT}, Match.SAME),
        (
            {"PatientName": "Doe^Jane", "PatientBirthDate": "19510203", **ABSENT},
            {"PatientName": "Doe^Jane", "PatientBirthDate": "19510204", **ABSENT},
            Match.DIFFERENT,
        ),
        ({"StudyInstanceUID": None}, {}, Match.UNKNOWN),
        ({"StudyInstanceUID": None}, {"patient": "B", "StudyInstanceUID": None}, Match.DIFFERENT),
        (NOBODY, {}, Match.UNKNOWN),
    ],
)
def test_patients_and_studies_are_compared(first, second, match):
    assert _compare(first, second) is match
    assert _compare(second, first) is match


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM" + b"damaged"])
def test_file_without_identity_is_unknown(content):
    assert identify(content) == Identity()
    assert not identify(content).known


def test_identity_contains_no_plain_values():
    identity = identify(make_patient_image("ID-4711", "1", PatientName="Doe^Jane"))
    assert identity.known
    assert repr(identity) == "Identity()"
    assert "4711" not in str(vars(identity))


def test_hashes_differ_between_processes():
    code = "from fracture_core.imaging import identity; print(identity._hashed('A').hex())"
    hashes = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(hashes) == 2
