"""What the slices of a test split come to, in sentences. “Fracture” stands for whatever the model finds."""

import math
from fractions import Fraction

from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.subgroup_analysis import (
    MIN_IMAGES,
    SubgroupAnalysis,
    SubgroupResult,
    SubgroupTest,
)

#: Sentences at most.
MAX_SENTENCES = 5


def subgroup_sentences(found: SubgroupAnalysis) -> list[str]:
    """Where the model fails, and where it does better than elsewhere, the worst first.

    Returns:
        One sentence for each slice that differs from the rest after correction, at most `MAX_SENTENCES`; of a
        combination only
        where neither of its slices differs in the same way. One sentence that says so where none differs.
    """
    told = [
        (part, label, look)
        for part in (*found.single, *found.pairs)
        for label, look in ((1, part.misses), (0, part.alarms))
        if look is not None and look.is_significant
    ]
    alone = {(part.slices[0], label, look.is_worse) for part, label, look in told if len(part.slices) == 1}
    told = [
        (part, label, look)
        for part, label, look in told
        if len(part.slices) == 1 or not any((each, label, look.is_worse) in alone for each in part.slices)
    ]
    told.sort(key=lambda each: (not each[2].is_worse, each[2].rank))
    if not told:
        return [_no_difference_text(found)]
    return [_sentence(part, label, look) for part, label, look in told[:MAX_SENTENCES]]


def difference_text(part: SubgroupResult) -> str:
    """In which way a slice differs from the rest, in words."""
    looks = (
        (part.misses, "misses more", "misses less"),
        (part.alarms, "more false alarms", "fewer false alarms"),
    )
    words = [
        more if look.is_worse else less
        for look, more, less in looks
        if look is not None and look.is_significant
    ]
    if words:
        return ", ".join(words)
    return "no" if any(look is not None for look, _, _ in looks) else "too few films"


def method_text(found: SubgroupAnalysis) -> str:
    """How slices were compared, in sentences."""
    return (
        f"Each slice is compared with the other films of the same class by exchanging whole groups, where both hold "
        f"{MIN_IMAGES} films or more. After Holm's correction for all {found.looks} looks ({found.pairs_compared} "
        "combinations searched) the chance that any difference named here is none is at most 5%. Intervals take films "
        "of one group together; numbers are cut at the tertiles of these films. Where groups are few, real differences "
        "can stay unseen."
    )


def _no_difference_text(found: SubgroupAnalysis) -> str:
    if not found.looks:
        return "No slice has films enough to be compared with the rest."
    looks = f"{found.looks} looks" if found.looks > 1 else "one look"
    return f"No slice differs from the rest after correction for {looks}."


def _sentence(part: SubgroupResult, label: int, look: SubgroupTest) -> str:
    before = "".join(f"{each.before} " for each in part.slices[::-1] if each.before)
    after = "".join(f" {each.after}" for each in part.slices if each.after)
    where = " and ".join(each.where for each in part.slices if each.where)
    clause = f" where {where}" if where else ""
    if label:
        measured = part.summary.sensitivity
        errs, what, others = "Misses", f"{before}fractures{after}{clause}", "of the others it misses"
    else:
        measured = part.summary.specificity
        errs, what = "Raises a false alarm on", f"{before}films without a fracture{clause}"
        others = "on the others it raises one on"
    share = share_as_odds(look.share) if look.share else "none of the"
    only = "only " if look.share and not look.is_worse else ""
    return (
        f"{errs} {only}{share} {what} (n = {measured.n:,}, {100 * look.share:.0f}%, {_interval(measured)}); "
        f"{others} {share_as_odds(look.rest)}."
    )


def share_as_odds(share: float) -> str:
    """A share as small whole numbers: “1 in 4”, “2 in 5”, “none”, “all”."""
    if share <= 0:
        return "none"
    if share >= 1:
        return "all"
    if share < 1 / 3:
        return f"1 in {math.floor(1 / share + 0.5)}"
    near = Fraction(share).limit_denominator(5)
    return f"{near.numerator} in {near.denominator}" if near < 1 else "nearly all"


def _interval(right: Interval) -> str:
    """The interval of the errors, from that of the right decisions."""
    if math.isnan(right.low) or math.isnan(right.high):
        return "no interval"
    return f"95% CI {100 * (1 - right.high):.0f}–{100 * (1 - right.low):.0f}%"
