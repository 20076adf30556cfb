"""Reliability of a verdict in words: one line, the next step, and the figures behind them.

All figures refer to the three verdicts, that is, to the two thresholds on the model card, and to one body region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fracture_core.evaluation import VerdictCoverage
from fracture_core.report.sentences import NO_RECORD, NO_RECORD_OUT_OF_SCOPE, percent_text, threshold_text
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

if TYPE_CHECKING:
    from fracture_core.registry.card import ModelCard

#: Number of test images with a verdict below which no rate is stated.
MIN_IMAGES = 20


def reliability_line(verdict: Verdict, region: str, card: ModelCard, refused: bool = False) -> str:
    """State in one line how often test images of a region with this verdict had the finding.

    Args:
        verdict: the verdict.
        region: the body region; "" if unknown, for all images.
        card: card of the model.
        refused: whether the verdict was withheld at first; nothing was measured on such images.

    Example:
        "Hand, uncertain: 14 of 100 such test images had a fracture (95% CI 8–24)."
    """
    if refused:
        return NO_RECORD_OUT_OF_SCOPE
    coverage = _coverage(region, card)
    if coverage is None:
        return NO_RECORD
    start = f"{region.capitalize() or 'All regions'}, {verdict_text(verdict, card.finding)}"
    _, fractured = coverage.for_verdict(verdict)
    if fractured.n < MIN_IMAGES or not fractured.is_measured:
        images = "test image" if fractured.n == 1 else "test images"
        return f"{start}: too little is known. Only {fractured.n} {images} had this verdict."
    return (
        f"{start}: {_per_hundred(fractured.value)} of 100 such test images had {finding_with_article(card.finding)} "
        f"(95% CI {100 * fractured.low:.0f}–{100 * fractured.high:.0f})."
    )


def next_step(verdict: Verdict, finding: str, refused: bool = False) -> str:
    """State what to do after a verdict.

    Args:
        verdict: the verdict.
        finding: the finding of the model.
        refused: whether the verdict was withheld at first.
    """
    if refused:
        return "Do not use this answer. Review the image as usual."
    return {
        Verdict.SUSPECTED: f"Check the marked areas. Rule the {finding} out before you call the image normal.",
        Verdict.UNCERTAIN: "Review as usual. The model cannot tell.",
        Verdict.NOT_SEEN: f"Review as usual. Examination findings that suggest {finding_with_article(finding)} count "
        "more than this answer.",
    }[verdict]


def reliability_details(region: str, card: ModelCard) -> list[str]:
    """State the figures behind `reliability_line`: one sentence for each verdict, AUC, thresholds and data.

    Args:
        region: the body region; "" for all images.
        card: card of the model.
    """
    coverage = _coverage(region, card)
    if coverage is None:
        return [NO_RECORD]
    counts = {verdict: coverage.for_verdict(verdict)[1] for verdict in Verdict}
    fractured = {
        verdict: round(count.value * count.n) if count.is_measured else 0 for verdict, count in counts.items()
    }
    total, images = sum(fractured.values()), sum(count.n for count in counts.values())
    suspected, not_seen = Verdict.SUSPECTED, Verdict.NOT_SEEN
    place = f"{region} images" if region else "images"
    found = finding_with_article(card.finding)
    low, high = threshold_text(card.thresholds.low), threshold_text(card.thresholds.high)
    sentences = [
        f"{images:,} test {place}, {total:,} with {found}.",
        f"Sensitivity: {fractured[suspected]} of {total} were {_quoted(suspected, card)}, "
        f"{fractured[Verdict.UNCERTAIN]} uncertain, and {fractured[not_seen]} missed.",
        f"Specificity: of the other {images - total:,}, {counts[not_seen].n - fractured[not_seen]:,} were "
        f"{_quoted(not_seen, card)}, {counts[Verdict.UNCERTAIN].n - fractured[Verdict.UNCERTAIN]:,} uncertain, and "
        f"{counts[suspected].n - fractured[suspected]:,} wrongly {_quoted(suspected, card)}.",
    ]
    summary = card.test_summary(region)
    if summary is not None:
        sentences.append(f"AUC {summary.auc.text()}.")
    sentences.append(
        f"Thresholds: below {low}, {verdict_text(not_seen, card.finding)}; from {high}, "
        f"{verdict_text(suspected, card.finding)}."
    )
    source = card.data.name.split(",")[0] if card.data else "unknown dataset"
    split = (
        "not used in training"
        if card.data and card.data.checked
        else "in a split that was not checked for leaks, or has some"
    )
    sentences.append(f"Images: {source}, {split}. Model: {card.title} ({card.weights.sha256[:8]}).")
    return sentences


def _coverage(region: str, card: ModelCard) -> VerdictCoverage | None:
    """The coverage of a region, or of all images where the region has none."""
    return card.test_coverage.get(region) or (None if region else card.test_coverage.get(""))


def _quoted(verdict: Verdict, card: ModelCard) -> str:
    return f"“{verdict_text(verdict, card.finding)}”"


def _per_hundred(share: float) -> str:
    """A share as a number of 100, without rounding to 0 or 100."""
    return (
        percent_text(share)
        .replace("under 1%", "fewer than 1")
        .replace("over 99%", "more than 99")
        .rstrip("%")
    )
