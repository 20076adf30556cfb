"""Comparison of a dataset as distributed with its clean split."""

from collections.abc import Iterable
from typing import Any

from fracture_core.audit.audit import Audit
from fracture_core.audit.check_splits import check_splits
from fracture_core.audit.clean_split import CleanSplit, make_clean_split, select_clean
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.split_sizes import split_sizes
from fracture_core.errors import DataError


def compare_with_clean_split(audit: Audit, seed: int = 0) -> tuple[CleanSplit | None, dict[str, Any]]:
    """Make a clean split and run the split checks on it.

    Args:
        audit: the audit.
        seed: seed of the split.

    Returns:
        The clean split, or None if too few images remain. And JSON-serialisable values: the summary, the
        sizes and the findings of the split checks, or the error.
    """
    try:
        clean = make_clean_split(audit.films, seed)
    except DataError as error:
        return None, {"error": str(error)}
    after = select_clean(audit.films, clean)
    findings = check_splits(after)
    return clean, {
        "sentence": clean.sentence,
        "copies": clean.copies,
        "contradictory": clean.contradictory,
        "unusable": clean.unusable,
        "seed": seed,
        "sizes": [size.to_json() for size in split_sizes(after)],
        "findings": [finding.to_json() for finding in findings],
        "leaks_before": _count_leaks(audit.findings),
        "leaks_after": _count_leaks(findings),
    }


def _count_leaks(findings: Iterable[Finding]) -> int:
    """Return the number of leaked evaluation files, summed over the split checks."""
    return sum(
        finding.count for finding in findings if finding.level is Level.FAULT and "leak" in finding.kind
    )
