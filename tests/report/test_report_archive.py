"""The zip with all results of a study."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from patient_data import change_elements

from fracture_core.report.study_archive import StudyItem, study_to_zip, zip_files

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def _read_archive(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def archive_files(opinion, rejected_opinion, dicom_content, photo):
    """The archive of four images, one of them rejected and one unreadable."""
    items = [
        StudyItem("Film 1", dicom_content, opinion, "", "leg"),
        StudyItem("Film 2", photo.read_bytes(), rejected_opinion, "", ""),
        StudyItem("Film 2", b"", None, "The file is empty.", ""),
        StudyItem("Film 4", change_elements(dicom_content, StudyInstanceUID=None), opinion, "", "leg"),
    ]
    return _read_archive(study_to_zip(iter(items), MADE))


def test_files_of_each_image(archive_files):
    assert set(archive_files) == {
        "001-film-1/report.pdf",
        "001-film-1/overlay.png",
        "001-film-1/secondary-capture.dcm",
        "001-film-1/structured-report.dcm",
        "002-film-2/report.pdf",
        "004-film-4/report.pdf",
        "004-film-4/overlay.png",
        "results.json",
        "results.csv",
        "not-written.txt",
    }


def test_tables_contain_every_image(archive_files):
    names = ["Film 1", "Film 2", "Film 2", "Film 4"]
    assert [row["name"] for row in json.loads(archive_files["results.json"])] == [*names, "Study"]
    table = csv.DictReader(io.StringIO(archive_files["results.csv"].decode("utf-8-sig")))
    assert [row["name"] for row in table] == [*names, "Study"]


def test_missing_results_are_listed(archive_files):
    assert (
        archive_files["not-written.txt"]
        .decode()
        .startswith("Film 4: The DICOM file does not identify its study")
    )


def test_zip_round_trip():
    files = {"a.dcm": b"one", "b.dcm": bytes(range(256))}
    assert _read_archive(zip_files(files)) == files
