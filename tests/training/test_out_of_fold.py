"""Cross-validation folds: results, and no influence of the held-out images on the training."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs.run import Run
from fracture_core.training import loop
from fracture_core.training.out_of_fold import TABLE, predict_held_out, read_folds
from fracture_core.training.run_training import run_training
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture
from fracture_core.zoo.model_views import training_view


@pytest.fixture(scope="module")
def fold_config(tiny_config):
    """Settings of the second of two folds."""
    return replace(tiny_config, folds=2, fold=2, schedule="cosine")


@pytest.fixture(scope="module")
def finished_fold(tmp_path_factory, fold_config):
    """A finished fold."""
    run = Run.create(tmp_path_factory.mktemp("folds"), "fold-2", fold_config)
    assert run_training(run) is None
    return run


@pytest.fixture(scope="module")
def fold_data(finished_fold, fold_config):
    """The decoded images of `finished_fold`."""
    return TrainingData.load(fold_config, finished_fold.folder.parent / ".cache")


def test_finished_fold_has_no_card(finished_fold):
    assert finished_fold.state().status == "finished"
    assert finished_fold.state().message.startswith("Out-of-fold AUC of fold 2: ")
    assert {path.name for path in finished_fold.result.iterdir()} == {TABLE, "four_block.weights.h5"}


def test_table_contains_all_held_out_and_no_test_images(finished_fold, training_data, fold_data):
    table = read_folds(finished_fold.folder.parent)
    assert list(table["id"]) == sorted(fold_data.cases[at].id for at in fold_data.indices_of("val"))
    test = {training_data.cases[at].id for at in training_data.indices_of("test")}
    assert len(test) > 0
    assert not test & set(table["id"])
    assert not test & {case.id for case in fold_data.cases}
    assert set(table["fold"]) == {2}


def test_predictions_use_the_last_epoch(finished_fold, fold_config, fold_data):
    """The saved weights equal those of the latest checkpoint, rounded to half precision."""
    network = find_architecture(fold_config.architecture).build(fold_config.input)
    network.load_weights(finished_fold.result / "four_block.weights.h5")
    expected = predict_held_out(fold_data, fold_config, network).sort_values("id")
    table = read_folds(finished_fold.folder.parent)
    np.testing.assert_allclose(table["logit"], expected["logit"], rtol=1e-4, atol=1e-5)
    latest = find_architecture(fold_config.architecture).build(fold_config.input)
    training_view(latest).load_weights(
        next(finished_fold.checkpoints.glob("epoch-0002")) / "latest.weights.h5"
    )
    for saved, checkpoint in zip(
        training_view(network).get_weights(), training_view(latest).get_weights(), strict=True
    ):
        np.testing.assert_allclose(saved, checkpoint, atol=2e-3)  # rounded to half precision


def test_peaks_of_a_fracture_map(fold_data, fold_config, tiny_map_architecture):
    """Peaks of a network with a fracture map are fractions of the image."""
    keras.utils.set_random_seed(0)
    network = tiny_map_architecture.build(tiny_map_architecture.input)
    few = replace(fold_data, cases=fold_data.cases[:12], spec=tiny_map_architecture.input)
    table = predict_held_out(few, replace(fold_config, architecture=tiny_map_architecture.name), network)
    assert len(table) > 0
    for name in ("peak_x", "peak_y"):
        peaks = [float(value) for value in table[name] if value != ""]
        assert all(0 <= value <= 1 for value in peaks)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "plateau"}, "must not influence the training"),
        ({"search_trials": 2}, "must not influence the training"),
        ({"folds": 1, "fold": 1}, "One fold leaves no training images"),
        ({"fold": 3}, "Held-out fold must be from 1 to 2, but is 3"),
        ({"fold": 0}, "Held-out fold must be from 1 to 2, but is 0"),
        ({"folds": 0, "fold": 1}, "Held-out fold must be from 0 to 0, but is 1"),
        ({"crop_share": 0.5}, "Crops get their labels from fracture boxes"),
        ({"crop_min": 1.7}, "Smallest crop must be from 0.25 to 1.6, but is 1.7"),
        (
            {"region_balance": 0.5, "sampling": "over"},
            "Region balance excludes class sampling and mirrored copies",
        ),
    ],
)
def test_invalid_settings_are_refused(fold_config, changes, message):
    with pytest.raises(TrainingError, match=message):
        replace(fold_config, **changes)


def test_fold_without_an_epoch(tmp_path, fold_config):
    run = Run.create(tmp_path, "empty", fold_config)
    with pytest.raises(TrainingError, match="no completed epoch"):
        loop.load_best_model(run, fold_config)
