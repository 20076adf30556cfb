"""Findings in words, for the pages and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fracture_core.evaluation import Interval
from fracture_core.findings import Finding
from fracture_core.report.sentences import percent_text

if TYPE_CHECKING:
    from fracture_core.registry.card import ModelCard

#: Said instead of a list if no finding is shown.
NO_BOX = "no area stands out enough for a box"


def finding_text(number: int, finding: Finding) -> str:
    """Return a finding as a line of a list.

    Example:
        >>> from fracture_core.findings import FindingGrade
        >>> finding_text(1, Finding((0.1, 0.1, 0.2, 0.2), 0.86, FindingGrade.DEFINITE))
        '1: definite, 86%'
    """
    return f"{number}: {finding.grade.value}, {percent_text(finding.confidence)}"


def findings_meaning(card: ModelCard) -> str:
    """Say how far the boxes of a model can be trusted; "" for a model whose findings were not measured."""
    record = card.test_findings
    if record is None or not record.possible.sensitivity.is_measured:
        return ""
    found, right = record.possible.sensitivity, record.definite.precision
    sure = f", and {_count(right)} solid boxes were on one" if right.is_measured else ""
    return (
        f"Solid box: definite; dashed: possible. On test images, {_count(found)} annotated fractures had a box{sure}. "
        "A fracture may have no box."
    )


def _count(share: Interval) -> str:
    return f"{round(share.value * share.n):,} of {share.n:,}"
