"""A set before and after it is mended, side by side."""

from typing import Any

from fracture_core.audit.audit import Audit
from fracture_core.audit.check_splits import check_splits
from fracture_core.audit.clean_split import CleanSplit, make_clean_split, select_clean
from fracture_core.audit.finding import Level
from fracture_core.audit.split_sizes import split_sizes
from fracture_core.errors import DataError


def compare_with_clean_split(audit: Audit, seed: int = 0) -> tuple[CleanSplit | None, dict[str, Any]]:
    """Mends a set and checks what came out with the same checks.

    Args:
        audit: the audit.
        seed: of the split.

    Returns:
        The mended set, None where too little would be left; and plain JSON values: the sentence, the sizes and
        what the checks of splits say of it, or why it could not be mended.
    """
    try:
        mended = make_clean_split(audit.films, seed)
    except DataError as error:
        return None, {"error": str(error)}
    after = select_clean(audit.films, mended)
    return mended, {
        "sentence": mended.sentence,
        "copies": mended.copies,
        "contradictory": mended.contradictory,
        "unusable": mended.unusable,
        "seed": seed,
        "sizes": [size.to_json() for size in split_sizes(after)],
        "findings": [finding.to_json() for finding in check_splits(after)],
        "leaks_before": _count_leaks(audit.findings),
        "leaks_after": _count_leaks(check_splits(after)),
    }


def _count_leaks(findings) -> int:
    """Files to judge on that training has seen, summed over the checks."""
    return sum(
        finding.count for finding in findings if finding.level is Level.FAULT and "leak" in finding.kind
    )
