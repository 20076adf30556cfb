"""A lesson as a PDF for projection or print: a question page and an answer page per image."""

import io
from collections.abc import Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table

from fracture_core import __version__
from fracture_core.datasets.cases import Box
from fracture_core.imaging import render_legend
from fracture_core.report.fonts import BOLD_FONT, REGULAR_FONT, font_file
from fracture_core.report.pdf_figures import FramedImage
from fracture_core.teaching.lesson_slide import LessonPresentation, LessonSlide
from fracture_core.vocabulary import finding_with_article, label_text

# Lengths in points.
_PAGE = landscape(A4)
_MARGIN = 14 * mm
_WIDTH, _HEIGHT = _PAGE[0] - 2 * _MARGIN, _PAGE[1] - 2 * _MARGIN
_GUTTER = 6 * mm
_QUESTION_TEXT_WIDTH = 74 * mm
_ANSWER_TEXT_HEIGHT = 42 * mm
_COLUMN_WIDTH = (_WIDTH - 2 * _GUTTER) / 3

_GREY = HexColor("#4A525B")
_RULE = HexColor("#B9C0C7")

_NO_PADDING: list[tuple[str, tuple[int, int], tuple[int, int], str | int]] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]

_TEXT = ParagraphStyle("text", fontName=REGULAR_FONT, fontSize=11, leading=15)
_SPACED = ParagraphStyle("spaced", _TEXT, spaceBefore=8)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=8.5, leading=11, textColor=_GREY)
_TITLE = ParagraphStyle("title", _TEXT, fontName=BOLD_FONT, fontSize=26, leading=32)
_HEADING = ParagraphStyle("heading", _TEXT, fontName=BOLD_FONT, fontSize=15, leading=19)


def lesson_to_pdf(lesson: LessonPresentation) -> bytes:
    """Render a lesson as a PDF.

    Returns:
        A landscape A4 document with embedded fonts: a title page, two pages per image, and a table of all answers.
        It contains no file name.
    """
    _register_fonts()
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=_PAGE, pageCompression=1, initialFontName=REGULAR_FONT, lang="en")
    canvas.setTitle(lesson.title)
    canvas.setCreator(f"Second Look {__version__}")
    _draw_page(canvas, lesson, _title_page(lesson))
    for number, slide in enumerate(lesson.slides, 1):
        _draw_page(canvas, lesson, _question_page(lesson, slide, number))
        _draw_page(canvas, lesson, _answer_page(lesson, slide, number))
    _draw_page(canvas, lesson, _summary_page(lesson))
    canvas.save()
    return file.getvalue()


@lru_cache(maxsize=1)
def _register_fonts() -> None:
    for name in (REGULAR_FONT, BOLD_FONT):
        registerFont(TTFont(name, font_file(name)))
    registerFontFamily(
        REGULAR_FONT, normal=REGULAR_FONT, bold=BOLD_FONT, italic=REGULAR_FONT, boldItalic=BOLD_FONT
    )


def _draw_page(canvas: Canvas, lesson: LessonPresentation, content: list[Flowable]) -> None:
    """Draw one page; content that does not fit is scaled down."""
    frame = Frame(
        _MARGIN, _MARGIN, _WIDTH, _HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    frame.addFromList([KeepInFrame(_WIDTH, _HEIGHT, content, mode="shrink")], canvas)
    canvas.setFont(REGULAR_FONT, 8)
    canvas.setFillColor(_GREY)
    canvas.drawString(_MARGIN, 7 * mm, f"{lesson.title} · Second Look")
    canvas.drawRightString(_PAGE[0] - _MARGIN, 7 * mm, str(canvas.getPageNumber()))
    canvas.showPage()


def _title_page(lesson: LessonPresentation) -> list[Flowable]:
    count = len(lesson.slides)
    finding = finding_with_article(lesson.finding)
    return [
        Spacer(0, 30 * mm),
        Paragraph(escape(lesson.title), _TITLE),
        Spacer(0, 6 * mm),
        Paragraph(
            f"{count} image{'s' if count != 1 else ''}. Decide for each image whether you see {finding}. "
            "The next page shows the model’s answer, the ground truth and the heatmap.",
            _TEXT,
        ),
        Spacer(0, 10 * mm),
        Paragraph(escape(lesson.privacy_notice), _TEXT),
        Spacer(0, 4 * mm),
        Paragraph(
            f"Model: {escape(lesson.model)}. It reports {finding} at a probability of {lesson.threshold:.3f} or more. "
            "It supports clinical decisions and does not replace them. "
            "The images were selected for teaching, so the score does not measure the model’s accuracy.",
            _SMALL,
        ),
    ]


def _heading(lesson: LessonPresentation, slide: LessonSlide, number: int) -> Paragraph:
    region = f" · {slide.region}" if slide.region else ""
    synthetic = " · synthetic" if slide.synthetic else ""
    return Paragraph(escape(f"Image {number} of {len(lesson.slides)}{region}{synthetic}"), _HEADING)


def _question_page(lesson: LessonPresentation, slide: LessonSlide, number: int) -> list[Flowable]:
    text = [
        _heading(lesson, slide, number),
        Paragraph("What do you see?", _SPACED),
        *(Paragraph(f"☐ {label_text(label, lesson.finding).capitalize()}", _SPACED) for label in (1, 0)),
    ]
    image_width = _WIDTH - _QUESTION_TEXT_WIDTH - _GUTTER
    image = FramedImage(slide.film, image_width, _HEIGHT - 4)
    widths = [image_width, _GUTTER, _QUESTION_TEXT_WIDTH]
    return [Table([[image, "", text]], widths, style=_NO_PADDING, hAlign="LEFT")]


def _answer_page(lesson: LessonPresentation, slide: LessonSlide, number: int) -> list[Flowable]:
    """Image and heatmap side by side, with the answers in three columns below them."""
    images = [slide.film] if slide.overlay is None else [slide.film, slide.overlay]
    image_width = (_WIDTH - (len(images) - 1) * _GUTTER) / len(images)
    outlines = [_corners(box) for box in slide.boxes]
    figures = _columns(
        [FramedImage(pixels, image_width, _HEIGHT - _ANSWER_TEXT_HEIGHT, outlines) for pixels in images],
        image_width,
    )
    judgement = "correct" if slide.called == bool(slide.label) else "incorrect"
    count = len(slide.boxes)
    marked = f", {count} marked location{'s' if count != 1 else ''}" if count else ""
    model = Paragraph(
        f"Model ({judgement}): <b>{label_text(slide.called, lesson.finding)}</b><br/>"
        f"Probability {slide.probability:.3f}, verdict “{escape(slide.verdict)}”",
        _SPACED,
    )
    truth = Paragraph(f"Ground truth: <b>{label_text(slide.label, lesson.finding)}</b>{marked}", _SPACED)
    note = Paragraph(escape(slide.note).replace("\n", "<br/>"), _SPACED)
    heatmap: list[Flowable] = [Paragraph(escape(slide.no_heat), _SPACED)]
    if slide.overlay is not None:
        heatmap = [
            Spacer(0, 10),
            FramedImage(render_legend(256, 14), _COLUMN_WIDTH, 8),
            Paragraph("Heatmap: the model’s evidence, from weak (left) to strong (right).", _SMALL),
        ]
    text = _columns([[_heading(lesson, slide, number), model], [truth, note], heatmap], _COLUMN_WIDTH)
    return [figures, Spacer(0, 3 * mm), text]


def _corners(box: Box) -> NDArray[np.float32]:
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def _summary_page(lesson: LessonPresentation) -> list[Flowable]:
    rows = [["", "Your answer", "Model", "Ground truth"]]
    for number, slide in enumerate(lesson.slides, 1):
        answers = [label_text(label, lesson.finding) for label in (slide.called, slide.label)]
        rows.append([f"Image {number}", "", *answers])
    table = Table(
        [[Paragraph(cell, _TEXT) for cell in row] for row in rows],
        [35 * mm, 50 * mm, 50 * mm, 50 * mm],
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
        ],
        hAlign="LEFT",
    )
    return [
        Paragraph("Summary", _HEADING),
        Spacer(0, 3 * mm),
        table,
        Spacer(0, 3 * mm),
        Paragraph(f"Correct answers of the model: {lesson.correct_count} of {len(lesson.slides)}.", _TEXT),
        Paragraph(escape(lesson.privacy_notice), _SMALL),
    ]


def _columns(cells: Sequence[Flowable | list[Flowable]], width: float) -> Table:
    """Place cells of equal width side by side, with a gutter between them."""
    widths: list[float] = [width]
    content: list[Flowable | list[Flowable] | str] = [cells[0]]
    for cell in cells[1:]:
        widths += [_GUTTER, width]
        content += ["", cell]
    return Table([content], widths, style=_NO_PADDING, hAlign="LEFT")
