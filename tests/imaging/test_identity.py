"""Patient and study are compared, and nothing that names a person is kept."""

import subprocess
import sys

import pytest
from patient_data import film_of

from fracture_core.imaging.identity import Identity, Match, compare, identify


def _compare(first: dict, second: dict) -> Match:
    return compare(
        *(identify(film_of(**{"patient": "A", "study": "1", **given})) for given in (first, second))
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
        # The name counts only without an id.
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
def test_comparison(first, second, match):
    assert _compare(first, second) is match
    assert _compare(second, first) is match


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM" + b"damaged"])
def test_file_without_identity(content):
    assert identify(content) == Identity()
    assert not identify(content).known


def test_identity_shows_no_value():
    found = identify(film_of("ID-4711", "1", PatientName="Doe^Jane"))
    assert found.known
    assert repr(found) == "Identity()"
    assert "4711" not in str(vars(found))


def test_hashes_differ_between_processes():
    code = "from fracture_core.imaging import identity; print(identity._hashed('A').hex())"
    hashes = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(hashes) == 2
