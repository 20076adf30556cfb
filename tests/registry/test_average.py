"""Ensembles: the average of calibrated probabilities, in the table of predictions and in the network."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from fracture_core.errors import ModelError
from fracture_core.inference.predictor import Predictor
from fracture_core.inference.score import compute_logits, prediction_table
from fracture_core.registry.average import add_average
from fracture_core.registry.card import ModelCard
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.reference_prediction import reference_logit
from fracture_core.training.load_training_data import load_training_data
from fracture_core.zoo import find_architecture
from fracture_core.zoo.ensemble import Ensemble


def _logits(store, model_id: str, training_data, index: np.ndarray) -> np.ndarray:
    return compute_logits(
        store.load(model_id)[1], training_data.canvases, training_data.rows[index], training_data.spec
    )


@pytest.fixture
def store_of_two(store, training_data):
    """A store with a second model beside `tiny`: the same network with perturbed weights."""
    card, model = store.load("tiny")
    draw = np.random.default_rng(1)
    model.set_weights([each + draw.normal(0, 0.02, each.shape) for each in model.get_weights()])
    folder = store.root / "perturbed"
    shutil.copytree(store.root / "tiny", folder)
    path = folder / card.weights.file
    model.save_weights(path)
    card = replace(
        card,
        id="perturbed",
        weights=replace(card.weights, sha256=sha256_of_file(path), bytes=path.stat().st_size),
        golden=reference_logit(model, card.input),
        calibration=replace(card.calibration, slope=0.7, intercept=0.2),
        heads=None,
    )
    card.save(folder / "card.json")
    parts = []
    for split in ("val", "test"):
        index = training_data.indices_of(split)
        scores = compute_logits(model, training_data.canvases, training_data.rows[index], training_data.spec)
        parts.append(
            prediction_table(
                [training_data.cases[at] for at in index],
                training_data.dataset.root,
                scores,
                card.calibration,
            )
        )
    pd.concat(parts).to_csv(folder / "predictions.csv", index=False)
    return store


def test_ensemble_averages_calibrated_probabilities(store_of_two, training_data):
    assert add_average(store_of_two, ["tiny", "perturbed"], "both") == "both"
    index = training_data.indices_of("test")
    mean = np.mean(
        [
            store_of_two.card(name).calibration.apply(_logits(store_of_two, name, training_data, index))
            for name in ("tiny", "perturbed")
        ],
        axis=0,
    )
    # The network and the table of predictions both contain the mean.
    logits = _logits(store_of_two, "both", training_data, index)
    np.testing.assert_allclose(expit(logits), mean, atol=1e-5)
    table = store_of_two.predictions("both").set_index("id")
    ids = [training_data.cases[at].id for at in index]
    np.testing.assert_allclose(table.loc[ids, "logit"], logit(mean), atol=1e-3)
    assert abs(store_of_two.verify("both")) < 1e-4


def test_card_of_the_ensemble(store_of_two):
    add_average(store_of_two, ["tiny", "perturbed"], "both")
    card = store_of_two.card("both")
    assert card.architecture == "four_block+four_block"
    assert card.test is not None
    assert card.test.n == store_of_two.card("tiny").test.n
    assert card.training["members"] == ["tiny", "perturbed"]
    assert card.limits[0].startswith("Average of tiny, perturbed")
    assert (store_of_two.root / "both" / "README.md").read_text("utf-8").startswith("# Average of 2 networks")


def test_ensemble_predicts_and_explains(store_of_two, wide_film):
    add_average(store_of_two, ["tiny", "perturbed"], "both")
    store_of_two.use("both")
    opinion = Predictor(store_of_two).predict(wide_film)
    assert opinion.card.id == "both"
    assert 0 < opinion.probability < 1
    assert opinion.heat is not None
    assert np.isfinite(opinion.heat.grid).all()


def test_heatmap_of_an_ensemble_of_equal_members(store_of_two, wide_film):
    """With equal members, the heatmap is that of one member times the slope of the calibration."""
    shutil.copytree(store_of_two.root / "tiny", store_of_two.root / "twin")
    card = store_of_two.card("tiny")
    fields = {**card.to_json(), "id": "twin", "heads": None}
    ModelCard.from_json(fields).save(store_of_two.root / "twin" / "card.json")
    add_average(store_of_two, ["tiny", "twin"], "both")
    single = Predictor(store_of_two, "tiny").predict(wide_film).heat
    ensemble = Predictor(store_of_two, "both").predict(wide_film).heat
    np.testing.assert_allclose(ensemble.grid, single.grid * card.calibration.slope, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("ids", "name", "message"),
    [
        (["tiny"], "both", "two to 10 different models, but got tiny"),
        (["tiny", "tiny"], "both", "two to 10 different models"),
        (["tiny", "gone"], "both", "one of the models here"),
        (["tiny", "perturbed"], "tiny", "already exists"),
        (["tiny", "perturbed"], "no name", "letters, digits"),
    ],
)
def test_invalid_members_and_names(store_of_two, ids, name, message):
    with pytest.raises(ModelError, match=message):
        add_average(store_of_two, ids, name)
    assert store_of_two.ids() == ["perturbed", "tiny"]


def test_models_with_different_inputs_or_data_are_an_error(store_of_two, monkeypatch):
    fields = store_of_two.card("perturbed").to_json()
    other = {**fields, "input": {**fields["input"], "height": 96, "width": 96}}
    ModelCard.from_json(other).save(store_of_two.root / "perturbed" / "card.json")
    with pytest.raises(ModelError, match=r"64 × 64 px.*perturbed: 96 × 96 px"):
        add_average(store_of_two, ["tiny", "perturbed"], "both")
    ModelCard.from_json(fields).save(store_of_two.root / "perturbed" / "card.json")
    split = {**fields, "data": {**fields["data"], "split_hash": "0" * 64}}
    ModelCard.from_json(split).save(store_of_two.root / "perturbed" / "card.json")
    with pytest.raises(ModelError, match="tiny and perturbed were not trained on the same split"):
        add_average(store_of_two, ["tiny", "perturbed"], "both")
    ModelCard.from_json(fields).save(store_of_two.root / "perturbed" / "card.json")
    table = store_of_two.predictions("perturbed")
    table.assign(id=[f"other{k}" for k in range(len(table))]).to_csv(
        store_of_two.root / "perturbed" / "predictions.csv", index=False
    )
    with pytest.raises(ModelError, match="share 0 images of the split val"):
        add_average(store_of_two, ["tiny", "perturbed"], "both")


def test_models_without_results_and_ensembles_cannot_be_members(store_of_two):
    add_average(store_of_two, ["tiny", "perturbed"], "both")
    with pytest.raises(ModelError, match="both is an ensemble itself"):
        add_average(store_of_two, ["tiny", "both"], "more")
    fields = store_of_two.card("perturbed").to_json()
    ModelCard.from_json({**fields, "test": None}).save(store_of_two.root / "perturbed" / "card.json")
    with pytest.raises(ModelError, match="perturbed has no test results"):
        add_average(store_of_two, ["tiny", "perturbed"], "more")


def test_networks_with_different_grids_are_an_error():
    four, two = find_architecture("four_block"), find_architecture("two_block")
    with pytest.raises(
        ModelError, match=r"differ in size \(28 × 28 \(Four-block CNN\), 109 × 109 \(Two-block CNN\)\)"
    ):
        Ensemble.of([four, two]).build(four.input)


def test_ensemble_has_no_training_images_of_its_own(store_of_two, tiny_config, tmp_path):
    add_average(store_of_two, ["tiny", "perturbed"], "both")
    with pytest.raises(
        ModelError, match="both is an ensemble and has no training data of its own: choose one of its members"
    ):
        load_training_data(store_of_two, "both", Path(tiny_config.data), tmp_path)
