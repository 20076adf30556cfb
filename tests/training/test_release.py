"""Putting a model in use: the comparison, the checks, and the reason for an exception."""

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
    """The check of the weights has tests of its own."""
    monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)


@pytest.fixture
def models(tmp_path, shipped_models):
    """The shipped model, a copy that is as good, and one that guesses, all on the same test images."""
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


def test_the_comparison_states_both_models(models):
    found = _compare(models, "guesses")
    rows = {name: (current, candidate) for name, current, candidate in found.rows()}
    card = models.card(SHIPPED_MODEL)
    assert rows["Test AUC"] == (card.test.auc.text(), "0.57 (95% CI 0.52–0.62, n = 529)")
    assert rows["Sensitivity"][0] == f"{card.test.sensitivity.text()} at threshold {card.test.threshold:.2f}"
    assert rows["Sensitivity, lower threshold"][0].startswith("0.92 (82 of 89)")
    assert rows["Uncertain"][0].startswith("0.42 (95% CI ")
    assert rows["Trained on"] == ("2,415 real radiographs",) * 2
    assert rows["Dataset"][0] == card.data.name


def test_a_model_that_is_worse_on_the_shared_images_fails(models):
    found = _compare(models, "guesses")
    assert found.pair.difference.high < 0
    assert [failed.check for failed in found.failed] == [Check.WORSE_THAN_IN_USE]
    assert "On the 529 test images in 55 groups that both share, guesses is worse" in found.pair_sentence()
    assert found.to_json()["checks_failed"].keys() == {"worse_than_in_use"}


def test_a_model_that_passes_needs_no_reason(models):
    assert not _compare(models, "equal").failed
    put_in_use(models, "equal")
    assert models.model_in_use() == "equal"
    assert models.history()[0].reason == ""


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_model_that_fails_is_refused_without_a_reason(models, reason):
    with pytest.raises(ModelError, match=r"fails 1 check \(worse than the model in use\): give a reason"):
        put_in_use(models, "guesses", reason)
    assert (models.model_in_use(), models.history()) == (SHIPPED_MODEL, ())


def test_reason_and_failed_checks_are_kept(models):
    put_in_use(models, "guesses", "for a lesson")
    (change,) = models.history()
    assert (change.reason, change.checks_failed) == ("for a lesson", ("worse_than_in_use",))
    with pytest.raises(ModelError, match="shorten it to 500"):
        put_in_use(models, "equal", "x" * (LONGEST_REASON + 1))


def test_the_shipped_model_is_always_reachable(models):
    put_in_use(models, "equal")
    path = models.root / SHIPPED_MODEL / "card.json"
    replace(models.card(SHIPPED_MODEL), test=None).save(path)
    found = _compare(models, SHIPPED_MODEL)
    assert [failed.check for failed in found.failed] == [Check.NO_TEST_RECORD]
    put_in_use(models, SHIPPED_MODEL)
    assert models.model_in_use() == SHIPPED_MODEL


def test_an_outdated_comparison_is_made_again(models):
    found = _compare(models, "guesses")
    assert found.reason_needed
    path = models.root / "equal" / "card.json"
    before = _compare(models, "equal")
    replace(models.card("equal"), test=None).save(path)
    with pytest.raises(ModelError, match="no test record"):
        put_in_use(models, "equal", "", before)


def test_models_without_shared_images(models):
    card = models.card("equal")
    data = replace(card.data, name=CITATIONS["phantom"], layout="phantom")
    replace(card, data=data).save(models.root / "equal" / "card.json")
    found = _compare(models, "equal")
    assert found.pair is None
    assert "share no test images" in found.pair_sentence()
    assert [failed.check for failed in found.failed] == [Check.SYNTHETIC_TRAINING]


def test_models_without_predictions(models):
    (models.root / "equal" / "predictions.csv").unlink()
    found = _compare(models, "equal")
    assert found.pair is None
    assert found.pair_sentence().startswith("No comparison on shared test images: ")


def test_a_damaged_model_in_use_does_not_block_another(models):
    models.use("equal")
    (models.root / "equal" / "card.json").write_text("{")
    found = _compare(models, SHIPPED_MODEL)
    assert found.current is None
    assert "The model in use cannot be compared" in found.pair_sentence()
    assert all(current == "not recorded" for _, current, _ in found.rows())
    put_in_use(models, SHIPPED_MODEL)
    assert models.model_in_use() == SHIPPED_MODEL


def test_the_card_alone_is_enough(models):
    """Weights that a user loads have no record and no dataset."""
    card = replace(
        ModelCard.load(models.root / "equal" / "card.json"), test=None, data=None, test_states=None
    )
    replace(card, test_coverage={}).save(models.root / "equal" / "card.json")
    rows = {name: candidate for name, _, candidate in _compare(models, "equal").rows()}
    assert set(rows.values()) == {"not recorded"}
