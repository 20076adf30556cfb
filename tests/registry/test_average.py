"""Several models as one: the average of their probabilities, on the films and in the network alike."""

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
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.reference_prediction import reference_logit
from fracture_core.training.load_training_data import load_training_data
from fracture_core.zoo import find_architecture
from fracture_core.zoo.ensemble import Ensemble


def _own_logits(store, model_id: str, films, index: np.ndarray) -> np.ndarray:
    return compute_logits(store.load(model_id)[1], films.canvases, films.rows[index], films.spec)


@pytest.fixture
def pair(store, training_data):
    """The store with a second model beside `tiny`: the same network, shaken."""
    card, model = store.load("tiny")
    draw = np.random.default_rng(1)
    model.set_weights([each + draw.normal(0, 0.02, each.shape) for each in model.get_weights()])
    folder = store.root / "shaken"
    shutil.copytree(store.root / "tiny", folder)
    path = folder / card.weights.file
    model.save_weights(path)
    card = replace(
        card,
        id="shaken",
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


def test_it_averages_calibrated_probabilities(pair, training_data):
    assert add_average(pair, ["tiny", "shaken"], "both") == "both"
    index = training_data.indices_of("test")
    mean = np.mean(
        [
            pair.card(name).calibration.apply(_own_logits(pair, name, training_data, index))
            for name in ("tiny", "shaken")
        ],
        axis=0,
    )
    # The network says what the two say, and so does the table of its record.
    found = _own_logits(pair, "both", training_data, index)
    np.testing.assert_allclose(expit(found), mean, atol=1e-5)
    table = pair.predictions("both").set_index("id")
    ids = [training_data.cases[at].id for at in index]
    np.testing.assert_allclose(table.loc[ids, "logit"], logit(mean), atol=1e-3)
    assert abs(pair.verify("both")) < 1e-4


def test_its_card(pair):
    add_average(pair, ["tiny", "shaken"], "both")
    card = pair.card("both")
    assert card.architecture == "four_block+four_block"
    assert card.test is not None
    assert card.test.n == pair.card("tiny").test.n
    assert card.training["members"] == ["tiny", "shaken"]
    assert card.limits[0].startswith("It averages tiny, shaken")
    assert (pair.root / "both" / "README.md").read_text("utf-8").startswith("# Average of 2 networks")


def test_it_is_used_and_explained_as_one_model(pair, wide_film):
    add_average(pair, ["tiny", "shaken"], "both")
    pair.use("both")
    opinion = Predictor(pair).predict(wide_film)
    assert opinion.card.id == "both"
    assert 0 < opinion.probability < 1
    assert opinion.heat is not None
    assert np.isfinite(opinion.heat.grid).all()


def test_the_heatmap_of_twins_is_that_of_one(pair, wide_film):
    """Two equal members: their average moves as each does, so evidence is that of one, save for calibration."""
    shutil.copytree(pair.root / "tiny", pair.root / "twin")
    card = pair.card("tiny")
    fields = {**card.to_json(), "id": "twin", "heads": None}
    ModelCard.from_json(fields).save(pair.root / "twin" / "card.json")
    add_average(pair, ["tiny", "twin"], "both")
    one = Predictor(pair, "tiny").predict(wide_film).heat
    two = Predictor(pair, "both").predict(wide_film).heat
    np.testing.assert_allclose(two.grid, one.grid * card.calibration.slope, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("ids", "name", "said"),
    [
        (["tiny"], "both", "two to 10 different models, but got tiny"),
        (["tiny", "tiny"], "both", "two to 10 different models"),
        (["tiny", "gone"], "both", "one of the models here"),
        (["tiny", "shaken"], "tiny", "a new name"),
        (["tiny", "shaken"], "no name", "letters, digits"),
    ],
)
def test_what_is_refused(pair, ids, name, said):
    with pytest.raises(ModelError, match=said):
        add_average(pair, ids, name)
    assert pair.ids() == ["shaken", "tiny"]


def test_models_of_other_inputs_or_films_are_refused(pair, monkeypatch):
    fields = pair.card("shaken").to_json()
    other = {**fields, "input": {**fields["input"], "height": 96, "width": 96}}
    ModelCard.from_json(other).save(pair.root / "shaken" / "card.json")
    with pytest.raises(ModelError, match=r"64 × 64 px.* and shaken 96 × 96 px"):
        add_average(pair, ["tiny", "shaken"], "both")
    ModelCard.from_json(fields).save(pair.root / "shaken" / "card.json")
    split = {**fields, "data": {**fields["data"], "split_hash": "0" * 64}}
    ModelCard.from_json(split).save(pair.root / "shaken" / "card.json")
    with pytest.raises(
        ModelError, match="trained on one split of one data set, but tiny and shaken were not"
    ):
        add_average(pair, ["tiny", "shaken"], "both")
    ModelCard.from_json(fields).save(pair.root / "shaken" / "card.json")
    table = pair.predictions("shaken")
    table.assign(id=[f"other{k}" for k in range(len(table))]).to_csv(
        pair.root / "shaken" / "predictions.csv", index=False
    )
    with pytest.raises(ModelError, match="share 0 films of the split val"):
        add_average(pair, ["tiny", "shaken"], "both")


def test_networks_without_a_record_and_averages_of_averages_are_refused(pair):
    add_average(pair, ["tiny", "shaken"], "both")
    with pytest.raises(ModelError, match="both is an average itself"):
        add_average(pair, ["tiny", "both"], "more")
    fields = pair.card("shaken").to_json()
    ModelCard.from_json({**fields, "test": None}).save(pair.root / "shaken" / "card.json")
    with pytest.raises(ModelError, match="shaken has none"):
        add_average(pair, ["tiny", "shaken"], "more")


def test_networks_with_other_grids_are_refused():
    four, two = find_architecture("four_block"), find_architecture("two_block")
    with pytest.raises(
        ModelError, match=r"one grid, but they have .* \(Four-block CNN\), .* \(Two-block CNN\)"
    ):
        Ensemble.of([four, two]).build(four.input)


def test_an_average_has_no_training_films_of_its_own(pair, tiny_config, tmp_path):
    add_average(pair, ["tiny", "shaken"], "both")
    with pytest.raises(ModelError, match=r"both is an ensemble .*: choose one of its members"):
        load_training_data(pair, "both", Path(tiny_config.data), tmp_path)
