"""Export of lessons as HTML and PDF: complete, self-contained, without file names."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pypdf
import pytest

from fracture_core.teaching.lesson_html import lesson_to_html
from fracture_core.teaching.lesson_pdf import lesson_to_pdf
from fracture_core.teaching.lesson_slide import (
    MIXED_IMAGES_NOTICE,
    REAL_IMAGES_NOTICE,
    SYNTHETIC_IMAGES_NOTICE,
    LessonPresentation,
    LessonSlide,
)


def _slide(label: int, heatmap: bool = True, synthetic: bool = True) -> LessonSlide:
    film = np.tile(np.arange(120, dtype=np.uint8), (160, 1))
    return LessonSlide(
        film=film,
        overlay=np.stack([film] * 3, axis=-1) if heatmap else None,
        no_heat="" if heatmap else "No positive evidence.",
        boxes=((0.25, 0.25, 0.5, 0.5),) if label else (),
        label=label,
        probability=0.12345,
        called=False,
        verdict="uncertain",
        region="hand",
        note="See <b>the ulna</b> </script>",
        synthetic=synthetic,
    )


@pytest.fixture
def presentation() -> LessonPresentation:
    """A lesson with two slides."""
    return LessonPresentation(
        "Wrists & <hands>", "fracture", "Tiny", 0.3, (_slide(1), _slide(0, heatmap=False))
    )


def test_html_is_complete_and_makes_no_request(presentation):
    page = lesson_to_html(presentation)
    assert not re.search(r"(src|href)=[\"']?(?!data:)\w", page.split("<script>")[0])
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "<title>Wrists &amp; &lt;hands&gt;</title>" in page
    assert page.count("</script>") == 2  # the note does not close the script element
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))
    first, second = data["slides"]
    assert (first["label"], first["probability"], first["called"], first["size"]) == (
        1,
        "0.123",
        False,
        [120, 160],
    )
    assert first["film"].startswith("data:image/jpeg;base64,")
    assert first["overlay"]
    assert (second["overlay"], second["no_heat"], second["boxes"]) == ("", "No positive evidence.", [])
    assert first["note"] == "See <b>the ulna</b> </script>"


def test_privacy_notice_depends_on_real_and_synthetic_images(presentation):
    assert presentation.privacy_notice == SYNTHETIC_IMAGES_NOTICE
    real = tuple(replace(slide, synthetic=False) for slide in presentation.slides)
    assert replace(presentation, slides=real).privacy_notice == REAL_IMAGES_NOTICE
    assert replace(presentation, slides=(*real, *presentation.slides)).privacy_notice == MIXED_IMAGES_NOTICE


def test_pdf_shows_the_question_before_the_answer(presentation):
    reader = pypdf.PdfReader(io.BytesIO(lesson_to_pdf(presentation)))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert len(pages) == 2 * len(presentation.slides) + 2
    title, question, answer = pages[:3]
    assert "Wrists & <hands>" in title
    assert "All images are synthetic" in title
    assert "What do you see?" in question
    assert "probability" not in question
    assert "Model (incorrect): no fracture" in answer
    assert "Ground truth: fracture, 1 marked location" in answer
    assert "See <b>the ulna</b>" in answer
    assert "No positive evidence." in pages[4]
    assert "Correct answers of the model: 1 of 2." in pages[-1]


def test_texts_name_the_finding(presentation):
    other = replace(presentation, finding="abnormality")
    assert '"finding": "abnormality"' in lesson_to_html(other)
    assert "an abnormality" in pypdf.PdfReader(io.BytesIO(lesson_to_pdf(other))).pages[0].extract_text()
