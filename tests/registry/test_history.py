"""History of the model in use, and the return to the previous model."""

import json
import shutil
from dataclasses import replace

import pytest

from fracture_core.errors import ModelError
from fracture_core.registry.card import ModelCard
from fracture_core.registry.history import BACK, USE, ModelRef
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

pytestmark = pytest.mark.usefixtures("skip_model_verification")


@pytest.fixture
def store_of_four(store):
    """The shipped model and three others, which differ by the hash of their weights."""
    source = store.root / "tiny"
    for number, name in enumerate((SHIPPED_MODEL, "one", "two", "three")):
        shutil.copytree(source, store.root / name)
        card = ModelCard.load(source / "card.json")
        card = replace(card, id=name, weights=replace(card.weights, sha256=str(number) * 64))
        card.save(store.root / name / "card.json")
    shutil.rmtree(source)
    return store


def test_changes_are_recorded_with_their_reason(store_of_four):
    assert store_of_four.history() == ()
    store_of_four.use("one", "for\nthe course", ["synthetic_training"])
    store_of_four.use("two")
    first, second = ModelStore(store_of_four.root).history()
    assert (first.previous, first.chosen) == (ModelRef(SHIPPED_MODEL, "0" * 64), ModelRef("one", "1" * 64))
    assert (first.action, first.reason, first.checks_failed) == (
        USE,
        "for the course",
        ("synthetic_training",),
    )
    assert (second.previous.id, second.chosen.id, second.reason) == ("one", "two", "")
    assert first.time <= second.time
    line = json.loads((store_of_four.root / "in_use.json").read_text("utf-8"))["history"][0]
    assert set(line) == {"time", "from", "to", "action", "reason", "checks_failed"}


def test_using_the_model_in_use_is_not_recorded(store_of_four):
    store_of_four.use(SHIPPED_MODEL)
    assert store_of_four.history() == ()


def test_back_returns_step_by_step(store_of_four):
    for name in ("one", "two"):
        store_of_four.use(name)
    assert store_of_four.previous() == "one"
    assert store_of_four.restore_previous() == "one" == store_of_four.model_in_use()
    assert store_of_four.history()[-1].action == BACK
    assert store_of_four.restore_previous() == SHIPPED_MODEL == store_of_four.model_in_use()
    # A second return does not undo the first, which would skip the release checks.
    assert store_of_four.previous() is None
    with pytest.raises(ModelError, match="There is no earlier model"):
        store_of_four.restore_previous()
    store_of_four.use("three")
    assert store_of_four.previous() == SHIPPED_MODEL


def test_back_without_a_history_returns_to_the_shipped_model(store_of_four):
    (store_of_four.root / "in_use.json").write_text('{"model": "one"}')
    assert store_of_four.restore_previous() == SHIPPED_MODEL


def test_renamed_model_is_found_by_its_weights(store_of_four):
    store_of_four.use("one")
    store_of_four.use("two")
    store_of_four.rename("one", "renamed")
    assert store_of_four.restore_previous() == "renamed"


def test_rename_of_the_model_in_use_keeps_the_history(store_of_four):
    store_of_four.use("one", "why")
    store_of_four.rename("one", "renamed")
    assert [change.reason for change in store_of_four.history()] == ["why"]
    assert store_of_four.restore_previous() == SHIPPED_MODEL


def test_back_to_a_deleted_model_is_an_error(store_of_four):
    store_of_four.use("one")
    store_of_four.use("two")
    store_of_four.delete("one")
    for action in (store_of_four.previous, store_of_four.restore_previous):
        with pytest.raises(ModelError, match="The previous model, one, was deleted"):
            action()
    assert store_of_four.model_in_use() == "two"
    store_of_four.use(SHIPPED_MODEL)
    assert store_of_four.model_in_use() == SHIPPED_MODEL


def test_back_to_a_replaced_model_is_an_error(store_of_four):
    store_of_four.use("one")
    store_of_four.use("two")
    path = store_of_four.root / "one" / "card.json"
    path.write_text(path.read_text("utf-8").replace("1" * 64, "9" * 64))
    with pytest.raises(ModelError, match="was replaced by another one"):
        store_of_four.restore_previous()


def test_back_to_a_damaged_model_is_an_error(store_of_four):
    store_of_four.use("one")
    store_of_four.use("two")
    (store_of_four.root / "one" / "card.json").write_text("{")
    with pytest.raises(ModelError, match="The previous model, one, cannot be put in use again"):
        store_of_four.restore_previous()
    assert store_of_four.model_in_use() == "two"


def test_back_works_while_the_model_in_use_is_damaged(store_of_four):
    store_of_four.use("one")
    (store_of_four.root / "one" / "card.json").write_text("{")
    assert store_of_four.restore_previous() == SHIPPED_MODEL
    assert store_of_four.history()[-1].previous == ModelRef("one")


def test_back_after_a_concurrent_change_is_an_error(store_of_four, monkeypatch):
    store_of_four.use("one")
    store_of_four.use("two")

    def changed(self, model_id):
        monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)
        ModelStore(store_of_four.root).use("three")
        return 0.0

    monkeypatch.setattr(ModelStore, "verify", changed)
    with pytest.raises(ModelError, match="Another user changed the model in use"):
        store_of_four.restore_previous()
    assert store_of_four.model_in_use() == "three"


@pytest.mark.parametrize("history", ["{", "[{}]", "7", '[{"time": 1}]'])
def test_damaged_history_keeps_the_model_in_use_and_a_copy(store_of_four, history):
    text = f'{{"model": "one", "history": {history}}}' if history != "{" else "{"
    path = store_of_four.root / "in_use.json"
    path.write_text(text)
    assert store_of_four.model_in_use() == ("one" if history != "{" else SHIPPED_MODEL)
    with pytest.raises(ModelError, match="is damaged"):
        store_of_four.history()
    store_of_four.use("two")
    assert [change.chosen.id for change in store_of_four.history()] == ["two"]
    (copy,) = store_of_four.root.glob("in_use.damaged-*.json")
    assert copy.read_text() == text


def test_model_in_use_and_history_change_in_one_write(store_of_four, monkeypatch):
    store_of_four.use("one")

    def kill(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", kill)
        with pytest.raises(KeyboardInterrupt):
            store_of_four.use("two")
    assert (store_of_four.model_in_use(), len(store_of_four.history())) == ("one", 1)


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
