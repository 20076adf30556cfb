"""History of the model in use, and the return to the previous model."""

import json
import shutil
from dataclasses import replace

import pytest

from fracture_core.errors import ModelError
from fracture_core.registry.card import ModelCard
from fracture_core.registry.history import BACK, USE, ModelRef
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore


@pytest.fixture(autouse=True)
def _unchecked(monkeypatch):
    """Skip the verification, which has its own tests."""
    monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)


@pytest.fixture
def models(store):
    """The shipped model and three others, which differ by the hash of their weights."""
    source = store.root / "tiny"
    for number, name in enumerate((SHIPPED_MODEL, "one", "two", "three")):
        shutil.copytree(source, store.root / name)
        card = ModelCard.load(source / "card.json")
        card = replace(card, id=name, weights=replace(card.weights, sha256=str(number) * 64))
        card.save(store.root / name / "card.json")
    shutil.rmtree(source)
    return store


def test_changes_are_recorded_with_their_reason(models):
    assert models.history() == ()
    models.use("one", "for\nthe course", ["synthetic_training"])
    models.use("two")
    first, second = ModelStore(models.root).history()
    assert (first.previous, first.chosen) == (ModelRef(SHIPPED_MODEL, "0" * 64), ModelRef("one", "1" * 64))
    assert (first.action, first.reason, first.checks_failed) == (
        USE,
        "for the course",
        ("synthetic_training",),
    )
    assert (second.previous.id, second.chosen.id, second.reason) == ("one", "two", "")
    assert first.time <= second.time
    line = json.loads((models.root / "in_use.json").read_text("utf-8"))["history"][0]
    assert set(line) == {"time", "from", "to", "action", "reason", "checks_failed"}


def test_using_the_model_in_use_is_not_recorded(models):
    models.use(SHIPPED_MODEL)
    assert models.history() == ()


def test_back_returns_step_by_step(models):
    for name in ("one", "two"):
        models.use(name)
    assert models.previous() == "one"
    assert models.back() == "one" == models.model_in_use()
    assert models.history()[-1].action == BACK
    assert models.back() == SHIPPED_MODEL == models.model_in_use()
    # A second return does not undo the first, which would skip the release checks.
    assert models.previous() is None
    with pytest.raises(ModelError, match="There is no earlier model"):
        models.back()
    models.use("three")
    assert models.previous() == SHIPPED_MODEL


def test_back_without_a_history_returns_to_the_shipped_model(models):
    (models.root / "in_use.json").write_text('{"model": "one"}')
    assert models.back() == SHIPPED_MODEL


def test_renamed_model_is_found_by_its_weights(models):
    models.use("one")
    models.use("two")
    models.rename("one", "renamed")
    assert models.back() == "renamed"


def test_rename_of_the_model_in_use_keeps_the_history(models):
    models.use("one", "why")
    models.rename("one", "renamed")
    assert [change.reason for change in models.history()] == ["why"]
    assert models.back() == SHIPPED_MODEL


def test_back_to_a_deleted_model_is_an_error(models):
    models.use("one")
    models.use("two")
    models.delete("one")
    for action in (models.previous, models.back):
        with pytest.raises(ModelError, match="The previous model, one, was deleted"):
            action()
    assert models.model_in_use() == "two"
    models.use(SHIPPED_MODEL)
    assert models.model_in_use() == SHIPPED_MODEL


def test_back_to_a_replaced_model_is_an_error(models):
    models.use("one")
    models.use("two")
    path = models.root / "one" / "card.json"
    path.write_text(path.read_text("utf-8").replace("1" * 64, "9" * 64))
    with pytest.raises(ModelError, match="was replaced by another one"):
        models.back()


def test_back_to_a_damaged_model_is_an_error(models):
    models.use("one")
    models.use("two")
    (models.root / "one" / "card.json").write_text("{")
    with pytest.raises(ModelError, match="The previous model, one, cannot be put in use again"):
        models.back()
    assert models.model_in_use() == "two"


def test_back_works_while_the_model_in_use_is_damaged(models):
    models.use("one")
    (models.root / "one" / "card.json").write_text("{")
    assert models.back() == SHIPPED_MODEL
    assert models.history()[-1].previous == ModelRef("one")


def test_back_after_a_concurrent_change_is_an_error(models, monkeypatch):
    models.use("one")
    models.use("two")

    def changed(self, model_id):
        monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)
        ModelStore(models.root).use("three")
        return 0.0

    monkeypatch.setattr(ModelStore, "verify", changed)
    with pytest.raises(ModelError, match="Another user changed the model in use"):
        models.back()
    assert models.model_in_use() == "three"


@pytest.mark.parametrize("history", ["{", "[{}]", "7", '[{"time": 1}]'])
def test_damaged_history_keeps_the_model_in_use_and_a_copy(models, history):
    text = f'{{"model": "one", "history": {history}}}' if history != "{" else "{"
    path = models.root / "in_use.json"
    path.write_text(text)
    assert models.model_in_use() == ("one" if history != "{" else SHIPPED_MODEL)
    with pytest.raises(ModelError, match="is damaged"):
        models.history()
    models.use("two")
    assert [change.chosen.id for change in models.history()] == ["two"]
    (copy,) = models.root.glob("in_use.damaged-*.json")
    assert copy.read_text() == text


def test_model_in_use_and_history_change_in_one_write(models, monkeypatch):
    models.use("one")

    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            models.use("two")
    assert (models.model_in_use(), len(models.history())) == ("one", 1)


def test_model_without_a_reference_prediction_still_needs_valid_weights(store, edit_card):
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    store.use("zeta")
    edit_card(golden=None)
    store.use("tiny", "a test")
    store.use("zeta")
    path = store.root / "tiny" / "four_block.weights.h5"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="was changed"):
        store.use("tiny", "a test")
