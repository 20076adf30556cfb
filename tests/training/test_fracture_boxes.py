"""Learning from boxes, on phantoms that have them: the map learns, and a break changes nothing."""

from dataclasses import replace

import numpy as np
import pytest

from fracture_core.phantom import PhantomSettings, write_phantom_dataset
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training import checkpoint, loop
from fracture_core.training.progress_callback import StopRequested
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER
from fracture_core.zoo.model_views import training_view


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    root = tmp_path_factory.mktemp("boxed")
    write_phantom_dataset(
        root, PhantomSettings(32, size=(96, 80), regions=("hand", "leg", "forearm"), difficulty="realistic")
    )
    return TrainingConfig(
        data=str(root),
        architecture="mobilenet_v2_map",
        size=64,
        epochs=3,
        batch=8,
        learning_rate=1e-3,
        box_weight=1.0,
        negatives=1.0,
    )


@pytest.fixture(scope="module")
def films(config, tmp_path_factory):
    return TrainingData.load(config, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def straight(config, films, tmp_path_factory):
    """A run without a break."""
    run = Run.create(tmp_path_factory.mktemp("straight"), "straight", config)
    loop.fit(run, films, config)
    return run


def test_the_loss_on_the_map_falls(straight):
    losses = [line[f"{FRACTURE_MAP_LAYER}_loss"] for line in straight.epochs()]
    assert losses[-1] < 0.8 * losses[0]


def test_progress_has_the_names_that_pages_read(straight):
    line = straight.epochs()[0]
    assert {"loss", "auc", "accuracy", "val_loss", "val_auc", "val_accuracy"} <= line.keys()
    assert line["loss"] == pytest.approx(
        line[f"{LOGIT_LAYER}_loss"] + line[f"{FRACTURE_MAP_LAYER}_loss"], rel=1e-4
    )


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(straight, config, films, tmp_path):
    """Stopped in mid-epoch: a step of the second was made and is lost."""
    run = Run.create(tmp_path, "broken", config)
    run.add_watcher(
        lambda line: run.request_stop() if (line["kind"], line["epoch"]) == ("epoch", 1) else None
    )
    with pytest.raises(StopRequested):
        loop.fit(run, films, config)
    run.clear_stop_request()
    resumed = Run(run.folder)
    loop.fit(resumed, films, config)
    one, two = (training_view(loop.load_best_model(each, config)) for each in (straight, resumed))
    for mine, other in zip(one.get_weights(), two.get_weights(), strict=True):
        assert np.abs(mine - other).max() < 1e-6
    pairs = zip(straight.epochs(), resumed.epochs(), strict=True)
    assert all(a["val_loss"] == pytest.approx(b["val_loss"], abs=1e-5) for a, b in pairs)
    assert checkpoint.latest_checkpoint(run.checkpoints)[1] == config.epochs


def test_where_the_boxes_come_to_lie(config, films):
    """Films of 80 × 96 on a canvas of 64 × 64: 53 wide, and 5 columns of padding to the left."""
    index = films.indices_of("val")
    marks = films.batches("val", config)._marks
    for position, boxes in zip(index, marks.boxes, strict=True):
        given = films.cases[position].boxes
        assert len(boxes) == len(given)
        for (left, top, right, bottom), box in zip(given, boxes, strict=True):
            expected = (5 + 53 * left, 64 * top, 5 + 53 * right, 64 * bottom)
            np.testing.assert_allclose(box, expected, atol=1e-9)


def test_boxes_that_count_for_nothing_teach_nothing(config, films):
    cells = films.batches("val", replace(config, box_weight=0.0))[0][1][FRACTURE_MAP_LAYER]
    assert (cells == -1).all()


def test_a_set_without_boxes_teaches_no_empty_map(config, films):
    bare = replace(films, cases=tuple(replace(case, boxes=()) for case in films.cases))
    assert (bare.batches("train", config)[0][1][FRACTURE_MAP_LAYER] == -1).all()


def test_a_broken_film_without_boxes_is_left_out_of_the_map(config, films):
    cases = list(films.cases)
    first = next(position for position in films.indices_of("val") if cases[position].label)
    cases[first] = replace(cases[first], boxes=())
    batches = replace(films, cases=tuple(cases)).batches("val", config)
    for position, boxes in zip(films.indices_of("val"), batches._marks.boxes, strict=True):
        assert (boxes is None) == (position == first)
