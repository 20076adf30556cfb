"""A lesson as PDF: two pages a film, first the question, then the answer, to be shown or printed."""

import io
from collections.abc import Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

import numpy as np
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table

from fracture_core import __version__
from fracture_core.imaging import render_legend
from fracture_core.report.fonts import BOLD_FONT, REGULAR_FONT, font_file
from fracture_core.report.pdf_figures import FramedImage
from fracture_core.teaching.lesson_slide import LessonPresentation, LessonSlide
from fracture_core.vocabulary import finding_with_article, label_text

_PAGE = landscape(A4)
_MARGIN = 14 * mm
_WIDTH, _HEIGHT = _PAGE[0] - 2 * _MARGIN, _PAGE[1] - 2 * _MARGIN
_GUTTER = 6 * mm
_WORDS = 74 * mm
# Points below the films of an answer, and the width of a third of the page.
_BELOW = 42 * mm
_THIRD = (_WIDTH - 2 * _GUTTER) / 3

_BARE: list[tuple] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]

_TEXT = ParagraphStyle("text", fontName=REGULAR_FONT, fontSize=11, leading=15)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=8.5, leading=11, textColor=HexColor("#4A525B"))
_TITLE = ParagraphStyle("title", _TEXT, fontName=BOLD_FONT, fontSize=26, leading=32)
_HEAD = ParagraphStyle("head", _TEXT, fontName=BOLD_FONT, fontSize=15, leading=19)
_SAID = ParagraphStyle("said", _TEXT, spaceBefore=8)


def lesson_to_pdf(lesson: LessonPresentation) -> bytes:
    """The lesson.

    Returns:
        A PDF in landscape with embedded letters: a title, two pages a film, and a table of the answers. It names no
        file of a film.
    """
    _fonts()
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=_PAGE, pageCompression=1, initialFontName=REGULAR_FONT, lang="en")
    canvas.setTitle(lesson.title)
    canvas.setCreator(f"Second Look {__version__}")
    _page(canvas, lesson, _title(lesson))
    for number, slide in enumerate(lesson.slides, 1):
        _page(canvas, lesson, _question(lesson, slide, number))
        _page(canvas, lesson, _answer(lesson, slide, number))
    _page(canvas, lesson, _end(lesson))
    canvas.save()
    return file.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> None:
    for name in (REGULAR_FONT, BOLD_FONT):
        registerFont(TTFont(name, font_file(name)))
    registerFontFamily(
        REGULAR_FONT, normal=REGULAR_FONT, bold=BOLD_FONT, italic=REGULAR_FONT, boldItalic=BOLD_FONT
    )


def _page(canvas: Canvas, lesson: LessonPresentation, story: list[Flowable]) -> None:
    """One page, whatever is on it: what does not fit is made smaller."""
    frame = Frame(
        _MARGIN, _MARGIN, _WIDTH, _HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    frame.addFromList([KeepInFrame(_WIDTH, _HEIGHT, story, mode="shrink")], canvas)
    canvas.setFont(REGULAR_FONT, 8)
    canvas.setFillColor(HexColor("#4A525B"))
    canvas.drawString(_MARGIN, 7 * mm, f"{lesson.title} · Second Look")
    canvas.drawRightString(_PAGE[0] - _MARGIN, 7 * mm, str(canvas.getPageNumber()))
    canvas.showPage()


def _title(lesson: LessonPresentation) -> list[Flowable]:
    count = len(lesson.slides)
    return [
        Spacer(0, 30 * mm),
        Paragraph(escape(lesson.title), _TITLE),
        Spacer(0, 6 * mm),
        Paragraph(
            f"{count} film{'s' if count != 1 else ''}. Each is shown first without a word: say whether you see "
            f"{finding_with_article(lesson.finding)}. The next page tells the model’s answer, the truth, and where "
            f"the model "
            "looked.",
            _TEXT,
        ),
        Spacer(0, 10 * mm),
        Paragraph(escape(lesson.privacy_notice), _TEXT),
        Spacer(0, 4 * mm),
        Paragraph(
            f"Model: {escape(lesson.model)}. It calls a film {lesson.finding} from a probability of "
            f"{lesson.threshold:.3f} on. It supports decisions and makes none. Films of a lesson are chosen: the "
            "model’s share of right answers here says nothing of how good it is.",
            _SMALL,
        ),
    ]


def _head(lesson: LessonPresentation, slide: LessonSlide, number: int) -> Paragraph:
    region = f" · {slide.region}" if slide.region else ""
    synthetic = " · synthetic" if slide.synthetic else ""
    return Paragraph(escape(f"Film {number} of {len(lesson.slides)}{region}{synthetic}"), _HEAD)


def _question(lesson: LessonPresentation, slide: LessonSlide, number: int) -> list[Flowable]:
    said = [
        _head(lesson, slide, number),
        Paragraph("What do you see?", _SAID),
        *(Paragraph(f"☐ {label_text(label, lesson.finding)}", _SAID) for label in (1, 0)),
    ]
    return [_beside(FramedImage(slide.film, _WIDTH - _WORDS - _GUTTER, _HEIGHT - 4), said)]


def _answer(lesson: LessonPresentation, slide: LessonSlide, number: int) -> list[Flowable]:
    """The films side by side, as large as the page allows, and the words below in three columns."""
    films = [slide.film] if slide.overlay is None else [slide.film, slide.overlay]
    room = (_WIDTH - (len(films) - 1) * _GUTTER) / len(films)
    outlines = [_corners(box) for box in slide.boxes]
    pictures = _row([FramedImage(pixels, room, _HEIGHT - _BELOW, outlines) for pixels in films], room)
    right = "right" if slide.called == bool(slide.label) else "wrong"
    places = len(slide.boxes)
    marked = f", marked in {places} place{'s' if places != 1 else ''}" if places else ""
    answer = Paragraph(
        f"The model, {right}: <b>{label_text(slide.called, lesson.finding)}</b><br/>probability "
        f"{slide.probability:.3f}, verdict “{escape(slide.verdict)}”",
        _SAID,
    )
    truth = Paragraph(f"The truth: <b>{label_text(slide.label, lesson.finding)}</b>{marked}", _SAID)
    note = Paragraph(escape(slide.note).replace("\n", "<br/>"), _SAID)
    looked: list[Flowable] = [Paragraph(escape(slide.no_heat), _SAID)]
    if slide.overlay is not None:
        looked = [
            Spacer(0, 10),
            FramedImage(render_legend(256, 14), _THIRD, 8),
            Paragraph("Where the model looked, from little evidence to strong.", _SMALL),
        ]
    words = _row([[_head(lesson, slide, number), answer], [truth, note], looked], _THIRD)
    return [pictures, Spacer(0, 3 * mm), words]


def _corners(box: tuple[float, float, float, float]) -> np.ndarray:
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _end(lesson: LessonPresentation) -> list[Flowable]:
    rows = [["", "your guess", "the model", "the truth"]]
    for number, slide in enumerate(lesson.slides, 1):
        rows.append(
            [
                f"Film {number}",
                "",
                label_text(slide.called, lesson.finding),
                label_text(slide.label, lesson.finding),
            ]
        )
    right = sum(slide.called == bool(slide.label) for slide in lesson.slides)
    table = Table(
        [[Paragraph(cell, _TEXT) for cell in row] for row in rows],
        [35 * mm, 50 * mm, 50 * mm, 50 * mm],
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#B9C0C7")),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
        ],
        hAlign="LEFT",
    )
    return [
        Paragraph("All films", _HEAD),
        Spacer(0, 3 * mm),
        table,
        Spacer(0, 3 * mm),
        Paragraph(f"The model was right on {right} of {len(lesson.slides)}.", _TEXT),
        Paragraph(escape(lesson.privacy_notice), _SMALL),
    ]


def _row(cells: Sequence[Flowable | list[Flowable]], width: float) -> Table:
    """Cells of one width beside each other, with a gutter between them."""
    widths, content = [width], [cells[0]]
    for cell in cells[1:]:
        widths += [_GUTTER, width]
        content += ["", cell]
    return Table([content], widths, style=_BARE, hAlign="LEFT")


def _beside(film: FramedImage, said: list[Flowable]) -> Table:
    """A film, and words at its right."""
    return Table([[film, "", said]], [_WIDTH - _WORDS - _GUTTER, _GUTTER, _WORDS], style=_BARE, hAlign="LEFT")
