"""Checks of a model before it is put in use, and the warning about a model that fails them."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from fracture_core.evaluation import Interval, PlattCalibration
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import finding_with_article

#: AUC of a model that guesses.
CHANCE = 0.5


class Check(StrEnum):
    """Names of the checks; they stand in the history and in JSON."""

    NO_TEST_RECORD = "no_test_record"
    AUC_NOT_ABOVE_CHANCE = "auc_not_above_chance"
    WORSE_THAN_IN_USE = "worse_than_in_use"
    SYNTHETIC_TRAINING = "synthetic_training"
    NOT_CALIBRATED = "not_calibrated"
    NO_REFERENCE_PREDICTION = "no_reference_prediction"


# Checks whose failure is shown with every answer of the model.
_SHOWN_WITH_ANSWERS = (Check.SYNTHETIC_TRAINING, Check.NO_TEST_RECORD, Check.AUC_NOT_ABOVE_CHANCE)


@dataclass(frozen=True)
class FailedCheck:
    """A check that a model fails.

    Attributes:
        check: its name.
        predicate: what is wrong, to be read after the model's name: “has no test record”.
        consequence: what that means for its answers, a sentence; "" where the predicate says it.
    """

    check: Check
    predicate: str
    consequence: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong, in a sentence or two about “the model”."""
        return " ".join(part for part in (f"The model {self.predicate}.", self.consequence) if part)


def failed_checks(card: ModelCard, difference: Interval | None = None) -> tuple[FailedCheck, ...]:
    """The checks that a model fails.

    Args:
        card: the model's.
        difference: its AUC minus that of the model in use, on the test images of both; None where they share none.

    Returns:
        In the order of `Check`.
    """
    failed = []
    if card.test is None:
        failed.append(
            FailedCheck(
                Check.NO_TEST_RECORD, "has no test record", "Nobody has measured here how often it is right."
            )
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
                f"is worse than the model in use on the {difference.n:,} test images that both share",
                f"Difference of AUC: {difference_text(difference)}.",
            )
        )
    if card.synthetic:
        failed.append(
            FailedCheck(
                Check.SYNTHETIC_TRAINING,
                "was trained on synthetic images",
                "Its figures say nothing about radiographs of patients.",
            )
        )
    if card.calibration == PlattCalibration.identity():
        failed.append(
            FailedCheck(
                Check.NOT_CALIBRATED,
                "is not calibrated",
                f"Its probabilities do not say how often {finding_with_article(card.finding)} is there.",
            )
        )
    if not isfinite(card.golden):
        failed.append(
            FailedCheck(
                Check.NO_REFERENCE_PREDICTION,
                "has no reference prediction on its card",
                "Whether it computes correctly on this computer cannot be checked.",
            )
        )
    return tuple(failed)


def model_warning(card: ModelCard) -> str:
    """One sentence about a model whose verdicts cannot be relied on; "" for any other.

    Args:
        card: the model's.

    Returns:
        It names a training on synthetic images, a missing test record, and an AUC whose interval includes chance.
    """
    found = {failed.check: failed.predicate for failed in failed_checks(card)}
    predicates = [found[check] for check in _SHOWN_WITH_ANSWERS if check in found]
    if not predicates:
        return ""
    return f"The model {card.id} {' and '.join(predicates)}: do not rely on its verdicts."


def difference_text(found: Interval) -> str:
    """A difference of two AUCs with three decimals, for differences are small."""
    numbers = [
        f"{round(value, 3) + 0.0:+.3f}".replace("+0.000", "0.000").replace("-", "−")
        for value in (found.value, found.low, found.high)
    ]
    if not isfinite(found.low):
        return f"{numbers[0]} (no interval)"
    return f"{numbers[0]} (95% CI {numbers[1]} to {numbers[2]})"
