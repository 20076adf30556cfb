"""Release of a model: comparison with the model in use, release checks, and exceptions with a reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import VerdictCounts
from fracture_core.evaluation.paired import PairedComparison, compare_paired
from fracture_core.evaluation.predictions import read_predictions
from fracture_core.registry.card import ModelCard
from fracture_core.registry.release_checks import Check, FailedCheck, difference_text, failed_checks
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME, SHIPPED_MODEL, ModelStore
from fracture_core.training.comparison import shared_test_images
from fracture_core.vocabulary import Verdict, finding_with_article

#: Maximum length of a reason in characters.
LONGEST_REASON = 500

_UNKNOWN = "not recorded"


@dataclass(frozen=True)
class ReleaseComparison:
    """Comparison of a candidate model with the model in use.

    Attributes:
        candidate: Card of the candidate.
        current: Card of the model in use; None if there is none or it cannot be read.
        current_id: Id of the model in use; "" if there is none.
        pair: Comparison on shared test images, the candidate first; None if there are none.
        unpaired: Why there is no such comparison; "" if there is one.
        failed: Checks that the candidate fails.
        reason_needed: Whether a reason is required to put it in use.
    """

    candidate: ModelCard
    current: ModelCard | None
    current_id: str
    pair: PairedComparison | None
    unpaired: str
    failed: tuple[FailedCheck, ...]
    reason_needed: bool

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the compared properties: name, value of the model in use, value of the candidate."""
        current, candidate = _properties(self.current), _properties(self.candidate)
        return [(name, current[name], candidate[name]) for name in candidate]

    def pair_sentence(self) -> str:
        """Summarise the comparison on shared test images, or why there is none."""
        if self.pair is None:
            return self.unpaired
        pair = self.pair
        images = f"On the {pair.difference.n:,} test images in {pair.groups:,} groups that both share"
        aucs = f"AUC {pair.second.value:.3f} (in use) and {pair.first.value:.3f}"
        outcome = (
            "the models do not differ significantly"
            if not pair.is_significant
            else f"{self.candidate.id} is {'better' if pair.difference.value > 0 else 'worse'}"
        )
        return f"{images}, {outcome}: {aucs}, difference {difference_text(pair.difference)}."

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "candidate": self.candidate.id,
            "in_use": self.current_id or None,
            "rows": [dict(zip(("measure", "in_use", "candidate"), row, strict=True)) for row in self.rows()],
            "pair": self.pair.to_json() if self.pair else None,
            "pair_sentence": self.pair_sentence(),
            "checks_failed": {failed.check.value: failed.sentence for failed in self.failed},
            "reason_needed": self.reason_needed,
        }


def compare_with_model_in_use(store: ModelStore, folder: Path) -> ReleaseComparison:
    """Compare a model with the model in use and run the release checks.

    Args:
        store: Models on this computer.
        folder: Folder of the candidate, in the store or the result of a run.

    Returns:
        The comparison.

    Raises:
        ModelError: The card of the candidate cannot be read.
    """
    candidate = ModelCard.load(folder / CARD_NAME)
    current_id = store.model_in_use() if store.ids() else ""
    current, pair, unpaired = None, None, "There is no model in use to compare with."
    if current_id:
        try:
            current = store.card(current_id)
        except ModelError as error:
            unpaired = f"The model in use cannot be compared: {error}"
    if current is not None:
        try:
            tables = read_predictions(folder / PREDICTIONS_NAME), store.predictions(current_id)
            pair = compare_paired(shared_test_images((candidate, tables[0]), (current, tables[1])))
        except ModelError:
            unpaired = (
                "The two models share no test images, so their results were measured on different images and cannot "
                "be compared directly."
            )
        except DataError as error:
            unpaired = f"No comparison on shared test images: {error}"
    failed = failed_checks(candidate, pair.difference if pair else None)
    # The shipped model is the fallback of the app, so it never needs a reason.
    reason_needed = bool(failed) and candidate.id != SHIPPED_MODEL
    return ReleaseComparison(
        candidate, current, current_id, pair, "" if pair else unpaired, failed, reason_needed
    )


def put_in_use(
    store: ModelStore, model_id: str, reason: str = "", comparison: ReleaseComparison | None = None
) -> None:
    """Put a model in use after its release checks and record the change in the history.

    Args:
        store: Models on this computer.
        model_id: Model to put in use.
        reason: Why it is put in use although it fails a check, at most `LONGEST_REASON` characters.
        comparison: Its comparison, if already computed; it is repeated if a model has changed since.

    Raises:
        ModelError: The model is unknown, its weights do not match its card, it fails a check without a reason, or the
            reason is too long.
    """
    card, current_id = store.card(model_id), store.model_in_use()
    if model_id == current_id:
        store.use(model_id)
        return
    if comparison is None or (comparison.candidate, comparison.current_id) != (card, current_id):
        comparison = compare_with_model_in_use(store, store.root / model_id)
    check_reason(comparison, reason)
    store.use(model_id, reason, [failed.check.value for failed in comparison.failed])


def check_reason(comparison: ReleaseComparison, reason: str) -> None:
    """Check that a candidate that fails a check has a reason.

    Args:
        comparison: Comparison of the candidate.
        reason: Reason entered by the user.

    Raises:
        ModelError: The reason is missing or too long.
    """
    if len(reason) > LONGEST_REASON:
        raise ModelError(
            f"The reason has {len(reason):,} characters: shorten it to {LONGEST_REASON} or fewer."
        )
    if comparison.reason_needed and not reason.strip():
        failed = ", ".join(check_title(failed.check) for failed in comparison.failed)
        checks = f"{len(comparison.failed)} check{'s' if len(comparison.failed) > 1 else ''}"
        raise ModelError(
            f"{comparison.candidate.id} was not put in use, because it fails {checks} ({failed}): give a reason to put "
            "it in use anyway (--reason TEXT on the command line)."
        )


def check_title(name: str) -> str:
    """Return the label of a failed check in the history.

    Args:
        name: Value of a `Check`.

    Returns:
        The label; the name itself if a later version wrote it.
    """
    return _CHECK_LABELS.get(name, name)


_CHECK_LABELS: dict[str, str] = {
    Check.NO_TEST_RECORD: "no test record",
    Check.AUC_NOT_ABOVE_CHANCE: "AUC interval not above 0.5",
    Check.WORSE_THAN_IN_USE: "worse than the model in use",
    Check.SYNTHETIC_TRAINING: "trained on synthetic images",
    Check.NOT_CALIBRATED: "not calibrated",
    Check.NO_REFERENCE_PREDICTION: "no reference prediction",
}


def _properties(card: ModelCard | None) -> dict[str, str]:
    """Return the compared properties of a model by name."""
    test = card.test if card else None
    data = card.data if card else None
    return {
        "Test AUC": test.auc.text() if test else _UNKNOWN,
        "Sensitivity": f"{test.sensitivity.text()} at threshold {test.threshold:.2f}" if test else _UNKNOWN,
        "Specificity": f"{test.specificity.text()} at threshold {test.threshold:.2f}" if test else _UNKNOWN,
        "Sensitivity, lower threshold": _sensitivity_at_lower(card),
        "Specificity, upper threshold": _specificity_at_upper(card),
        "Uncertain": _uncertain(card),
        "Test images": f"{test.n:,}, {test.positives:,} with {finding_with_article(card.finding)}"
        if card and test
        else _UNKNOWN,
        "Dataset": data.name if data else _UNKNOWN,
        "Trained on": _trained_on(card),
    }


def _sensitivity_at_lower(card: ModelCard | None) -> str:
    """Format the share of positives without the verdict *no fracture seen*."""
    if card is None or card.test_states is None:
        return _UNKNOWN
    counts = card.test_states
    return _share(
        sum(counts.fracture) - counts.count(Verdict.NOT_SEEN, 1), sum(counts.fracture), card.thresholds.low
    )


def _specificity_at_upper(card: ModelCard | None) -> str:
    """Format the share of negatives without the verdict *fracture suspected*."""
    if card is None or card.test_states is None:
        return _UNKNOWN
    counts = card.test_states
    return _share(
        sum(counts.no_fracture) - counts.count(Verdict.SUSPECTED, 0),
        sum(counts.no_fracture),
        card.thresholds.high,
    )


def _share(count: int, total: int, threshold: float) -> str:
    if not total:
        return _UNKNOWN
    return f"{count / total:.2f} ({count:,} of {total:,}) at threshold {threshold:.2f}"


def _uncertain(card: ModelCard | None) -> str:
    if card and "" in card.test_coverage:
        return card.test_coverage[""].for_verdict(Verdict.UNCERTAIN)[0].text()
    counts: VerdictCounts | None = card.test_states if card else None
    n = sum(counts.fracture) + sum(counts.no_fracture) if counts else 0
    if counts is None or not n:
        return _UNKNOWN
    count = counts.count(Verdict.UNCERTAIN, 0) + counts.count(Verdict.UNCERTAIN, 1)
    return f"{count / n:.2f} ({count:,} of {n:,})"


def _trained_on(card: ModelCard | None) -> str:
    if card is None or card.data is None:
        return _UNKNOWN
    origin = {
        True: "synthetic images",
        False: "real radiographs",
        None: "images, real or synthetic not recorded",
    }[card.synthetic]
    if "train" not in card.data.counts:
        return origin
    count = sum(card.data.counts["train"])
    return f"{count:,} {origin}"
