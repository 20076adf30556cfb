"""The PDF report on one image: one A4 page, legible in greyscale, with selectable text; and parts for other reports."""

from __future__ import annotations

import io
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, HRFlowable, KeepInFrame, Paragraph, Spacer, Table

from fracture_core import __version__
from fracture_core.imaging import STRONG_EVIDENCE, QualityState, render_legend
from fracture_core.registry.release_checks import model_warning
from fracture_core.report import sentences
from fracture_core.report.finding_sentences import NO_BOX, finding_text, findings_meaning
from fracture_core.report.fonts import BOLD_FONT, REGULAR_FONT, font_file
from fracture_core.report.overlay import LEGEND_ENDS, OVERLAY_OPACITY, strong_contours
from fracture_core.report.pdf_figures import FramedImage, ProbabilityScale
from fracture_core.report.reliability import next_step, reliability_details, reliability_line
from fracture_core.vocabulary import finding_with_article

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.reader_opinion import ReaderOpinion

# Sizes in points.
_MARGIN = 15 * mm
WIDTH, _HEIGHT = A4[0] - 2 * _MARGIN, A4[1] - 2 * _MARGIN
_GUTTER = 5 * mm
_IMAGE_SIZE = (WIDTH - _GUTTER) / 2, 104 * mm
_GREY, LINE = HexColor("#4A525B"), HexColor("#B9C0C7")

TEXT = ParagraphStyle("text", fontName=REGULAR_FONT, fontSize=9, leading=12)
LIST_ITEM = ParagraphStyle("list item", TEXT, leftIndent=11, bulletIndent=0, bulletFontName=REGULAR_FONT)
SMALL = ParagraphStyle("small", TEXT, fontSize=7.4, leading=9.6, textColor=_GREY)
_KEY = ParagraphStyle("key", TEXT, fontName=BOLD_FONT)
_RIGHT = ParagraphStyle("right", SMALL, alignment=2)
_TITLE = ParagraphStyle("title", TEXT, fontName=BOLD_FONT, fontSize=12, leading=15)
VERDICT_STYLE = ParagraphStyle("verdict", TEXT, fontName=BOLD_FONT, fontSize=17, leading=21)
_NOTICE = ParagraphStyle("notice", _KEY, fontSize=9, leading=12)

TABLE_STYLE: list[tuple[Any, ...]] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("FONTNAME", (0, 0), (-1, -1), REGULAR_FONT),
]


def opinion_to_pdf(
    opinion: Opinion, label: str, region: str, made: datetime, reader: ReaderOpinion | None = None
) -> bytes:
    """Make the report on one image.

    Args:
        opinion: the opinion with all pixels of the image.
        label: name of the image in the report. A file name may contain the name of a patient.
        region: body region whose test record is shown; "" for that of all images. A region other than the predicted one
            was chosen by the reader.
        made: time of the report, with a time zone.
        reader: the reader's own opinion; None if there is none.

    Returns:
        A PDF of one page with embedded fonts. It names no person unless `label` does.
    """
    file = io.BytesIO()
    canvas = new_canvas(file, "Second opinion on a radiograph")
    draw_opinion_page(canvas, opinion, label, region, made, reader)
    canvas.save()
    return file.getvalue()


def new_canvas(file: io.BytesIO, title: str) -> Canvas:
    """Return an empty A4 document with the fonts of all reports."""
    _register_fonts()
    canvas = Canvas(file, pagesize=A4, pageCompression=1, initialFontName=REGULAR_FONT, lang="en")
    canvas.setTitle(title)
    canvas.setCreator(f"Second Look {__version__}")
    return canvas


def draw_opinion_page(
    canvas: Canvas,
    opinion: Opinion,
    label: str,
    region: str,
    made: datetime,
    reader: ReaderOpinion | None = None,
) -> None:
    """Draw the report on one image as a page; for the arguments see `opinion_to_pdf`."""
    image = opinion.film
    description = f"<b>{escape(label)}</b> · {escape(image.kind)}, {image.width} × {image.height} pixels"
    story = [
        *draw_header("Second opinion on a radiograph", description, made),
        *_answer(opinion),
        *_images(opinion),
        *_facts(opinion, region, reader),
        *draw_notice(),
    ]
    draw_page(canvas, story)


def draw_page(canvas: Canvas, story: list[Flowable]) -> None:
    """Draw a page and end it. Content that does not fit is scaled down: a second page could get lost."""
    page = KeepInFrame(WIDTH, _HEIGHT, story, mode="shrink")
    frame = Frame(
        _MARGIN, _MARGIN, WIDTH, _HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    frame.addFromList([page], canvas)
    canvas.showPage()


@lru_cache(maxsize=1)
def _register_fonts() -> None:
    """Register the fonts once, and switch off ASCII 85, which makes files a quarter larger."""
    rl_config.useA85 = 0
    for name in (REGULAR_FONT, BOLD_FONT):
        registerFont(TTFont(name, font_file(name)))
    registerFontFamily(
        REGULAR_FONT, normal=REGULAR_FONT, bold=BOLD_FONT, italic=REGULAR_FONT, boldItalic=BOLD_FONT
    )


def draw_header(title: str, description: str, made: datetime) -> list[Flowable]:
    """The head of a page: title, time, and a description with reportlab's markup."""
    return [
        Table(
            [[Paragraph(title, _TITLE), Paragraph(_creation(made), _RIGHT)]],
            [0.68 * WIDTH, 0.32 * WIDTH],
            style=TABLE_STYLE,
            hAlign="LEFT",
        ),
        HRFlowable("100%", 0.8, color=LINE, spaceBefore=2, spaceAfter=3),
        Paragraph(description, TEXT),
        Spacer(0, 3),
    ]


def _creation(made: datetime) -> str:
    offset = made.strftime("%z")
    return f"{made.day} {made:%B %Y, %H:%M} (UTC{offset[:3]}:{offset[3:5]})<br/>Second Look {__version__}"


def _answer(opinion: Opinion) -> list[Flowable]:
    """Verdict, probability on its scale, and warnings or the reason of a rejection."""
    story: list[Flowable] = [Paragraph(escape(sentences.verdict_headline(opinion)), VERDICT_STYLE)]
    if opinion.probability is None:
        story.append(Paragraph("The model gives neither a verdict nor a probability.", TEXT))
    else:
        card = opinion.card
        probability = (
            f"Probability of {finding_with_article(card.finding)}: "
            f"<b>{sentences.percent_text(opinion.probability)}</b>"
        )
        story += [
            Paragraph(probability, TEXT),
            ProbabilityScale(opinion.probability, card.thresholds.low, card.thresholds.high),
            Paragraph(" · ".join(sentences.scale_zones(card)), SMALL),
        ]
    if opinion.gate.reasons:
        kind = "Rejected" if opinion.gate.state is QualityState.REFUSE else "Warning"
        # Otherwise the first reason itself begins with “Out of scope”.
        prefix = "" if opinion.gate.out_of_scope else f"<b>{kind}:</b> "
        story.append(
            Table(
                [[Paragraph(f"{prefix}{escape(' '.join(opinion.gate.reasons))}", TEXT)]],
                [WIDTH],
                style=[
                    ("BOX", (0, 0), (-1, -1), 1, HexColor("#30363D")),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                ],
                spaceBefore=5,
                hAlign="LEFT",
            )
        )
    return [*story, Spacer(0, 7)]


def _images(opinion: Opinion) -> list[Flowable]:
    """The image, and beside it the image with the heatmap."""
    image = FramedImage(opinion.render_overlay(0.0)[..., 0], *_IMAGE_SIZE)
    caption = Paragraph("<b>Image</b>", SMALL)
    heat = opinion.heat
    if heat is None:
        return [_image_row([image], [caption]), Spacer(0, 5)]
    size = np.array([opinion.film.width, opinion.film.height], np.float32)
    contours = [contour / size for contour in strong_contours(heat)]
    overlay = FramedImage(opinion.render_overlay(OVERLAY_OPACITY), *_IMAGE_SIZE, contours, opinion.findings)
    if not heat.has_evidence:
        heatmap_caption: Flowable = Paragraph(
            "<b>No positive evidence:</b> no part of this image raised the probability, so there is no heatmap.",
            SMALL,
        )
    else:
        outline = f" Lines enclose evidence above {STRONG_EVIDENCE:.0%} of the scale." if contours else ""
        heatmap_caption = Table(
            [
                [
                    Paragraph(LEGEND_ENDS[0], SMALL),
                    FramedImage(render_legend(256, 16), 36 * mm, 6),
                    Paragraph(LEGEND_ENDS[1], SMALL),
                ],
                [
                    Paragraph(
                        "<b>Heatmap (Grad-CAM):</b> parts of the image that raised the probability, on the same scale "
                        f"for all images.{outline} It shows what the model used, not where "
                        f"{finding_with_article(opinion.card.finding)} is.",
                        SMALL,
                    )
                ],
            ],
            [22 * mm, 38 * mm, None],
            style=[*TABLE_STYLE, ("SPAN", (0, 1), (-1, 1)), ("VALIGN", (0, 0), (-1, 0), "MIDDLE")],
        )
    return [_image_row([image, overlay], [caption, heatmap_caption]), *_findings(opinion), Spacer(0, 5)]


def _findings(opinion: Opinion) -> list[Flowable]:
    """The findings by number, and how far their boxes can be trusted; nothing for a model without findings."""
    if opinion.card.findings is None or opinion.probability is None:
        return []
    listed = "; ".join(finding_text(number, finding) for number, finding in enumerate(opinion.findings, 1))
    text = f"<b>Findings:</b> {listed or NO_BOX}. {escape(findings_meaning(opinion.card))}"
    return [Spacer(0, 3), Paragraph(text, TEXT)]


def _image_row(images: list[Flowable], captions: list[Flowable]) -> Table:
    return Table(
        [[images[0], "", *images[1:]], [captions[0], "", *captions[1:]]],
        [_IMAGE_SIZE[0], _GUTTER, *[_IMAGE_SIZE[0]] * (len(images) - 1)],
        style=[*TABLE_STYLE, ("VALIGN", (0, 0), (-1, 0), "BOTTOM")],
        hAlign="LEFT",
    )


def _facts(opinion: Opinion, region: str, reader: ReaderOpinion | None) -> list[Flowable]:
    """A table of the reader's opinion, region, reliability, next step, limits and model."""
    card = opinion.card
    rows: list[tuple[str, list[Flowable]]] = []

    def add(key: str, text: str) -> None:
        rows.append((key, [Paragraph(text, TEXT)]))

    if reader is not None and reader.text:
        add("Reader", escape(reader.text))
    if opinion.verdict is not None:
        refused = opinion.gate.refusal is not None
        if not refused and (opinion.regions or card.test_regions):
            add("Region", escape(_as_sentence(sentences.region_text(opinion, region))))
        add("Reliability", escape(reliability_line(opinion.verdict, region, card, refused)))
        if not refused and region in card.test_coverage:
            add("Test record", escape(" ".join(reliability_details(region, card)[:-1])))
        add("Next step", escape(next_step(opinion.verdict, card.finding, refused)))
    limits = [Paragraph(escape(limit), LIST_ITEM, bulletText="–") for limit in card.limits]
    rows.append(("Limits", limits or [Paragraph("None are stated.", TEXT)]))
    weights = f'<font size="7">weights SHA-256 {card.weights.sha256}</font>'
    warning = f"<br/><b>{escape(text)}</b>" if (text := model_warning(card)) else ""
    add("Model", f"{escape(card.id)}: {escape(card.title)}{warning}<br/>{weights}")
    table = Table(
        [[Paragraph(key, _KEY), content] for key, content in rows],
        [24 * mm, WIDTH - 24 * mm],
        style=[*TABLE_STYLE, ("LINEABOVE", (0, 0), (-1, -1), 0.4, LINE)],
        hAlign="LEFT",
    )
    return [table, Spacer(0, 5)]


def _as_sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def draw_notice() -> list[Flowable]:
    """The last line of every report."""
    return [
        HRFlowable("100%", 0.8, color=LINE, spaceAfter=3),
        Paragraph(sentences.CLINICIAN_NOTICE, _NOTICE),
    ]
