"""The store: nothing is loaded that is not what its card says."""

import errno
import json
import os
import shutil
import threading

import numpy as np
import pytest
from filelock import FileLock

from fracture_core.errors import DataError, ModelError
from fracture_core.registry import store as module
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

WEIGHTS = "four_block.weights.h5"


def _swap_byte(path):
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(bytes(data))


def _weights_of_card(store) -> dict:
    return json.loads((store.root / "tiny" / "card.json").read_text("utf-8"))["weights"]


def test_ids_and_cards(store):
    assert store.ids() == ["tiny"]
    assert store.card("tiny").id == "tiny"
    assert ModelStore(store.root / "gone").ids() == []


@pytest.mark.parametrize("name", ["gone", "", "..", "../models/tiny", "tiny/"])
def test_an_unknown_model(store, name):
    with pytest.raises(ModelError, match=r"one of the models here \(tiny\)"):
        store.card(name)


def test_predictions(store):
    assert store.has_predictions("tiny")
    assert set(store.predictions("tiny")["split"]) == {"val", "test"}
    (store.root / "tiny" / "predictions.csv").unlink()
    assert not store.has_predictions("tiny")
    with pytest.raises(DataError, match="evaluate the model first"):
        store.predictions("tiny")


# ---- loading ----


def test_load_gives_the_network_of_the_run(store, finished):
    card, model = store.load("tiny")
    assert card.id == "tiny"
    for mine, other in zip(model.get_weights(), finished.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_altered_weights_are_refused(store):
    _swap_byte(store.root / "tiny" / WEIGHTS)
    for action in (store.load, store.verify, store.use):
        with pytest.raises(ModelError, match=f"{WEIGHTS} was changed"):
            action("tiny")


def test_missing_weights(store):
    (store.root / "tiny" / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=f"Expected weights at .*{WEIGHTS}, but there is no such file"):
        store.load("tiny")


@pytest.mark.parametrize("absolute", [True, False])
def test_weights_elsewhere_are_refused(store, edit_card, absolute):
    shutil.copy(store.root / "tiny" / WEIGHTS, store.root / WEIGHTS)
    outside = str(store.root / WEIGHTS) if absolute else f"../{WEIGHTS}"
    edit_card(weights={**_weights_of_card(store), "file": outside})
    with pytest.raises(ModelError, match="Expected the weights beside the card of tiny"):
        store.load("tiny")


def test_an_unknown_architecture(store, edit_card):
    edit_card(architecture="os")
    with pytest.raises(ModelError, match="Unknown architecture"):
        store.load("tiny")


# ---- verifying ----


def test_verify(store):
    assert store.verify("tiny") < 1e-4


@pytest.mark.parametrize("golden", [1000.0, float("nan")])
def test_another_golden_logit_is_refused(store, edit_card, golden):
    edit_card(golden=golden)
    with pytest.raises(ModelError, match="for the golden pattern, but it is off by"):
        store.verify("tiny")


# ---- the model in use ----


def _second(store, name="zeta"):
    shutil.copytree(store.root / "tiny", store.root / name)
    return name


def test_the_chosen_model_is_in_use(store):
    _second(store)
    assert store.model_in_use() == "tiny"
    store.use("zeta")
    assert store.model_in_use() == ModelStore(store.root).model_in_use() == "zeta"
    store.use("tiny")
    assert store.model_in_use() == "tiny"


def test_the_shipped_model_comes_before_any_other(store):
    _second(store, "alpha")
    _second(store, SHIPPED_MODEL)
    assert store.model_in_use() == SHIPPED_MODEL


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"model": null}', '{"model": ["tiny"]}', '{"model": "gone"}', "\x00"]
)
def test_garbage_in_the_choice(store, text):
    (store.root / "in_use.json").write_text(text)
    assert store.model_in_use() == "tiny"
    store.use("tiny")
    assert json.loads((store.root / "in_use.json").read_text()) == {"model": "tiny"}


def test_bytes_that_are_no_text(store):
    (store.root / "in_use.json").write_bytes(b"\xff\xfe\x80")
    assert store.model_in_use() == "tiny"


def test_use_is_atomic(store, monkeypatch):
    _second(store)
    store.use("tiny")

    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            store.use("zeta")
    assert store.model_in_use() == "tiny"
    assert store.ids() == ["tiny", "zeta"]


def test_a_model_that_fails_its_check_is_not_put_in_use(store, edit_card):
    _second(store)
    store.use("zeta")
    edit_card(golden=1000.0)
    with pytest.raises(ModelError):
        store.use("tiny")
    assert store.model_in_use() == "zeta"


@pytest.fixture
def unchecked(monkeypatch):
    """The check of the weights has tests of its own."""
    monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)


def test_a_model_that_is_deleted_or_replaced_while_it_is_checked_is_not_put_in_use(store, monkeypatch):
    def replaced(self, model_id):
        card = json.loads((store.root / "zeta" / "card.json").read_text("utf-8"))
        card["weights"]["sha256"] = "0" * 64
        (store.root / "zeta" / "card.json").write_text(json.dumps(card))

    for meanwhile, said in (
        (replaced, "others by now: try again"),
        (ModelStore.delete, "one of the models here"),
    ):
        _second(store)
        (store.root / "in_use.json").write_text('{"model": "tiny"}')
        monkeypatch.setattr(ModelStore, "verify", meanwhile)
        with pytest.raises(ModelError, match=said):
            store.use("zeta")
        assert json.loads((store.root / "in_use.json").read_text()) == {"model": "tiny"}
        shutil.rmtree(store.root / "zeta", ignore_errors=True)


@pytest.mark.usefixtures("unchecked")
def test_a_choice_made_while_the_model_in_use_is_renamed_counts(store, monkeypatch):
    _second(store)
    other = threading.Thread(target=lambda: ModelStore(store.root).use("zeta"))
    copytree = shutil.copytree

    def copied(*given):
        other.start()
        other.join(0.5)  # it cannot end, for it waits
        copytree(*given)

    monkeypatch.setattr(module.shutil, "copytree", copied)
    store.rename("tiny", "new")
    other.join(30)
    assert store.model_in_use() == "zeta"
    assert store.ids() == ["new", "zeta"]


@pytest.mark.usefixtures("unchecked")
def test_while_somebody_else_changes_models(store, monkeypatch):
    _second(store)
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    changes = (
        lambda: store.use("zeta"),
        lambda: store.rename("zeta", "new"),
        lambda: store.delete("zeta"),
    )
    with FileLock(store.root / ".in_use.lock"):
        for change in changes:
            with pytest.raises(ModelError, match="another process is changing them: try again"):
                change()
    assert store.ids() == ["tiny", "zeta"]


@pytest.mark.usefixtures("unchecked")
def test_a_choice_that_the_disk_refuses(store, monkeypatch):
    def full(*_given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_atomically", full)
    with pytest.raises(ModelError, match="No space left on device"):
        store.use("tiny")


def test_no_model_at_all(tmp_path):
    with pytest.raises(ModelError, match="but there is none: train one"):
        ModelStore(tmp_path).model_in_use()


# ---- adding ----


def test_add(trained, tmp_path):
    store = ModelStore(tmp_path / "new" / "models")
    assert store.add(trained.result) == "tiny"
    assert store.verify("tiny") < 1e-4
    assert [path.name for path in store.root.iterdir()] == ["tiny"]


def test_a_name_is_taken_once(store, trained):
    with pytest.raises(ModelError, match="tiny is here already"):
        store.add(trained.result)


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "..", "", ".hidden"])
def test_a_name_that_leads_elsewhere_is_refused(trained, tmp_path, name):
    result = tmp_path / "result"
    shutil.copytree(trained.result, result)
    card = json.loads((result / "card.json").read_text("utf-8"))
    (result / "card.json").write_text(json.dumps({**card, "id": name}))
    store = ModelStore(tmp_path / "models")
    with pytest.raises(ModelError, match="Expected a model name of letters"):
        store.add(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result"]


@pytest.mark.parametrize("missing", ["card.json", WEIGHTS])
def test_an_incomplete_result_is_refused(trained, tmp_path, missing):
    result = tmp_path / "result"
    shutil.copytree(trained.result, result)
    (result / missing).unlink()
    with pytest.raises(ModelError, match=missing):
        ModelStore(tmp_path / "models").add(result)
    assert not (tmp_path / "models").exists()


def test_altered_weights_are_not_taken_in(trained, tmp_path):
    result = tmp_path / "result"
    shutil.copytree(trained.result, result)
    _swap_byte(result / WEIGHTS)
    with pytest.raises(ModelError, match="was changed"):
        ModelStore(tmp_path / "models").add(result)


def test_a_half_copied_model_is_not_listed_and_does_not_block(trained, tmp_path):
    store = ModelStore(tmp_path / "models")
    leftover = store.root / ".adding-tiny"
    leftover.mkdir(parents=True)
    shutil.copy(trained.result / "card.json", leftover)
    assert store.ids() == []
    assert store.add(trained.result) == "tiny"
    assert store.ids() == ["tiny"]


def test_the_shipped_models_pass_their_checks(shipped_models):
    store = ModelStore(shipped_models)
    assert store.model_in_use() in store.ids()
    for model_id in store.ids():
        assert store.verify(model_id) < 1e-2
        assert store.predictions(model_id) is not None
