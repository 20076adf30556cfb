"""AcceptanceTest: a model on the user's own images, compared with the test record of its card."""

import math
from dataclasses import dataclass

import pandas as pd

from fracture_core.acceptance.guaranteed_thresholds import GuaranteedThreshold, guarantee_thresholds
from fracture_core.acceptance.sample_size import SampleSize, plan_sample_size
from fracture_core.evaluation import Interval, Summary
from fracture_core.io.json_record import JsonRecord, MeasuredNumber
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

#: Measures that are compared with the card.
MEASURES = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity"}


@dataclass(frozen=True)
class Comparison(JsonRecord):
    """A measure on the user's images beside that on the model's test images.

    Attributes:
        local: on the user's images.
        card: on the test images of the card.
        difference: local minus card, with its 95% interval.
    """

    local: Interval
    card: Interval
    difference: Interval


@dataclass(frozen=True)
class AcceptanceTest(JsonRecord):
    """Results of a local acceptance test.

    Attributes:
        prevalence: share of the images with the finding, 0–1.
        comparisons: by measure, a key of `MEASURES`; without those that are not measured on both sides.
        sizes: precision of sensitivity and specificity.
        low: threshold of *no fracture seen* with a guaranteed negative predictive value.
        high: threshold of *fracture suspected* with a guaranteed positive predictive value.
    """

    prevalence: MeasuredNumber
    comparisons: dict[str, Comparison]
    sizes: dict[str, SampleSize]
    low: GuaranteedThreshold
    high: GuaranteedThreshold

    def sentences(self, finding: str) -> list[str]:
        """Describe the results in sentences.

        Args:
            finding: what the model detects, a name of `vocabulary.FINDINGS`.
        """
        return [
            *(comparison_sentence(name, found) for name, found in self.comparisons.items()),
            *(
                size_sentence(name, found, self.prevalence if name == "sensitivity" else 1 - self.prevalence)
                for name, found in self.sizes.items()
            ),
            guarantee_sentence(self.low, Verdict.NOT_SEEN, finding),
            guarantee_sentence(self.high, Verdict.SUSPECTED, finding),
        ]


def measure_acceptance(card: ModelCard, table: pd.DataFrame, summary: Summary) -> AcceptanceTest:
    """Compare a model on the user's images with its card, and fit thresholds with guarantees.

    Args:
        card: card of the model.
        table: predictions with the columns of `evaluation.predictions`.
        summary: metrics of the table at the threshold of the card.
    """
    low, high = guarantee_thresholds(table["label"], table["probability"], table["group"])
    sizes = {name: plan_sample_size(getattr(summary, name)) for name in ("sensitivity", "specificity")}
    return AcceptanceTest(
        summary.positives / summary.n if summary.n else math.nan,
        {
            name: Comparison(local, known, difference(local, known))
            for name in MEASURES
            if card.test is not None
            and (local := getattr(summary, name)).is_measured
            and (known := getattr(card.test, name)).is_measured
        },
        {name: size for name, size in sizes.items() if size is not None},
        low,
        high,
    )


def difference(first: Interval, second: Interval) -> Interval:
    """Subtract two independently measured values, with a 95% interval by MOVER-D.

    Args:
        first: a value with its interval.
        second: the value that is subtracted.

    Returns:
        The difference; without an interval if one of the values has none. n is that of the first value.

    Source:
        R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
        Medicine 17, 1998; G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures",
        Statistics in Medicine 27, 2008.
    """
    value = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(value, value - below, value + above, first.n)


def comparison_sentence(measure: str, found: Comparison) -> str:
    """Compare a measure with the card in one sentence."""
    change = found.difference
    numbers = f"{found.local.value:.2f} v {found.card.value:.2f}"
    if math.isnan(change.low):
        return f"{MEASURES[measure]} {numbers}; the difference has no interval."
    ends = f"95% CI of the difference {_signed(change.low)} to {_signed(change.high)}"
    if change.high < 0:
        relation = "lower than on"
    elif change.low > 0:
        relation = "higher than on"
    else:
        return (
            f"{MEASURES[measure]} does not differ significantly from that on the model's test set: {numbers} "
            f"({ends})."
        )
    return f"{MEASURES[measure]} is {relation} the model's test set: {numbers} ({ends})."


def size_sentence(measure: str, found: SampleSize, share: float) -> str:
    """State the precision of a sensitivity or specificity, and how many more images would improve it.

    Args:
        measure: "sensitivity" or "specificity".
        found: its precision.
        share: share of the images that it is measured on, 0–1.
    """
    kind = "with the finding" if measure == "sensitivity" else "without the finding"
    text = (
        f"{MEASURES[measure]}: with {found.images:,} images {kind}, the interval is ± {found.half_width:.2f}"
    )
    if not found.more:
        return f"{text}."
    among = f", among about {round(found.more / share, -1):,.0f} further images," if 0 < share < 1 else ""
    return f"{text}; {found.more:,} more{among} would give ± {found.target:.2f}."


def guarantee_sentence(found: GuaranteedThreshold, verdict: Verdict, finding: str) -> str:
    """State what a threshold guarantees, or that there are too few images."""
    name = f"“{verdict_text(verdict, finding)}”"
    label = f"no {finding}" if verdict is Verdict.NOT_SEEN else finding_with_article(finding)
    if not found.is_found:
        side = "below" if verdict is Verdict.NOT_SEEN else "from"
        return (
            f"{name}: no threshold can be guaranteed at which {found.target:.0%} of the images {side} it have {label}, "
            f"because there are too few images or too many errors. Without any error, {found.needed:,} images {side} "
            "it, of different groups, would be enough."
        )
    side = "below" if verdict is Verdict.NOT_SEEN else "from"
    return (
        f"{name} {side} {found.threshold:.3f}: at least {found.target:.0%} of such images have {label}, with "
        f"{found.confidence:.0%} confidence and if future images are like these ({found.errors:,} of {found.images:,} "
        "here do not)."
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
