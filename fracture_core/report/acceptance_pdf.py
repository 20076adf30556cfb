"""The PDF report on a local acceptance test: two pages with tables, legible in greyscale."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from fracture_core.acceptance import AcceptanceTest
from fracture_core.acceptance.acceptance_test import MEASURES
from fracture_core.evaluation import (
    VERDICTS,
    Interval,
    Summary,
    VerdictCoverage,
    compute_reliability_curve,
)
from fracture_core.registry.card import ModelCard
from fracture_core.report.pdf import (
    LINE,
    LIST_ITEM,
    SMALL,
    TABLE_STYLE,
    TEXT,
    WIDTH,
    draw_header,
    draw_page,
    new_canvas,
)
from fracture_core.vocabulary import finding_with_article, verdict_text

_TITLE = "Local acceptance test"

# Regions in the table; more would leave the page.
_MAX_REGIONS = 12

_RULE = (
    "95% confidence intervals, clustered by group, at the thresholds and with the calibration of the model. A "
    "guarantee counts one image of each group. It does not hold for images from another source or with another "
    "prevalence."
)


@dataclass(frozen=True, eq=False)
class AcceptanceReport:
    """Content of the report.

    Attributes:
        data: name of the dataset.
        summary: metrics over all images.
        acceptance: comparison with the card, sample sizes and guarantees.
        regions: metrics by body region.
        coverage: frequency and error of each verdict by region; "" for all images.
        table: predictions with the columns of `evaluation.predictions`.
        warnings: what limits the interpretation.
    """

    data: str
    summary: Summary
    acceptance: AcceptanceTest
    regions: Mapping[str, Summary]
    coverage: Mapping[str, VerdictCoverage]
    table: pd.DataFrame
    warnings: Sequence[str]


def acceptance_to_pdf(card: ModelCard, report: AcceptanceReport, made: datetime) -> bytes:
    """Make the report.

    Args:
        card: card of the model.
        report: the results.
        made: time of the report, with a time zone.

    Returns:
        A PDF of two pages. It names no image.
    """
    file = io.BytesIO()
    canvas = new_canvas(file, _TITLE)
    summary, finding = report.summary, finding_with_article(card.finding)
    description = f"<b>{escape(card.title)}</b> ({escape(card.id)}) on <b>{escape(report.data)}</b>"
    share = f" ({summary.positives / summary.n:.1%})" if summary.n else ""
    counts = (
        f"{summary.n:,} images in {summary.groups:,} groups, {summary.positives:,}{share} with {finding}. Threshold "
        f"{summary.threshold:.3f}."
    )
    draw_page(
        canvas,
        [
            *draw_header(_TITLE, description, made),
            Paragraph(counts, TEXT),
            *(Paragraph(f"<b>Note.</b> {escape(warning)}", TEXT) for warning in report.warnings),
            *_headline("Results beside the model's own test set"),
            _measures(report, card),
            *_headline("What they mean"),
            *(
                Paragraph(escape(line), LIST_ITEM, bulletText="•")
                for line in report.acceptance.sentences(card.finding)
            ),
            Spacer(0, 8),
            Paragraph(_RULE, SMALL),
        ],
    )
    draw_page(
        canvas,
        [
            *draw_header(f"{_TITLE}: details", description, made),
            *_headline("Verdicts"),
            _verdicts(report, card),
            *_headline("Calibration"),
            *_calibration(report, card),
            *_headline("Body regions"),
            *_regions(report, card),
        ],
    )
    canvas.save()
    return file.getvalue()


def _headline(text: str) -> list[Flowable]:
    return [Spacer(0, 8), Paragraph(f"<b>{text}</b>", TEXT), Spacer(0, 2)]


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    """Draw a table whose first row is its head; widths are shares of the page."""
    style: list[tuple[Any, ...]] = [*TABLE_STYLE, ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)]
    head, *body = rows
    cells = [[Paragraph(f"<b>{escape(cell)}</b>", TEXT) for cell in head]]
    cells += [[Paragraph(escape(cell), TEXT) for cell in row] for row in body]
    return Table(cells, [share * WIDTH for share in widths], style=style, hAlign="LEFT", repeatRows=1)


def _measures(report: AcceptanceReport, card: ModelCard) -> Table:
    rows = [["95% intervals", "These images", "Model's test set", "Difference"]]
    for name, title in MEASURES.items():
        local: Interval = getattr(report.summary, name)
        found = report.acceptance.comparisons.get(name)
        change = found.difference if found else None
        rows.append(
            [
                title,
                _short(local),
                _short(getattr(card.test, name)) if card.test else "not measured",
                f"{change.value:+.2f} ({change.low:+.2f} to {change.high:+.2f})".replace("-", "−")
                if change and not math.isnan(change.low)
                else "",
            ]
        )
    rows.append(["Positive predictive value", _short(report.summary.precision), "", ""])
    rows.append(["Negative predictive value", _short(report.summary.npv), "", ""])
    rows.append(["Calibration error (ECE)", f"{report.summary.ece:.3f}", "", ""])
    return _table(rows, (0.28, 0.22, 0.22, 0.28))


def _verdicts(report: AcceptanceReport, card: ModelCard) -> Table:
    rows = [["Verdict", "Share of images", f"Of these with {finding_with_article(card.finding)}"]]
    for verdict in VERDICTS:
        share, errors = report.coverage[""].for_verdict(verdict)
        rows.append([verdict_text(verdict, card.finding), share.text(), errors.text()])
    return _table(rows, (0.26, 0.37, 0.37))


def _calibration(report: AcceptanceReport, card: ModelCard) -> list[Flowable]:
    table = report.table
    curve = compute_reliability_curve(table["label"], table["probability"], table["group"])
    rows = [["Mean probability", f"Observed share with {finding_with_article(card.finding)}"]]
    rows += [
        [f"{predicted:.3f}", observed.text()]
        for predicted, observed in zip(curve.predicted, curve.observed, strict=True)
    ]
    return [_table(rows, (0.26, 0.74)), Paragraph("Tenths of the images by probability.", SMALL)]


def _regions(report: AcceptanceReport, card: ModelCard) -> list[Flowable]:
    if not report.regions:
        return [Paragraph("The dataset does not record the body region.", TEXT)]
    shown = sorted(report.regions.items(), key=lambda item: -item[1].n)[:_MAX_REGIONS]
    rows = [["Region", "Images", f"With {card.finding}", "AUC", "Sensitivity", "Specificity"]]
    rows += [
        [
            region,
            f"{summary.n:,}",
            f"{summary.positives:,}",
            *(_short(getattr(summary, name)) for name in MEASURES),
        ]
        for region, summary in shown
    ]
    left = len(report.regions) - len(shown)
    more = [Paragraph(f"{left} smaller regions are not shown.", SMALL)] if left else []
    return [_table(rows, (0.16, 0.1, 0.14, 0.2, 0.2, 0.2)), *more]


def _short(interval: Interval) -> str:
    if not interval.is_measured:
        return "not measurable"
    if math.isnan(interval.low) or math.isnan(interval.high):
        return f"{interval.value:.2f} (no interval)"
    return f"{interval.value:.2f} ({interval.low:.2f}–{interval.high:.2f})"
