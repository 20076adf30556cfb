"""The PDF report on a study: one page on the study, then one page for each image."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from fracture_core.imaging import Refusal
from fracture_core.inference.study_summary import StudySummary
from fracture_core.report import sentences
from fracture_core.report.finding_sentences import NO_BOX, finding_text
from fracture_core.report.pdf import (
    LINE,
    SMALL,
    TABLE_STYLE,
    TEXT,
    VERDICT_STYLE,
    WIDTH,
    draw_header,
    draw_notice,
    draw_opinion_page,
    draw_page,
    new_canvas,
)
from fracture_core.report.pdf_figures import FramedImage
from fracture_core.report.reliability import next_step, reliability_line
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.reader_opinion import ReaderOpinion
    from fracture_core.report.study_archive import StudyItem

_THUMBNAIL = 24 * mm

# Images on the page of the study; more would be too small to read.
_MAX_ROWS = 8

_RULE = (
    "The study has the verdict of its most suspicious image. Thresholds were chosen for single images, so false alarms "
    "are more likely in large studies."
)


@dataclass(frozen=True, eq=False)
class StudyEntry:
    """One image on the page of the study.

    Attributes:
        label: its name in the report.
        opinion: the opinion, with the image at thumbnail size; None if the file could not be read.
        error: why the file could not be read.
        region: body region; "" if unknown.
        view: side and view, such as "left AP"; "" if unknown or not wanted.
        reader: the reader's own opinion; None if there is none.
    """

    label: str
    opinion: Opinion | None
    error: str = ""
    region: str = ""
    view: str = ""
    reader: ReaderOpinion | None = None


def study_to_pdf(
    entries: Sequence[StudyEntry], items: Iterable[StudyItem], made: datetime, identification: str = ""
) -> bytes:
    """Make the report on a study.

    Args:
        entries: the images, for the first page.
        items: the same images with all pixels, for the pages after it. They are consumed one at a time.
        made: time of the report, with a time zone.
        identification: a line with patient, accession and date of the study; "" for none.

    Returns:
        A PDF. It names no person unless `identification`, a label or a comment does.
    """
    file = io.BytesIO()
    canvas = new_canvas(file, "Second opinion on a study")
    count = f"{len(entries)} image{'' if len(entries) == 1 else 's'}"
    description = (
        f"<b>{escape(identification)}</b> · {count}" if identification else f"<b>Study</b> · {count}"
    )
    story = [
        *draw_header("Second opinion on a study", description, made),
        *_answer([entry.opinion for entry in entries], entries),
        *_table(entries),
        Spacer(0, 6),
        *draw_notice(),
    ]
    draw_page(canvas, story)
    for item in items:
        if item.opinion is not None:
            draw_opinion_page(canvas, item.opinion, item.label, item.region, made, item.reader)
    canvas.save()
    return file.getvalue()


def _answer(opinions: Sequence[Opinion | None], entries: Sequence[StudyEntry]) -> list[Flowable]:
    """The verdict of the study, the image it comes from, and the number of images by verdict."""
    summary = StudySummary.of(opinions)
    card = next((opinion.card for opinion in opinions if opinion is not None), None)
    if summary.verdict is None or summary.most_suspicious is None or card is None:
        return [Paragraph("No verdict on this study", VERDICT_STYLE), Spacer(0, 6)]
    worst = entries[summary.most_suspicious]
    counts = [
        *(
            f"{summary.verdicts[verdict]} {verdict_text(verdict, card.finding)}"
            for verdict in Verdict
            if summary.verdicts[verdict]
        ),
        *(f"{summary.refused[kind]} {kind.value}" for kind in Refusal if summary.refused[kind]),
        *([f"{summary.unreadable} not readable"] if summary.unreadable else []),
    ]
    probability = sentences.percent_text(summary.probability or 0.0)
    return [
        Paragraph(escape(verdict_text(summary.verdict, card.finding).capitalize()), VERDICT_STYLE),
        Paragraph(
            f"Highest probability of {finding_with_article(card.finding)}: <b>{probability}</b> "
            f"({escape(worst.label)}). Images: {', '.join(counts)}.",
            TEXT,
        ),
        Paragraph(escape(next_step(summary.verdict, card.finding)), TEXT),
        Paragraph(_RULE, SMALL) if len(entries) > 1 else Spacer(0, 0),
        Spacer(0, 6),
    ]


def _table(entries: Sequence[StudyEntry]) -> list[Flowable]:
    """One row for each image, the most suspicious first: thumbnail and what was found."""
    shown = sorted(entries, key=_suspicion, reverse=True)[:_MAX_ROWS]
    left = len(entries) - len(shown)
    table = Table(
        [[_thumbnail(entry), _texts(entry)] for entry in shown],
        [_THUMBNAIL + 4 * mm, WIDTH - _THUMBNAIL - 4 * mm],
        style=[*TABLE_STYLE, ("LINEABOVE", (0, 0), (-1, -1), 0.4, LINE), ("TOPPADDING", (0, 0), (-1, -1), 4)],
        hAlign="LEFT",
    )
    return (
        [table, Paragraph(f"The other {left} images are on the following pages.", TEXT)] if left else [table]
    )


def _suspicion(entry: StudyEntry) -> float:
    if entry.opinion is None or entry.opinion.probability is None:
        return -1.0
    return entry.opinion.probability - (1.0 if entry.opinion.gate.refusal else 0.0)


def _thumbnail(entry: StudyEntry) -> Flowable:
    if entry.opinion is None:
        return Spacer(_THUMBNAIL, 8 * mm)
    film = entry.opinion.film.shown
    pixels = (film.clip(0, 1) * 255).round().astype("uint8")
    return FramedImage(pixels, _THUMBNAIL, _THUMBNAIL, [], entry.opinion.findings)


def _texts(entry: StudyEntry) -> list[Flowable]:
    name = f"<b>{escape(entry.label)}</b>{f' · {escape(entry.view)}' if entry.view else ''}"
    opinion = entry.opinion
    if opinion is None:
        return [Paragraph(name, TEXT), Paragraph(f"Not readable: {escape(entry.error)}", TEXT)]
    probability = "" if opinion.probability is None else f", {sentences.percent_text(opinion.probability)}"
    texts = [f"{name}: <b>{escape(sentences.verdict_headline(opinion))}</b>{probability}"]
    texts += [escape(reason) for reason in opinion.gate.reasons]
    if opinion.verdict is not None:
        if opinion.card.findings is not None:
            listed = "; ".join(
                finding_text(number, finding) for number, finding in enumerate(opinion.findings, 1)
            )
            texts.append(f"Findings: {listed or NO_BOX}.")
        refused = opinion.gate.refusal is not None
        texts.append(escape(reliability_line(opinion.verdict, entry.region, opinion.card, refused)))
    if entry.reader is not None and entry.reader.text:
        texts.append(f"<b>Reader:</b> {escape(entry.reader.text)}")
    return [Paragraph(text, TEXT) for text in texts]
