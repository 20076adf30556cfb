"""Model store: loading, verification, the model in use, and adding models."""

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
from fracture_core.registry.external_test import MAX_TESTS, ExternalTest
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

WEIGHTS = "four_block.weights.h5"


def _change_byte(path):
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
def test_unknown_model_is_an_error(store, name):
    with pytest.raises(ModelError, match=r"one of the models here \(tiny\)"):
        store.card(name)


def test_predictions_are_read_or_reported_missing(store):
    assert store.has_predictions("tiny")
    assert set(store.predictions("tiny")["split"]) == {"val", "test"}
    (store.root / "tiny" / "predictions.csv").unlink()
    assert not store.has_predictions("tiny")
    with pytest.raises(DataError, match="evaluate the model first"):
        store.predictions("tiny")


# ---- loading ----


def test_load_returns_the_trained_network(store, trained_network):
    card, model = store.load("tiny")
    assert card.id == "tiny"
    for loaded, trained in zip(model.get_weights(), trained_network.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, trained)


def test_changed_weights_are_an_error(store):
    _change_byte(store.root / "tiny" / WEIGHTS)
    for action in (store.load, store.verify, store.use):
        with pytest.raises(ModelError, match=f"{WEIGHTS} was changed"):
            action("tiny")


def test_missing_weights_are_an_error(store):
    (store.root / "tiny" / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=f"Weight file not found: .*{WEIGHTS}"):
        store.load("tiny")


@pytest.mark.parametrize("absolute", [True, False])
def test_weights_outside_the_folder_are_an_error(store, edit_card, absolute):
    shutil.copy(store.root / "tiny" / WEIGHTS, store.root / WEIGHTS)
    outside = str(store.root / WEIGHTS) if absolute else f"../{WEIGHTS}"
    edit_card(weights={**_weights_of_card(store), "file": outside})
    with pytest.raises(ModelError, match="The card of tiny refers to a file outside its folder"):
        store.load("tiny")


def test_unknown_architecture_is_an_error(store, edit_card):
    edit_card(architecture="os")
    with pytest.raises(ModelError, match="Unknown architecture"):
        store.load("tiny")


# ---- verifying ----


def test_verify_reproduces_the_reference_prediction(store):
    assert store.verify("tiny") < 1e-4


@pytest.mark.parametrize("golden", [1000.0, None])
def test_other_reference_logit_is_an_error(store, edit_card, golden):
    edit_card(golden=golden)
    with pytest.raises(ModelError, match="The reference prediction of tiny differs from its card by"):
        store.verify("tiny")


# ---- the model in use ----


def _copy_model(store, name="zeta"):
    shutil.copytree(store.root / "tiny", store.root / name)
    return name


def test_use_chooses_the_model_in_use(store):
    _copy_model(store)
    assert store.model_in_use() == "tiny"
    store.use("zeta")
    assert store.model_in_use() == ModelStore(store.root).model_in_use() == "zeta"
    store.use("tiny")
    assert store.model_in_use() == "tiny"


def test_shipped_model_is_the_default(store):
    _copy_model(store, "alpha")
    _copy_model(store, SHIPPED_MODEL)
    assert store.model_in_use() == SHIPPED_MODEL


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"model": null}', '{"model": ["tiny"]}', '{"model": "gone"}', "\x00"]
)
def test_damaged_file_of_the_model_in_use_is_replaced(store, text):
    (store.root / "in_use.json").write_text(text)
    assert store.model_in_use() == "tiny"
    store.use("tiny")
    assert json.loads((store.root / "in_use.json").read_text()) == {"model": "tiny"}


def test_undecodable_file_of_the_model_in_use_is_ignored(store):
    (store.root / "in_use.json").write_bytes(b"\xff\xfe\x80")
    assert store.model_in_use() == "tiny"


def test_use_is_atomic(store, monkeypatch):
    _copy_model(store)
    store.use("tiny")

    def kill(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", kill)
        with pytest.raises(KeyboardInterrupt):
            store.use("zeta")
    assert store.model_in_use() == "tiny"
    assert store.ids() == ["tiny", "zeta"]


def test_model_that_fails_verification_is_not_put_in_use(store, edit_card):
    _copy_model(store)
    store.use("zeta")
    edit_card(golden=1000.0)
    with pytest.raises(ModelError):
        store.use("tiny")
    assert store.model_in_use() == "zeta"


def test_model_deleted_or_replaced_during_verification_is_not_put_in_use(store, monkeypatch):
    def replaced(self, model_id):
        card = json.loads((store.root / "zeta" / "card.json").read_text("utf-8"))
        card["weights"]["sha256"] = "0" * 64
        (store.root / "zeta" / "card.json").write_text(json.dumps(card))

    for concurrent_change, message in (
        (replaced, "were changed during the check: try again"),
        (ModelStore.delete, "one of the models here"),
    ):
        _copy_model(store)
        (store.root / "in_use.json").write_text('{"model": "tiny"}')
        monkeypatch.setattr(ModelStore, "verify", concurrent_change)
        with pytest.raises(ModelError, match=message):
            store.use("zeta")
        assert json.loads((store.root / "in_use.json").read_text()) == {"model": "tiny"}
        shutil.rmtree(store.root / "zeta", ignore_errors=True)


@pytest.mark.usefixtures("skip_model_verification")
def test_use_waits_for_a_concurrent_rename(store, monkeypatch):
    _copy_model(store)
    other = threading.Thread(target=lambda: ModelStore(store.root).use("zeta"))
    copytree = shutil.copytree

    def copied(*args):
        other.start()
        other.join(0.5)  # it is still waiting for the lock
        copytree(*args)

    monkeypatch.setattr(module.shutil, "copytree", copied)
    store.rename("tiny", "new")
    other.join(30)
    assert store.model_in_use() == "zeta"
    assert store.ids() == ["new", "zeta"]


@pytest.mark.usefixtures("skip_model_verification")
def test_changes_fail_while_another_process_holds_the_lock(store, monkeypatch):
    _copy_model(store)
    monkeypatch.setattr(module, "_LOCK_TIMEOUT", 0.1)
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


@pytest.mark.usefixtures("skip_model_verification")
def test_disk_error_when_the_model_in_use_is_written(store, monkeypatch):
    def fail_with_full_disk(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_atomically", fail_with_full_disk)
    with pytest.raises(ModelError, match="No space left on device"):
        store.use("tiny")


def test_store_without_models(tmp_path):
    with pytest.raises(ModelError, match=r"There is no model in .*: train one"):
        ModelStore(tmp_path).model_in_use()


# ---- adding ----


def test_run_result_is_added_as_a_model(trained_run, tmp_path):
    store = ModelStore(tmp_path / "new" / "models")
    assert store.add(trained_run.result) == "tiny"
    assert store.verify("tiny") < 1e-4
    assert [path.name for path in store.root.iterdir()] == ["tiny"]


def test_taken_name_is_an_error(store, trained_run):
    with pytest.raises(ModelError, match="tiny already exists"):
        store.add(trained_run.result)


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "..", "", ".hidden"])
def test_invalid_name_in_the_card_is_an_error(trained_run, tmp_path, name):
    result = tmp_path / "result"
    shutil.copytree(trained_run.result, result)
    card = json.loads((result / "card.json").read_text("utf-8"))
    (result / "card.json").write_text(json.dumps({**card, "id": name}))
    store = ModelStore(tmp_path / "models")
    with pytest.raises(ModelError, match="Expected a model name of at most 64 letters"):
        store.add(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result"]


@pytest.mark.parametrize("missing", ["card.json", WEIGHTS])
def test_incomplete_model_folder_is_an_error(trained_run, tmp_path, missing):
    result = tmp_path / "result"
    shutil.copytree(trained_run.result, result)
    (result / missing).unlink()
    with pytest.raises(ModelError, match=missing):
        ModelStore(tmp_path / "models").add(result)
    assert not (tmp_path / "models").exists()


def test_changed_weights_are_not_added(trained_run, tmp_path):
    result = tmp_path / "result"
    shutil.copytree(trained_run.result, result)
    _change_byte(result / WEIGHTS)
    with pytest.raises(ModelError, match="was changed"):
        ModelStore(tmp_path / "models").add(result)


def test_partially_copied_model_is_ignored(trained_run, tmp_path):
    store = ModelStore(tmp_path / "models")
    leftover = store.root / ".adding-tiny"
    leftover.mkdir(parents=True)
    shutil.copy(trained_run.result / "card.json", leftover)
    assert store.ids() == []
    assert store.add(trained_run.result) == "tiny"
    assert store.ids() == ["tiny"]


def test_shipped_models_pass_verification(shipped_models):
    store = ModelStore(shipped_models)
    assert store.model_in_use() in store.ids()
    for model_id in store.ids():
        assert store.verify(model_id) < 1e-2
        assert store.predictions(model_id) is not None


def _external_test(store, name: str) -> ExternalTest:
    return ExternalTest(name, "2026-12-01", store.card("tiny").test, ("Some images are copies.",))


def test_card_keeps_external_tests_and_the_readme_shows_them(store):
    store.update_card("tiny", lambda card: card.with_external_test(_external_test(store, "Wrists | 2026")))
    store.update_card("tiny", lambda card: card.with_external_test(_external_test(store, "Legs")))
    store.update_card("tiny", lambda card: card.with_external_test(_external_test(store, "Legs")))
    assert [test.name for test in store.card("tiny").external_tests] == ["Wrists | 2026", "Legs"]
    readme = (store.root / "tiny" / "README.md").read_text("utf-8")
    assert "| Wrists / 2026 | 2026-12-01 |" in readme
    assert "- Legs: Some images are copies." in readme
    assert store.verify("tiny") < 1e-4
    store.update_card("tiny", lambda card: card.without_external_test("Legs"))
    assert [test.name for test in store.card("tiny").external_tests] == ["Wrists | 2026"]


def test_external_tests_are_limited(store):
    card = store.card("tiny")
    for number in range(MAX_TESTS):
        card = card.with_external_test(_external_test(store, str(number)))
    with pytest.raises(DataError, match="remove one of them"):
        card.with_external_test(_external_test(store, "more"))
    for name in ("", "two\nlines", "x" * 121):
        with pytest.raises(DataError, match="enter another name"):
            _external_test(store, name)


def test_card_that_cannot_be_written_stays(store, monkeypatch):
    before = (store.root / "tiny" / "card.json").read_bytes()

    def fail(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_atomically", fail)
    with pytest.raises(ModelError, match="free some space"):
        store.update_card("tiny", lambda card: card.with_external_test(_external_test(store, "Legs")))
    assert (store.root / "tiny" / "card.json").read_bytes() == before
