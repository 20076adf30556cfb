"""The PDF report on a study, and the reader's opinion in reports."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pydicom
from patient_data import IDENTIFYING_TEXTS
from pypdf import PdfReader

from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.pdf import opinion_to_pdf
from fracture_core.report.reader_opinion import ReaderOpinion
from fracture_core.report.reliability import next_step, reliability_line
from fracture_core.report.study_archive import StudyItem
from fracture_core.report.study_pdf import StudyEntry, study_to_pdf
from fracture_core.review.verdict_opinions import ReaderMark
from fracture_core.vocabulary import Verdict

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
READER = ReaderOpinion(ReaderMark.DISAGREE, "Old fracture")


def _pages(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def test_first_page_is_the_study_and_one_page_for_each_image_follows(
    opinion, rejected_opinion, dicom_content
):
    less = replace(opinion, probability=0.01, verdict=Verdict.NOT_SEEN, findings=())
    opinions = [less, opinion, rejected_opinion, None]
    entries = [
        StudyEntry(f"Film {number}", found and found.shrunk(), "" if found else "The file is empty.", "leg")
        for number, found in enumerate(opinions, 1)
    ]
    entries[1] = replace(entries[1], reader=READER, view="left AP")
    items = [
        StudyItem(entry.label, dicom_content, found, entry.error, "leg", entry.reader)
        for entry, found in zip(entries, opinions, strict=True)
    ]
    pages = _pages(study_to_pdf(entries, iter(items), MADE))
    assert len(pages) == 4
    study, first, second, third = pages
    for part in (
        "Second opinion on a study",
        "4 images",
        "Fracture suspected",
        "(Film 2)",
        "1 fracture suspected, 1 no fracture seen, 1 not a radiograph, 1 not readable",
        next_step(opinion.verdict, "fracture"),
        reliability_line(opinion.verdict, "leg", opinion.card),
        "Film 2 · left AP",
        "The reader disagrees with this verdict. Comment: Old fracture",
        "Not readable: The file is empty.",
        "no area stands out enough for a box",
    ):
        assert part in study, part
    assert "Film 1" in first
    assert "Film 2" in second
    assert "The reader disagrees" in second
    assert "Film 3" in third
    assert not [text for text in IDENTIFYING_TEXTS if any(text in page for page in pages)]


def test_patient_is_named_only_on_request(opinion):
    entries = [StudyEntry("Film 1", opinion.shrunk())]
    assert "Doe Jane, ID 1" in _pages(study_to_pdf(entries, [], MADE, "Doe Jane, ID 1"))[0]
    assert _pages(study_to_pdf(entries, [], MADE))[0].startswith("Second opinion on a study")


def test_large_study_fits_its_page(opinion):
    entries = [StudyEntry(f"Film {number}", opinion.shrunk()) for number in range(60)]
    (page,) = _pages(study_to_pdf(entries, [], MADE))
    assert "The other 52 images are on the following pages." in page


def _report_texts(opinion, content: bytes, reader: ReaderOpinion) -> list[str]:
    """The values of all text items of the structured report."""
    report = pydicom.dcmread(
        io.BytesIO(opinion_to_dicom(opinion, content, "leg", reader)["structured-report.dcm"])
    )
    texts: list[str] = []
    report.walk(
        lambda _, element: texts.append(str(element.value)) if element.keyword == "TextValue" else None
    )
    return texts


def test_reader_is_in_pdf_and_structured_report(opinion, dicom_content):
    text = "The reader disagrees with this verdict. Comment: Old fracture"
    assert text in _pages(opinion_to_pdf(opinion, "Film 1", "leg", MADE, READER))[0]
    assert text in _report_texts(opinion, dicom_content, READER)
    assert not any("reader" in part for part in _report_texts(opinion, dicom_content, ReaderOpinion()))
