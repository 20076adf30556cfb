"""Sentences that summarise a subgroup analysis.

“Fracture” stands for the finding of the model; `vocabulary.rephrase_for_finding` replaces it.
"""

import math
from fractions import Fraction

from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.subgroup_analysis import (
    MIN_IMAGES,
    SubgroupAnalysis,
    SubgroupResult,
    SubgroupTest,
)

#: Maximum number of sentences.
MAX_SENTENCES = 5


def subgroup_sentences(analysis: SubgroupAnalysis) -> list[str]:
    """Describe the subgroups that differ significantly from the rest.

    A combination of two subgroups is only mentioned if neither of them differs in the same direction.

    Args:
        analysis: The analysis.

    Returns:
        One sentence for each difference, at most `MAX_SENTENCES`: first where the model is worse, then where it is
        better, each by significance. A single sentence if nothing differs.
    """
    significant = [
        (result, label, test)
        for result in (*analysis.single, *analysis.pairs)
        for label, test in ((1, result.misses), (0, result.alarms))
        if test is not None and test.is_significant
    ]
    single = {
        (result.subgroups[0], label, test.is_worse)
        for result, label, test in significant
        if len(result.subgroups) == 1
    }
    selected = [
        (result, label, test)
        for result, label, test in significant
        if len(result.subgroups) == 1
        or not any((subgroup, label, test.is_worse) in single for subgroup in result.subgroups)
    ]
    selected.sort(key=lambda entry: (not entry[2].is_worse, entry[2].rank))
    if not selected:
        return [_no_difference_text(analysis)]
    return [_sentence(result, label, test) for result, label, test in selected[:MAX_SENTENCES]]


def difference_text(result: SubgroupResult) -> str:
    """Describe how a subgroup differs from the rest in a few words.

    Args:
        result: The subgroup.

    Returns:
        Such as "misses more, fewer false alarms"; "no" without a significant difference; "too few images" if the
        subgroup was not tested.
    """
    tests = (
        (result.misses, "misses more", "misses fewer"),
        (result.alarms, "more false alarms", "fewer false alarms"),
    )
    differences = [
        worse if test.is_worse else better
        for test, worse, better in tests
        if test is not None and test.is_significant
    ]
    if differences:
        return ", ".join(differences)
    return "no" if any(test is not None for test, _, _ in tests) else "too few images"


def method_text(analysis: SubgroupAnalysis) -> str:
    """Describe the statistical method of a subgroup analysis in a few sentences."""
    return (
        "Each subgroup is compared with the other images of the same class by a permutation test that exchanges whole "
        f"groups. Both sides need at least {MIN_IMAGES} images. P-values are corrected by Holm's method for "
        f"{analysis.test_count} tests, including {analysis.pairs_compared} combinations of two subgroups. The chance "
        "that any reported difference is a false positive is at most 5%. Confidence intervals account for images of "
        "the same group. Numeric properties are split at their tertiles. With few groups, real differences can go "
        "undetected."
    )


def _no_difference_text(analysis: SubgroupAnalysis) -> str:
    if not analysis.test_count:
        return "No subgroup has enough images to be compared with the rest."
    tests = f"{analysis.test_count} tests" if analysis.test_count > 1 else "one test"
    return f"No subgroup differs significantly from the rest after correction for {tests}."


def _sentence(result: SubgroupResult, label: int, test: SubgroupTest) -> str:
    before = "".join(f"{subgroup.before} " for subgroup in result.subgroups[::-1] if subgroup.before)
    after = "".join(f" {subgroup.after}" for subgroup in result.subgroups if subgroup.after)
    where = " and ".join(subgroup.where for subgroup in result.subgroups if subgroup.where)
    if label:
        interval = result.summary.sensitivity
        verb = "misses"
        cases = f"{before}fractures{after}{f' in images {where}' if where else ''}"
    else:
        interval = result.summary.specificity
        verb = "raises a false alarm on"
        cases = f"{before}images without a fracture{f' and {where}' if where else ''}"
    share = share_as_odds(test.share) if test.share else "none of the"
    only = "only " if test.share and not test.is_worse else ""
    return (
        f"The model {verb} {only}{share} {cases} ({100 * test.share:.0f}%, {_error_interval_text(interval)}, "
        f"n = {interval.n:,}), compared with {share_as_odds(test.rest)} of the others."
    )


def share_as_odds(share: float) -> str:
    """Write a share in small whole numbers.

    Args:
        share: 0–1.

    Returns:
        Such as "1 in 4", "2 in 5", "nearly all", "none" or "all".
    """
    if share <= 0:
        return "none"
    if share >= 1:
        return "all"
    if share < 1 / 3:
        return f"1 in {math.floor(1 / share + 0.5)}"
    fraction = Fraction(share).limit_denominator(5)
    return f"{fraction.numerator} in {fraction.denominator}" if fraction < 1 else "nearly all"


def _error_interval_text(correct: Interval) -> str:
    """The interval of the error rate, from that of the rate of correct decisions."""
    if math.isnan(correct.low) or math.isnan(correct.high):
        return "no interval"
    return f"95% CI {100 * (1 - correct.high):.0f}–{100 * (1 - correct.low):.0f}%"
