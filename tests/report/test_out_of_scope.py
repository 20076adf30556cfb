"""Reports on an image out of scope."""

import io
import json
from datetime import UTC, datetime

import pytest
from patient_data import change_elements
from pypdf import PdfReader

from fracture_core.report import sentences, table
from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.pdf import opinion_to_pdf
from fracture_core.report.study_archive import StudyItem, study_to_zip

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
REASON = "Out of scope: the DICOM header gives the body part as chest."


@pytest.fixture(scope="module")
def chest_dicom(dicom_content) -> bytes:
    """`dicom_content` with the chest as body part."""
    return change_elements(dicom_content, BodyPartExamined="CHEST")


@pytest.fixture(scope="module")
def opinion_out_of_scope(shipped_predictor, chest_dicom):
    """The opinion on the chest, without a verdict."""
    return shipped_predictor.predict(chest_dicom)


@pytest.fixture(scope="module")
def requested_opinion(shipped_predictor, chest_dicom):
    """The opinion on the chest with the requested verdict."""
    return shipped_predictor.predict(chest_dicom, ignore_scope=True)


def _pdf(opinion) -> str:
    text = PdfReader(io.BytesIO(opinion_to_pdf(opinion, "Film 1", "leg", MADE))).pages[0].extract_text()
    return " ".join(text.split())


def test_verdict_is_withheld(opinion_out_of_scope):
    assert sentences.verdict_headline(opinion_out_of_scope) == "Out of scope, no verdict"
    (row,) = json.loads(table.rows_to_json([table.opinion_row("Film 1", opinion_out_of_scope)]))
    assert (row["verdict"], row["probability"], row["peak"], row["error"]) == (None,) * 4
    assert row["gate"]["state"] == "refuse"
    assert row["gate"]["reasons"][0].startswith(REASON)
    assert REASON in table.rows_to_csv([table.opinion_row("Film 1", opinion_out_of_scope)])
    page = _pdf(opinion_out_of_scope)
    assert "Out of scope, no verdict" in page
    assert REASON in page
    assert "%" not in page.split("Limits")[0]


def test_a_requested_verdict_has_a_warning(requested_opinion, opinion, chest_dicom):
    # The pixels are those of the leg, so the probability is the same.
    assert requested_opinion.probability == pytest.approx(opinion.probability, abs=1e-6)
    assert (
        sentences.verdict_headline(requested_opinion)
        == f"{sentences.verdict_headline(opinion)} (out of scope)"
    )
    assert table.opinion_row("Film 1", requested_opinion)["gate"]["reasons"][0].startswith(REASON)
    page = _pdf(requested_opinion)
    for sentence in ("(out of scope)", REASON, sentences.NO_RECORD_OUT_OF_SCOPE):
        assert sentence in page
    report = opinion_to_dicom(requested_opinion, chest_dicom, "leg")["structured-report.dcm"].decode(
        "utf-8", errors="replace"
    )
    assert "(out of scope)" in report
    assert REASON in report
    assert "Lower limb" not in report


def test_an_unexpected_exception_affects_one_image_only(opinion, dicom_content, monkeypatch):
    from fracture_core.report import study_archive

    def fail(image_opinion, label, *arguments):
        if label == "Film 1":
            raise ZeroDivisionError
        return opinion_to_pdf(image_opinion, label, *arguments)

    monkeypatch.setattr(study_archive, "opinion_to_pdf", fail)
    items = [StudyItem(f"Film {number}", dicom_content, opinion, "", "") for number in (1, 2)]
    archive = study_to_zip(iter(items), MADE)
    assert b"002-film-2/report.pdf" in archive
    assert b"not-written.txt" in archive
