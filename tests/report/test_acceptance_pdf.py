"""The PDF report on a local acceptance test."""

import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pypdf
import pytest

from fracture_core.acceptance import measure_acceptance
from fracture_core.evaluation import coverage_of_predictions, summarise, summarise_by_region
from fracture_core.report.acceptance_pdf import AcceptanceReport, acceptance_to_pdf

MADE = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)


def _report(card, count: int, regions: list[str], data: str = "wrists") -> AcceptanceReport:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, count)
    table = pd.DataFrame(
        {
            "id": [str(number) for number in range(count)],
            "label": label,
            "probability": np.clip(0.3 + 0.4 * label + rng.normal(0, 0.2, count), 0, 1),
            "group": "",
            "regions": [regions[number % len(regions)] for number in range(count)],
        }
    )
    columns = table["label"], table["probability"], table["group"]
    summary = summarise(*columns, card.thresholds.balanced)
    return AcceptanceReport(
        data,
        summary,
        measure_acceptance(card, table, summary),
        summarise_by_region(*columns, list(table["regions"]), card.thresholds.balanced),
        coverage_of_predictions(table, card.thresholds),
        table,
        ("Some images may be training images.",),
    )


def _pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


@pytest.mark.parametrize("count", [12, 400])
def test_report_has_two_pages_with_all_parts(trained_card, count):
    first, second = _pages(
        acceptance_to_pdf(trained_card, _report(trained_card, count, ["hand", "leg"]), MADE)
    )
    words = " ".join(first.split())
    assert f"{count} images in {count} groups" in words
    assert "1 December 2026, 09:30" in words
    assert "Some images may be training images." in words
    for title in ("AUC", "Sensitivity", "Specificity", "Negative predictive value", "Model's test set"):
        assert title in words
    assert "“no fracture seen”" in words
    words = " ".join(second.split())
    for title in ("Verdicts", "Calibration", "Body regions", "hand", "leg", "uncertain"):
        assert title in words


def test_names_are_text_and_many_regions_fit(trained_card):
    regions = [f"region {number:02d}".replace(" ", "-") for number in range(20)]
    report = _report(trained_card, 400, regions, "<b>set</b> & more")
    first, second = _pages(acceptance_to_pdf(trained_card, report, MADE))
    assert "<b>set</b> & more" in first
    assert "8 smaller regions are not shown." in second
