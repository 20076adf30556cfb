"""Training of a fracture map on phantoms with boxes: loss, resuming and targets."""

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
def box_config(tmp_path_factory, tiny_map_architecture):
    """Settings of a training with boxes on 32 phantoms."""
    root = tmp_path_factory.mktemp("boxed")
    write_phantom_dataset(
        root, PhantomSettings(32, size=(96, 80), regions=("hand", "leg", "forearm"), difficulty="realistic")
    )
    return TrainingConfig(
        data=str(root),
        architecture=tiny_map_architecture.name,
        size=64,
        epochs=3,
        batch=8,
        learning_rate=5e-3,
        box_weight=1.0,
        negatives=1.0,
    )


@pytest.fixture(scope="module")
def box_training_data(box_config, tmp_path_factory):
    """The decoded images of `box_config`."""
    return TrainingData.load(box_config, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def uninterrupted_run(box_config, box_training_data, tmp_path_factory):
    """A run without an interruption."""
    run = Run.create(tmp_path_factory.mktemp("uninterrupted"), "uninterrupted", box_config)
    loop.fit(run, box_training_data, box_config)
    return run


def test_map_loss_decreases(uninterrupted_run):
    losses = [line[f"{FRACTURE_MAP_LAYER}_loss"] for line in uninterrupted_run.epochs()]
    assert losses[-1] < 0.8 * losses[0]


def test_progress_has_the_metric_names_of_the_pages(uninterrupted_run):
    line = uninterrupted_run.epochs()[0]
    assert {"loss", "auc", "accuracy", "val_loss", "val_auc", "val_accuracy"} <= line.keys()
    assert line["loss"] == pytest.approx(
        line[f"{LOGIT_LAYER}_loss"] + line[f"{FRACTURE_MAP_LAYER}_loss"], rel=1e-4
    )


def test_resumed_run_equals_an_uninterrupted_one(uninterrupted_run, box_config, box_training_data, tmp_path):
    """The run stops during the second epoch, whose first step is lost."""
    run = Run.create(tmp_path, "interrupted", box_config)
    run.add_watcher(
        lambda line: run.request_stop() if (line["kind"], line["epoch"]) == ("epoch", 1) else None
    )
    with pytest.raises(StopRequested):
        loop.fit(run, box_training_data, box_config)
    run.clear_stop_request()
    resumed = Run(run.folder)
    loop.fit(resumed, box_training_data, box_config)
    one, two = (
        training_view(loop.load_best_model(each, box_config)) for each in (uninterrupted_run, resumed)
    )
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        assert np.abs(first - second).max() < 1e-6
    pairs = zip(uninterrupted_run.epochs(), resumed.epochs(), strict=True)
    assert all(a["val_loss"] == pytest.approx(b["val_loss"], abs=1e-5) for a, b in pairs)
    assert checkpoint.latest_checkpoint(run.checkpoints)[1] == box_config.epochs


def test_boxes_in_canvas_pixels(box_config, box_training_data):
    """Images of 80 × 96 on a canvas of 64 × 64 are 53 wide, with 5 columns of padding on the left."""
    index = box_training_data.indices_of("val")
    fracture_boxes = box_training_data.batches("val", box_config)._fracture_boxes
    for position, boxes in zip(index, fracture_boxes.boxes, strict=True):
        source_boxes = box_training_data.cases[position].boxes
        assert len(boxes) == len(source_boxes)
        for (left, top, right, bottom), box in zip(source_boxes, boxes, strict=True):
            expected = (5 + 53 * left, 64 * top, 5 + 53 * right, 64 * bottom)
            np.testing.assert_allclose(box, expected, atol=1e-9)


def test_box_weight_zero_ignores_all_cells(box_config, box_training_data):
    cells = box_training_data.batches("val", replace(box_config, box_weight=0.0))[0][1][FRACTURE_MAP_LAYER]
    assert (cells == -1).all()


def test_dataset_without_boxes_ignores_all_cells(box_config, box_training_data):
    data_without_boxes = replace(
        box_training_data, cases=tuple(replace(case, boxes=()) for case in box_training_data.cases)
    )
    assert (data_without_boxes.batches("train", box_config)[0][1][FRACTURE_MAP_LAYER] == -1).all()


def test_fractured_image_without_boxes_is_ignored(box_config, box_training_data):
    cases = list(box_training_data.cases)
    first = next(position for position in box_training_data.indices_of("val") if cases[position].label)
    cases[first] = replace(cases[first], boxes=())
    batches = replace(box_training_data, cases=tuple(cases)).batches("val", box_config)
    for position, boxes in zip(
        box_training_data.indices_of("val"), batches._fracture_boxes.boxes, strict=True
    ):
        assert (boxes is None) == (position == first)
