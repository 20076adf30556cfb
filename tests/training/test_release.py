"""Release of a model: comparison, checks, and exceptions with a reason."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from fracture_core.errors import ModelError
from fracture_core.evaluation import Interval, predictions
from fracture_core.registry.card import ModelCard
from fracture_core.registry.release_checks import Check
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.training.release import LONGEST_REASON, compare_with_model_in_use, put_in_use
from fracture_core.vocabulary import CITATIONS

pytestmark = pytest.mark.usefixtures("skip_model_verification")


@pytest.fixture
def candidate_store(tmp_path, shipped_models):
    """The shipped model, an equal copy, and one with random predictions, on the same test images."""
    store = ModelStore(tmp_path / "copies")
    shutil.copytree(shipped_models / SHIPPED_MODEL, store.root / SHIPPED_MODEL)
    for name in ("equal", "guesses"):
        shutil.copytree(store.root / SHIPPED_MODEL, store.root / name)
        card = replace(store.card(SHIPPED_MODEL), id=name)
        if name == "guesses":
            table = store.predictions(SHIPPED_MODEL)
            table["probability"] = np.random.default_rng(0).permutation(table["probability"])
            predictions.write_predictions(store.root / name / "predictions.csv", table)
            card = replace(card, test=replace(card.test, auc=Interval(0.57, 0.52, 0.62, card.test.n)))
        card.save(store.root / name / "card.json")
    return store


def _compare(store, name):
    return compare_with_model_in_use(store, store.root / name)


def test_comparison_lists_both_models(candidate_store):
    comparison = _compare(candidate_store, "guesses")
    rows = {name: (current, candidate) for name, current, candidate in comparison.rows()}
    card = candidate_store.card(SHIPPED_MODEL)
    assert rows["Test AUC"] == (card.test.auc.text(), "0.57 (95% CI 0.52–0.62, n = 529)")
    assert rows["Sensitivity"][0] == f"{card.test.sensitivity.text()} at threshold {card.test.threshold:.2f}"
    assert rows["Sensitivity, lower threshold"][0].startswith("0.92 (82 of 89)")
    assert rows["Uncertain"][0].startswith("0.42 (95% CI ")
    assert rows["Trained on"] == ("2,415 real radiographs",) * 2
    assert rows["Dataset"][0] == card.data.name


def test_worse_model_fails_a_check(candidate_store):
    comparison = _compare(candidate_store, "guesses")
    assert comparison.pair.difference.high < 0
    assert [failed.check for failed in comparison.failed] == [Check.WORSE_THAN_IN_USE]
    assert (
        "On the 529 test images in 55 groups that both share, guesses is worse" in comparison.pair_sentence()
    )
    assert comparison.to_json()["checks_failed"].keys() == {"worse_than_in_use"}


def test_passing_model_needs_no_reason(candidate_store):
    assert not _compare(candidate_store, "equal").failed
    put_in_use(candidate_store, "equal")
    assert candidate_store.model_in_use() == "equal"
    assert candidate_store.history()[0].reason == ""


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_failing_model_needs_a_reason(candidate_store, reason):
    with pytest.raises(ModelError, match=r"fails 1 check \(worse than the model in use\): give a reason"):
        put_in_use(candidate_store, "guesses", reason)
    assert (candidate_store.model_in_use(), candidate_store.history()) == (SHIPPED_MODEL, ())


def test_reason_and_failed_checks_are_recorded(candidate_store):
    put_in_use(candidate_store, "guesses", "for a lesson")
    (change,) = candidate_store.history()
    assert (change.reason, change.checks_failed) == ("for a lesson", ("worse_than_in_use",))
    with pytest.raises(ModelError, match="shorten it to 500"):
        put_in_use(candidate_store, "equal", "x" * (LONGEST_REASON + 1))


def test_shipped_model_never_needs_a_reason(candidate_store):
    put_in_use(candidate_store, "equal")
    path = candidate_store.root / SHIPPED_MODEL / "card.json"
    replace(candidate_store.card(SHIPPED_MODEL), test=None).save(path)
    comparison = _compare(candidate_store, SHIPPED_MODEL)
    assert [failed.check for failed in comparison.failed] == [Check.NO_TEST_RECORD]
    put_in_use(candidate_store, SHIPPED_MODEL)
    assert candidate_store.model_in_use() == SHIPPED_MODEL


def test_outdated_comparison_is_repeated(candidate_store):
    comparison = _compare(candidate_store, "guesses")
    assert comparison.reason_needed
    path = candidate_store.root / "equal" / "card.json"
    before = _compare(candidate_store, "equal")
    replace(candidate_store.card("equal"), test=None).save(path)
    with pytest.raises(ModelError, match="no test record"):
        put_in_use(candidate_store, "equal", "", before)


def test_models_without_shared_images_are_not_compared_on_images(candidate_store):
    card = candidate_store.card("equal")
    data = replace(card.data, name=CITATIONS["phantom"], layout="phantom")
    replace(card, data=data).save(candidate_store.root / "equal" / "card.json")
    comparison = _compare(candidate_store, "equal")
    assert comparison.pair is None
    assert "share no test images" in comparison.pair_sentence()
    assert [failed.check for failed in comparison.failed] == [Check.SYNTHETIC_TRAINING]


def test_model_without_predictions_is_not_compared_on_images(candidate_store):
    (candidate_store.root / "equal" / "predictions.csv").unlink()
    comparison = _compare(candidate_store, "equal")
    assert comparison.pair is None
    assert comparison.pair_sentence().startswith("No comparison on shared test images: ")


def test_damaged_model_in_use_can_be_replaced(candidate_store):
    candidate_store.use("equal")
    (candidate_store.root / "equal" / "card.json").write_text("{")
    comparison = _compare(candidate_store, SHIPPED_MODEL)
    assert comparison.current is None
    assert "The model in use cannot be compared" in comparison.pair_sentence()
    assert all(current == "not recorded" for _, current, _ in comparison.rows())
    put_in_use(candidate_store, SHIPPED_MODEL)
    assert candidate_store.model_in_use() == SHIPPED_MODEL


def test_card_without_metrics_and_dataset(candidate_store):
    """A model added from a weights file has no metrics and no dataset."""
    card = replace(
        ModelCard.load(candidate_store.root / "equal" / "card.json"), test=None, data=None, test_states=None
    )
    replace(card, test_coverage={}).save(candidate_store.root / "equal" / "card.json")
    rows = {name: candidate for name, _, candidate in _compare(candidate_store, "equal").rows()}
    assert set(rows.values()) == {"not recorded"}
