"""The report on one film: one page A4 that reads the same in colour and in grey, with text that can be selected."""

from __future__ import annotations

import io
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

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
from fracture_core.report.contours import strong_contours
from fracture_core.report.fonts import BOLD_FONT, REGULAR_FONT, font_file
from fracture_core.report.overlay import LEGEND_ENDS, OVERLAY_OPACITY
from fracture_core.report.pdf_figures import FramedImage, ProbabilityScale
from fracture_core.vocabulary import finding_with_article

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

_MARGIN = 15 * mm
_WIDTH, _HEIGHT = A4[0] - 2 * _MARGIN, A4[1] - 2 * _MARGIN
_GUTTER = 5 * mm
_FILM = (_WIDTH - _GUTTER) / 2, 104 * mm
_GREY, _LINE = HexColor("#4A525B"), HexColor("#B9C0C7")

_TEXT = ParagraphStyle("text", fontName=REGULAR_FONT, fontSize=9, leading=12)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=7.4, leading=9.6, textColor=_GREY)
_KEY = ParagraphStyle("key", _TEXT, fontName=BOLD_FONT)
_RIGHT = ParagraphStyle("right", _SMALL, alignment=2)
_BRAND = ParagraphStyle("brand", _TEXT, fontName=BOLD_FONT, fontSize=12, leading=15)
_VERDICT = ParagraphStyle("verdict", _TEXT, fontName=BOLD_FONT, fontSize=17, leading=21)
_LAST = ParagraphStyle("last", _KEY, fontSize=9, leading=12)

_BESIDE: list[tuple] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("FONTNAME", (0, 0), (-1, -1), REGULAR_FONT),
]


def opinion_to_pdf(opinion: Opinion, label: str, region: str, made: datetime) -> bytes:
    """The report.

    Args:
        opinion: with every pixel of the film.
        label: what the film is called; the name of a file may be that of a person.
        region: whose record is given, "" for all films; another than the model's was chosen by the reader.
        made: when, with a time zone.

    Returns:
        A PDF of one page with embedded fonts, that names no person unless `label` does.
    """
    _fonts()
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, pageCompression=1, initialFontName=REGULAR_FONT, lang="en")
    canvas.setTitle("Second opinion on a radiograph")
    canvas.setCreator(f"Second Look {__version__}")
    story = [
        *_head(label, opinion, made),
        *_films(opinion),
        *_answer(opinion),
        *_facts(opinion, region),
        *_foot(),
    ]
    # What does not fit is made smaller, never continued: a page that can get lost is no report.
    page = KeepInFrame(_WIDTH, _HEIGHT, story, mode="shrink")
    frame = Frame(
        _MARGIN, _MARGIN, _WIDTH, _HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    frame.addFromList([page], canvas)
    canvas.save()
    return file.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> None:
    """Once: the letters, and no ASCII 85, which makes a file a quarter larger for printers of old."""
    rl_config.useA85 = 0
    for name in (REGULAR_FONT, BOLD_FONT):
        registerFont(TTFont(name, font_file(name)))
    registerFontFamily(
        REGULAR_FONT, normal=REGULAR_FONT, bold=BOLD_FONT, italic=REGULAR_FONT, boldItalic=BOLD_FONT
    )


def _head(label: str, opinion: Opinion, made: datetime) -> list[Flowable]:
    film = opinion.film
    what = f"<b>{escape(label)}</b> · {escape(film.kind)}, {film.width} × {film.height} pixels"
    return [
        _beside(
            [
                Paragraph("Second Look: second opinion on a radiograph", _BRAND),
                Paragraph(_time(made), _RIGHT),
            ],
            (0.68, 0.32),
        ),
        HRFlowable("100%", 0.8, color=_LINE, spaceBefore=2, spaceAfter=3),
        Paragraph(what, _TEXT),
        Spacer(0, 4),
    ]


def _time(made: datetime) -> str:
    offset = made.strftime("%z")
    return f"{made.day} {made:%B %Y, %H:%M} (UTC{offset[:3]}:{offset[3:5]})<br/>Second Look {__version__}"


def _films(opinion: Opinion) -> list[Flowable]:
    """The film, and beside it where the model looked."""
    bare = FramedImage(opinion.render_overlay(0.0)[..., 0], *_FILM)
    words = Paragraph("The film", _SMALL)
    heat = opinion.heat
    if heat is None:
        return [_films_row([bare], [words]), Spacer(0, 5)]
    shape = opinion.film.width, opinion.film.height
    outlines = [line / shape for line in strong_contours(heat)]
    over = FramedImage(opinion.render_overlay(OVERLAY_OPACITY), *_FILM, outlines)
    if not heat.has_evidence:
        said: Flowable = Paragraph(
            "No positive evidence: nothing in this film raised the model’s suspicion, so there is no heatmap.",
            _SMALL,
        )
    else:
        around = f", with a line around the areas above {STRONG_EVIDENCE:.0%} of it" if outlines else ""
        said = Table(
            [
                [
                    Paragraph(LEGEND_ENDS[0], _SMALL),
                    FramedImage(render_legend(256, 16), 36 * mm, 6),
                    Paragraph(LEGEND_ENDS[1], _SMALL),
                ],
                [
                    Paragraph(
                        "Grad-CAM: what raised the model’s suspicion, on one scale for all films"
                        f"{around}. It shows what the model used, not where "
                        f"{finding_with_article(opinion.card.finding)} is.",
                        _SMALL,
                    )
                ],
            ],
            [22 * mm, 38 * mm, None],
            style=[*_BESIDE, ("SPAN", (0, 1), (-1, 1)), ("VALIGN", (0, 0), (-1, 0), "MIDDLE")],
        )
    return [_films_row([bare, over], [words, said]), Spacer(0, 5)]


def _films_row(films: list[Flowable], words: list[Flowable]) -> Table:
    return Table(
        [[films[0], "", *films[1:]], [words[0], "", *words[1:]]],
        [_FILM[0], _GUTTER, *[_FILM[0]] * (len(films) - 1)],
        style=[*_BESIDE, ("VALIGN", (0, 0), (-1, 0), "BOTTOM")],
        hAlign="LEFT",
    )


def _answer(opinion: Opinion) -> list[Flowable]:
    """Verdict, probability on its scale, and why the gate warns or refuses."""
    story: list[Flowable] = [Paragraph(escape(sentences.verdict_headline(opinion)), _VERDICT)]
    if opinion.probability is None:
        story.append(Paragraph("The model gives neither a verdict nor a probability.", _TEXT))
    else:
        card = opinion.card
        words = (
            f"Probability of {finding_with_article(card.finding)}: "
            f"<b>{sentences.percent_text(opinion.probability)}</b>"
        )
        story += [
            Paragraph(words, _TEXT),
            ProbabilityScale(opinion.probability, card.thresholds.low, card.thresholds.high),
            Paragraph(" · ".join(sentences.scale_zones(card)), _SMALL),
        ]
    if opinion.gate.reasons:
        why = "Refused" if opinion.gate.state is QualityState.REFUSE else "Caution"
        # The first reason then begins with “Out of scope”.
        start = "" if opinion.gate.out_of_scope else f"<b>{why}:</b> "
        story.append(
            Table(
                [[Paragraph(f"{start}{escape(' '.join(opinion.gate.reasons))}", _TEXT)]],
                [_WIDTH],
                style=[
                    ("BOX", (0, 0), (-1, -1), 1, HexColor("#30363D")),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                ],
                spaceBefore=5,
                hAlign="LEFT",
            )
        )
    return [*story, Spacer(0, 5)]


def _facts(opinion: Opinion, region: str) -> list[Flowable]:
    """What stands behind the verdict, row by row."""
    card = opinion.card
    rows = []
    if opinion.verdict is not None and opinion.gate.out_of_scope:
        rows.append(("Record", sentences.NO_RECORD_OUT_OF_SCOPE))
    elif opinion.verdict is not None:
        if opinion.regions or card.test_regions:
            rows.append(("Region", escape(_sentence(sentences.region_text(opinion, region)))))
        found = card.test_summary(region)
        if found is None:
            rows.append(("Record", sentences.NO_RECORD))
        else:
            rows.append(
                ("Record", escape(_sentence(" ".join(sentences.region_record_text(found, region, card)))))
            )
        if said := sentences.verdict_meaning(opinion):
            rows.append(("Meaning", escape(said)))
    rows.append(("Limits", "<br/>".join(f"– {escape(limit)}" for limit in card.limits) or "None are stated."))
    weights = f'<font size="7">weights SHA-256 {card.weights.sha256}</font>'
    warning = f"<br/><b>{escape(said)}</b>" if (said := model_warning(card)) else ""
    rows.append(("Model", f"{escape(card.id)}: {escape(card.title)}{warning}<br/>{weights}"))
    table = Table(
        [[Paragraph(key, _KEY), Paragraph(words, _TEXT)] for key, words in rows],
        [20 * mm, _WIDTH - 20 * mm],
        style=[*_BESIDE, ("LINEABOVE", (0, 0), (-1, -1), 0.4, _LINE)],
        hAlign="LEFT",
    )
    return [table, Spacer(0, 5)]


def _sentence(words: str) -> str:
    """The words with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _foot() -> list[Flowable]:
    return [HRFlowable("100%", 0.8, color=_LINE, spaceAfter=3), Paragraph(sentences.CLINICIAN_NOTICE, _LAST)]


def _beside(cells: list[Flowable], shares: tuple[float, ...]) -> Table:
    return Table([cells], [share * _WIDTH for share in shares], style=_BESIDE, hAlign="LEFT")
