"""Auxiliary heads of a trained network: fitting, saving, and models without heads."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
from fracture_core.errors import DataError, ModelError
from fracture_core.imaging import QualityState
from fracture_core.inference.predictor import Predictor
from fracture_core.registry.card import ModelCard
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.training import auxiliary_heads, loop
from fracture_core.zoo import find_architecture


@pytest.fixture(autouse=True)
def _low_limits(monkeypatch) -> None:
    """Numbers of images that the small dataset has."""
    monkeypatch.setattr(auxiliary_heads, "_MIN_VALIDATION", 4)
    monkeypatch.setattr(auxiliary_heads, "_NEGATIVES", 16)
    monkeypatch.setattr(auxiliary_heads, "_SYNTHETIC", 6)


@pytest.fixture
def model_folder(trained_run, tmp_path):
    """A copy of the result of `trained_run`."""
    return shutil.copytree(trained_run.result, tmp_path / "models" / "tiny")


def test_architecture_without_features_has_no_heads(trained_run, training_data, tiny_config):
    model = loop.load_best_model(trained_run, tiny_config)
    assert auxiliary_heads.fit_auxiliary_heads(model, find_architecture("four_block"), training_data) is None


def test_too_few_validation_images_give_no_heads(
    trained_run, training_data, tiny_config, four_block_with_features, monkeypatch
):
    monkeypatch.setattr(auxiliary_heads, "_MIN_VALIDATION", 100)
    model = loop.load_best_model(trained_run, tiny_config)
    assert auxiliary_heads.fit_auxiliary_heads(model, four_block_with_features, training_data) is None


def test_heads_are_saved_and_used(
    model_folder, trained_run, training_data, tiny_config, four_block_with_features, wide_film
):
    model = loop.load_best_model(trained_run, tiny_config)
    card = auxiliary_heads.add_auxiliary_heads(
        model_folder, ModelCard.load(model_folder / "card.json"), model, training_data
    )
    assert card == ModelCard.load(model_folder / "card.json")
    assert card.heads is not None
    assert card.heads.sha256 == sha256_of_file(model_folder / card.heads.file)
    # The dataset states no regions, so there is no region head.
    assert AuxiliaryHeads.load(model_folder / card.heads.file).regions is None
    assert card.heads_record.region is None
    assert card.heads_record.passed.n == len(training_data.indices_of("test"))
    assert card.heads.sha256 in (model_folder / "README.md").read_text("utf-8")

    from fracture_core.registry.store import ModelStore

    store = ModelStore(model_folder.parent)
    assert store.verify("tiny") < 1e-3
    opinion = Predictor(store, "tiny").predict(wide_film)
    assert (opinion.probability is None) == (opinion.gate.state is QualityState.REFUSE)

    (model_folder / card.heads.file).write_bytes(b"other")
    with pytest.raises(ModelError, match=r"heads\.npz was changed"):
        store.verify("tiny")


def test_fitting_is_deterministic(trained_run, training_data, tiny_config, four_block_with_features):
    model = loop.load_best_model(trained_run, tiny_config)
    (one, _), (two, _) = (
        auxiliary_heads.fit_auxiliary_heads(model, four_block_with_features, training_data) for _ in range(2)
    )
    assert np.array_equal(one.radiograph.weight, two.radiograph.weight)
    assert (one.warn, one.refuse, one.familiarity.limit) == (two.warn, two.refuse, two.familiarity.limit)


def test_refit_changes_only_the_heads(store, tiny_config, four_block_with_features, tmp_path):
    before = store.card("tiny")
    after = auxiliary_heads.refit_auxiliary_heads(store, "tiny", tiny_config.data, tmp_path / "cache")
    assert after.heads is not None
    assert replace(after, heads=None, heads_record=None, test_coverage=before.test_coverage) == before
    assert store.card("tiny") == after


def test_refit_rejects_another_dataset_and_a_model_without_training(store, edit_card, tiny_config, tmp_path):
    card = store.card("tiny").to_json()
    edit_card(data={**card["data"], "split_hash": "0" * 64})
    with pytest.raises(DataError, match="differs from the dataset and split that tiny was trained on"):
        auxiliary_heads.refit_auxiliary_heads(store, "tiny", tiny_config.data, tmp_path / "cache")
    edit_card(data=None)
    with pytest.raises(ModelError, match="was added from a weights file"):
        auxiliary_heads.refit_auxiliary_heads(store, "tiny", tiny_config.data, tmp_path / "cache")
    assert json.loads((store.root / "tiny" / "card.json").read_text("utf-8"))["heads"] is None
