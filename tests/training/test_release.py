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


@pytest.fixture(autouse=True)
def _unchecked(monkeypatch):
    """Skip the check of the weights, which has its own tests."""
    monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)


@pytest.fixture
def models(tmp_path, shipped_models):
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


def test_comparison_lists_both_models(models):
    comparison = _compare(models, "guesses")
    rows = {name: (current, candidate) for name, current, candidate in comparison.rows()}
    card = models.card(SHIPPED_MODEL)
    assert rows["Test AUC"] == (card.test.auc.text(), "0.57 (95% CI 0.52–0.62, n = 529)")
    assert rows["Sensitivity"][0] == f"{card.test.sensitivity.text()} at threshold {card.test.threshold:.2f}"
    assert rows["Sensitivity, lower threshold"][0].startswith("0.92 (82 of 89)")
    assert rows["Uncertain"][0].startswith("0.42 (95% CI ")
    assert rows["Trained on"] == ("2,415 real radiographs",) * 2
    assert rows["Dataset"][0] == card.data.name


def test_worse_model_fails_a_check(models):
    comparison = _compare(models, "guesses")
    assert comparison.pair.difference.high < 0
    assert [failed.check for failed in comparison.failed] == [Check.WORSE_THAN_IN_USE]
    assert (
        "On the 529 test images in 55 groups that both share, guesses is worse" in comparison.pair_sentence()
    )
    assert comparison.to_json()["checks_failed"].keys() == {"worse_than_in_use"}


def test_passing_model_needs_no_reason(models):
    assert not _compare(models, "equal").failed
    put_in_use(models, "equal")
    assert models.model_in_use() == "equal"
    assert models.history()[0].reason == ""


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_failing_model_needs_a_reason(models, reason):
    with pytest.raises(ModelError, match=r"fails 1 check \(worse than the model in use\): give a reason"):
        put_in_use(models, "guesses", reason)
    assert (models.model_in_use(), models.history()) == (SHIPPED_MODEL, ())


def test_reason_and_failed_checks_are_recorded(models):
    put_in_use(models, "guesses", "for a lesson")
    (change,) = models.history()
    assert (change.reason, change.checks_failed) == ("for a lesson", ("worse_than_in_use",))
    with pytest.raises(ModelError, match="shorten it to 500"):
        put_in_use(models, "equal", "x" * (LONGEST_REASON + 1))


def test_shipped_model_never_needs_a_reason(models):
    put_in_use(models, "equal")
    path = models.root / SHIPPED_MODEL / "card.json"
    replace(models.card(SHIPPED_MODEL), test=None).save(path)
    comparison = _compare(models, SHIPPED_MODEL)
    assert [failed.check for failed in comparison.failed] == [Check.NO_TEST_RECORD]
    put_in_use(models, SHIPPED_MODEL)
    assert models.model_in_use() == SHIPPED_MODEL


def test_outdated_comparison_is_repeated(models):
    comparison = _compare(models, "guesses")
    assert comparison.reason_needed
    path = models.root / "equal" / "card.json"
    before = _compare(models, "equal")
    replace(models.card("equal"), test=None).save(path)
    with pytest.raises(ModelError, match="no test record"):
        put_in_use(models, "equal", "", before)


def test_no_shared_images(models):
    card = models.card("equal")
    data = replace(card.data, name=CITATIONS["phantom"], layout="phantom")
    replace(card, data=data).save(models.root / "equal" / "card.json")
    comparison = _compare(models, "equal")
    assert comparison.pair is None
    assert "share no test images" in comparison.pair_sentence()
    assert [failed.check for failed in comparison.failed] == [Check.SYNTHETIC_TRAINING]


def test_no_predictions(models):
    (models.root / "equal" / "predictions.csv").unlink()
    comparison = _compare(models, "equal")
    assert comparison.pair is None
    assert comparison.pair_sentence().startswith("No comparison on shared test images: ")


def test_damaged_model_in_use_can_be_replaced(models):
    models.use("equal")
    (models.root / "equal" / "card.json").write_text("{")
    comparison = _compare(models, SHIPPED_MODEL)
    assert comparison.current is None
    assert "The model in use cannot be compared" in comparison.pair_sentence()
    assert all(current == "not recorded" for _, current, _ in comparison.rows())
    put_in_use(models, SHIPPED_MODEL)
    assert models.model_in_use() == SHIPPED_MODEL


def test_card_without_metrics_and_dataset(models):
    """A model added from a weights file has no metrics and no dataset."""
    card = replace(
        ModelCard.load(models.root / "equal" / "card.json"), test=None, data=None, test_states=None
    )
    replace(card, test_coverage={}).save(models.root / "equal" / "card.json")
    rows = {name: candidate for name, _, candidate in _compare(models, "equal").rows()}
    assert set(rows.values()) == {"not recorded"}
