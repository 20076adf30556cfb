"""Release checks: requirements for putting a model in use, and the warning for a model that fails them."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from fracture_core.evaluation import Interval, PlattCalibration
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import finding_with_article

#: AUC at chance.
CHANCE = 0.5


class Check(StrEnum):
    """Names of the checks, used in the history and in JSON."""

    NO_TEST_RECORD = "no_test_record"
    AUC_NOT_ABOVE_CHANCE = "auc_not_above_chance"
    WORSE_THAN_IN_USE = "worse_than_in_use"
    SYNTHETIC_TRAINING = "synthetic_training"
    NOT_CALIBRATED = "not_calibrated"
    NO_REFERENCE_PREDICTION = "no_reference_prediction"


# Checks whose failure is shown with every verdict of the model.
_SHOWN_WITH_VERDICTS = (Check.SYNTHETIC_TRAINING, Check.NO_TEST_RECORD, Check.AUC_NOT_ABOVE_CHANCE)


@dataclass(frozen=True)
class FailedCheck:
    """A check that a model fails.

    Attributes:
        check: Name of the check.
        predicate: The problem, to be read after the name of the model: “has no test results”.
        consequence: What it means for the predictions, as a sentence; may be "".
    """

    check: Check
    predicate: str
    consequence: str = ""

    @property
    def sentence(self) -> str:
        """The problem in one or two sentences about “the model”."""
        return " ".join(part for part in (f"The model {self.predicate}.", self.consequence) if part)


def failed_checks(card: ModelCard, difference: Interval | None = None) -> tuple[FailedCheck, ...]:
    """Run the release checks of a model.

    Args:
        card: The model card.
        difference: AUC of the model minus that of the model in use, on the shared test images; None without any.

    Returns:
        The failed checks, in the order of `Check`.
    """
    failed = []
    if card.test is None:
        failed.append(
            FailedCheck(Check.NO_TEST_RECORD, "has no test record", "Its performance has not been measured.")
        )
    elif not card.test.auc.low > CHANCE:
        failed.append(
            FailedCheck(
                Check.AUC_NOT_ABOVE_CHANCE,
                f"has a test AUC of {card.test.auc.text()}, not shown to be above chance ({CHANCE})",
            )
        )
    if difference is not None and difference.high < 0:
        failed.append(
            FailedCheck(
                Check.WORSE_THAN_IN_USE,
                f"is worse than the model in use on the {difference.n:,} shared test images",
                f"Difference of AUC: {difference_text(difference)}.",
            )
        )
    if card.synthetic:
        failed.append(
            FailedCheck(
                Check.SYNTHETIC_TRAINING,
                "was trained on synthetic images",
                "Its results do not apply to radiographs of patients.",
            )
        )
    if card.calibration == PlattCalibration.identity():
        failed.append(
            FailedCheck(
                Check.NOT_CALIBRATED,
                "is not calibrated",
                f"Its output is not a calibrated probability of {finding_with_article(card.finding)}.",
            )
        )
    if not isfinite(card.golden):
        failed.append(
            FailedCheck(
                Check.NO_REFERENCE_PREDICTION,
                "has no reference prediction on its card",
                "Its computations cannot be verified on this computer.",
            )
        )
    return tuple(failed)


def model_warning(card: ModelCard) -> str:
    """Write the warning about a model whose verdicts are not reliable.

    Args:
        card: The model card.

    Returns:
        One sentence about training on synthetic images, a missing test record or an AUC not above chance; "" for any
        other model.
    """
    failed = {check.check: check.predicate for check in failed_checks(card)}
    predicates = [failed[check] for check in _SHOWN_WITH_VERDICTS if check in failed]
    if not predicates:
        return ""
    return f"The model {card.id} {' and '.join(predicates)}: do not rely on its verdicts."


def difference_text(difference: Interval) -> str:
    """Write a difference of two AUCs with three decimals.

    Args:
        difference: The difference.

    Returns:
        The text; "(no interval)" follows a value without an interval.

    Example:
        >>> difference_text(Interval(-0.012, -0.03, 0.006, 529))
        '−0.012 (95% CI −0.030 to +0.006)'
    """
    numbers = [
        f"{round(value, 3) + 0.0:+.3f}".replace("+0.000", "0.000").replace("-", "−")
        for value in (difference.value, difference.low, difference.high)
    ]
    if not isfinite(difference.low):
        return f"{numbers[0]} (no interval)"
    return f"{numbers[0]} (95% CI {numbers[1]} to {numbers[2]})"
