"""Putting a model in use: its comparison with the model in use, the release checks, and the reason for an exception."""

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

#: Longest reason that is kept, in characters.
LONGEST_REASON = 500

_UNKNOWN = "not recorded"


@dataclass(frozen=True)
class ReleaseComparison:
    """A model beside the model in use.

    Attributes:
        candidate: the card of the model that may be put in use.
        current: the card of the model in use; None where there is none or it cannot be read.
        current_id: its name; "" where there is no model.
        pair: both on the test images that they share, the candidate first; None where they share none.
        unpaired: why there is no such comparison, a sentence; "" where there is one.
        failed: the checks that the candidate fails.
        reason_needed: whether it is put in use only with a reason.
    """

    candidate: ModelCard
    current: ModelCard | None
    current_id: str
    pair: PairedComparison | None
    unpaired: str
    failed: tuple[FailedCheck, ...]
    reason_needed: bool

    def rows(self) -> list[tuple[str, str, str]]:
        """What is compared: name, the model in use, the candidate."""
        sides = [_facts(card) for card in (self.current, self.candidate)]
        return [(name, sides[0][name], sides[1][name]) for name in sides[1]]

    def pair_sentence(self) -> str:
        """What the comparison on shared test images shows, or why there is none."""
        if self.pair is None:
            return self.unpaired
        found = self.pair
        where = f"On the {found.difference.n:,} test images in {found.groups:,} groups that both share"
        areas = f"AUC {found.second.value:.3f} (in use) and {found.first.value:.3f}"
        outcome = (
            "nothing shows that one of them is better"
            if not found.is_significant
            else f"{self.candidate.id} is {'better' if found.difference.value > 0 else 'worse'}"
        )
        return f"{where}, {outcome}: {areas}, difference {difference_text(found.difference)}."

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
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
    """Compares a model with the model in use and checks it.

    Args:
        store: the models on this computer.
        folder: of the model: one in the store, or the result of a run.

    Raises:
        ModelError: the model's card cannot be read.
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
                "The two models share no test images, so their figures were measured on different images and cannot "
                "be compared directly."
            )
        except DataError as error:
            unpaired = f"No comparison on shared test images: {error}"
    failed = failed_checks(candidate, pair.difference if pair else None)
    # The app falls back on the shipped model, so nothing stands in the way of it.
    needed = bool(failed) and candidate.id != SHIPPED_MODEL
    return ReleaseComparison(candidate, current, current_id, pair, "" if pair else unpaired, failed, needed)


def put_in_use(
    store: ModelStore, model_id: str, reason: str = "", found: ReleaseComparison | None = None
) -> None:
    """Puts a model in use after its release checks; the change is kept in the history.

    Args:
        store: the models on this computer.
        model_id: the model.
        reason: why it is put in use although it fails a check, at most `LONGEST_REASON` characters.
        found: its comparison, where it is known; it is made again if a model changed since.

    Raises:
        ModelError: the model is unknown, its weights are not those of its card, it fails a check and there is no
            reason, or the reason is too long.
    """
    card, current_id = store.card(model_id), store.model_in_use()
    if model_id == current_id:
        store.use(model_id)
        return
    if found is None or (found.candidate, found.current_id) != (card, current_id):
        found = compare_with_model_in_use(store, store.root / model_id)
    check_reason(found, reason)
    store.use(model_id, reason, [failed.check.value for failed in found.failed])


def check_reason(found: ReleaseComparison, reason: str) -> None:
    """Refuses a model that fails a check and comes without a reason.

    Raises:
        ModelError: the reason is missing or too long.
    """
    if len(reason) > LONGEST_REASON:
        raise ModelError(
            f"The reason has {len(reason):,} characters: shorten it to {LONGEST_REASON} or fewer."
        )
    if found.reason_needed and not reason.strip():
        failed = ", ".join(check_words(failed.check) for failed in found.failed)
        checks = f"{len(found.failed)} check{'s' if len(found.failed) > 1 else ''}"
        raise ModelError(
            f"{found.candidate.id} was not put in use, because it fails {checks} ({failed}): give a reason to put it "
            "in use all the same (--reason TEXT on the command line)."
        )


def check_words(name: str) -> str:
    """A failed check of the history in words; the name itself where a later version wrote it."""
    return _CHECK_WORDS.get(name, name)


_CHECK_WORDS: dict[str, str] = {
    Check.NO_TEST_RECORD: "no test record",
    Check.AUC_NOT_ABOVE_CHANCE: "AUC interval not above 0.5",
    Check.WORSE_THAN_IN_USE: "worse than the model in use",
    Check.SYNTHETIC_TRAINING: "trained on synthetic images",
    Check.NOT_CALIBRATED: "not calibrated",
    Check.NO_REFERENCE_PREDICTION: "no reference prediction",
}


def _facts(card: ModelCard | None) -> dict[str, str]:
    """What is known of a model, by the name of the row."""
    test = card.test if card else None
    data = card.data if card else None
    return {
        "Test AUC": test.auc.text() if test else _UNKNOWN,
        "Sensitivity": f"{test.sensitivity.text()} at threshold {test.threshold:.2f}" if test else _UNKNOWN,
        "Specificity": f"{test.specificity.text()} at threshold {test.threshold:.2f}" if test else _UNKNOWN,
        "Sensitivity, lower threshold": _at_lower(card),
        "Specificity, upper threshold": _at_upper(card),
        "Uncertain": _uncertain(card),
        "Test images": f"{test.n:,}, {test.positives:,} with {finding_with_article(card.finding)}"
        if card and test
        else _UNKNOWN,
        "Dataset": data.name if data else _UNKNOWN,
        "Trained on": _trained_on(card),
    }


def _at_lower(card: ModelCard | None) -> str:
    """Sensitivity at the lower threshold: positives that do not get *no fracture seen*."""
    if card is None or card.test_states is None:
        return _UNKNOWN
    states = card.test_states
    return _share(
        sum(states.fracture) - states.count(Verdict.NOT_SEEN, 1), sum(states.fracture), card.thresholds.low
    )


def _at_upper(card: ModelCard | None) -> str:
    """Specificity at the upper threshold: negatives that do not get *fracture suspected*."""
    if card is None or card.test_states is None:
        return _UNKNOWN
    states = card.test_states
    return _share(
        sum(states.no_fracture) - states.count(Verdict.SUSPECTED, 0),
        sum(states.no_fracture),
        card.thresholds.high,
    )


def _share(count: int, of: int, threshold: float) -> str:
    if not of:
        return _UNKNOWN
    return f"{count / of:.2f} ({count:,} of {of:,}) at threshold {threshold:.2f}"


def _uncertain(card: ModelCard | None) -> str:
    if card and "" in card.test_coverage:
        return card.test_coverage[""].for_verdict(Verdict.UNCERTAIN)[0].text()
    states: VerdictCounts | None = card.test_states if card else None
    n = sum(states.fracture) + sum(states.no_fracture) if states else 0
    if states is None or not n:
        return _UNKNOWN
    count = states.count(Verdict.UNCERTAIN, 0) + states.count(Verdict.UNCERTAIN, 1)
    return f"{count / n:.2f} ({count:,} of {n:,})"


def _trained_on(card: ModelCard | None) -> str:
    if card is None or card.data is None:
        return _UNKNOWN
    kind = {
        True: "synthetic images",
        False: "real radiographs",
        None: "images, real or synthetic not recorded",
    }[card.synthetic]
    if "train" not in card.data.counts:
        return kind
    count = sum(card.data.counts["train"])
    return f"{count:,} {kind}"
