"""Training loop: resuming, best weights, early stopping and errors."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fracture_core.errors import ImageReadError, ModelError, TrainingError
from fracture_core.imaging import raster, read_radiograph
from fracture_core.inference.score import compute_logits
from fracture_core.runs.run import Run
from fracture_core.runs.steps import StepHistory
from fracture_core.training import checkpoint, loop
from fracture_core.training.progress_callback import StopRequested
from fracture_core.training.training_data import TrainingData


@pytest.fixture
def create_run(tmp_path):
    """Function that creates a run with the given settings."""

    def create(config, name="new") -> Run:
        return Run.create(tmp_path / "runs", name, config)

    return create


@pytest.fixture
def small_config(tiny_config):
    """Settings for a network with fewer layers, for tests that do not compare with `trained`."""
    return replace(tiny_config, architecture="small_fcn")


def _assert_same(first: Path, second: Path, arrays) -> None:
    one, two = arrays(first), arrays(second)
    assert one.keys() == two.keys()
    assert any("optimizer" in name for name in one)
    for name in one:
        assert np.abs(one[name].astype(float) - two[name].astype(float)).max(initial=0) < 1e-6, name


def _stop_after(run: Run, epoch: int) -> None:
    run.add_watcher(
        lambda line: run.request_stop() if (line["kind"], line["epoch"]) == ("epoch", epoch) else None
    )


def test_resumed_run_equals_an_uninterrupted_one(
    trained_run, training_data, tiny_config, create_run, read_arrays
):
    run = create_run(tiny_config)
    _stop_after(run, 1)
    with pytest.raises(StopRequested):  # during the second epoch, whose first step is lost
        loop.fit(run, training_data, tiny_config)
    assert checkpoint.latest_checkpoint(run.checkpoints)[1] == 1
    run.clear_stop_request()
    resumed = Run(run.folder)
    best = loop.fit(resumed, training_data, tiny_config)
    uninterrupted, interrupted = (
        checkpoint.latest_checkpoint(one.checkpoints)[0] for one in (trained_run, run)
    )
    _assert_same(
        uninterrupted / checkpoint.LATEST_WEIGHTS, interrupted / checkpoint.LATEST_WEIGHTS, read_arrays
    )
    for first, second in zip(
        best.get_weights(), loop.load_best_model(trained_run, tiny_config).get_weights(), strict=True
    ):
        assert np.abs(first - second).max() < 1e-6
    states = [json.loads((folder / "memory.json").read_text()) for folder in (uninterrupted, interrupted)]
    assert states[0]["random"] == states[1]["random"]
    assert states[0]["early"] == pytest.approx(states[1]["early"], abs=1e-6)
    pairs = zip(trained_run.epochs(), run.epochs(), strict=True)
    assert all(one["val_loss"] == pytest.approx(two["val_loss"], abs=1e-6) for one, two in pairs)


def test_training_changes_the_weights(trained_run, tiny_config):
    keras.utils.set_random_seed(tiny_config.seed)
    from fracture_core.zoo import find_architecture

    untrained = find_architecture("four_block").build(tiny_config.input)
    best = loop.load_best_model(trained_run, tiny_config)
    assert not np.array_equal(untrained.get_weights()[0], best.get_weights()[0])


def test_best_weights_have_the_lowest_validation_loss(trained_run, training_data, tiny_config):
    val = training_data.indices_of("val")
    scores = compute_logits(
        loop.load_best_model(trained_run, tiny_config),
        training_data.canvases,
        training_data.rows[val],
        training_data.spec,
    )
    labels = training_data.labels(val)
    counts = np.bincount(training_data.labels(training_data.indices_of("train")), minlength=2)
    weights = (counts.sum() / (2 * counts))[labels]
    loss = float(np.mean(weights * (np.logaddexp(0, scores) - labels * scores)))
    reported = [line["val_loss"] for line in trained_run.epochs()]
    assert loss == pytest.approx(min(reported), rel=1e-3)
    assert abs(loss - max(reported)) > 2e-3 * loss  # the epochs are distinguishable


def test_training_decodes_no_image(training_data, small_config, create_run, monkeypatch):
    opened = []

    def refuse(path, *_args, **_options):
        opened.append(path)
        raise OSError

    monkeypatch.setattr(raster.Image, "open", refuse)
    with pytest.raises(ImageReadError):
        read_radiograph(training_data.cases[0].path)
    assert opened  # images are really read through the patched function
    opened.clear()
    run = create_run(small_config)
    loop.fit(run, training_data, small_config)
    assert len(run.epochs()) == 2
    assert not opened


def test_progress_reports_are_complete(trained_run, tiny_config):
    epochs = trained_run.epochs()
    assert [line["epoch"] for line in epochs] == [1, 2]
    assert {"loss", "auc", "accuracy", "val_loss", "val_auc", "val_accuracy", "seconds"} <= epochs[0].keys()
    assert {line["kind"] for line in trained_run.progress()} == {"epoch"}
    history = StepHistory.load(trained_run.steps)
    now = history.now
    assert (now.epoch, now.epochs, now.step) == (2, 2, now.steps)
    assert now.images_per_second > 0
    assert now.memory > 1e7 < now.memory_free
    assert history.points[0].step == 1


def test_patience_is_restored(training_data, tiny_config, copy_trained_run):
    """Two epochs without improvement before the interruption; the third uses up the patience."""
    run = copy_trained_run(epochs=9)
    saved = checkpoint.latest_checkpoint(run.checkpoints)[0]
    best = (saved / checkpoint.BEST_WEIGHTS).read_bytes()
    state = json.loads((saved / "memory.json").read_text())
    state["early"] = {"best": -1.0, "wait": tiny_config.patience - 1, "best_epoch": 0}
    (saved / "memory.json").write_text(json.dumps(state))
    loop.fit(run, training_data, run.config())
    assert [line["epoch"] for line in run.epochs()] == [1, 2, 3]
    assert (checkpoint.latest_checkpoint(run.checkpoints)[0] / checkpoint.BEST_WEIGHTS).read_bytes() == best


def test_run_stopped_early_is_not_continued(training_data, tiny_config, copy_trained_run):
    run = copy_trained_run(epochs=9)
    path = checkpoint.latest_checkpoint(run.checkpoints)[0] / "memory.json"
    state = json.loads(path.read_text())
    state["early"]["wait"] = tiny_config.patience
    path.write_text(json.dumps(state))
    loop.fit(run, training_data, run.config())
    assert len(run.epochs()) == 2


def test_complete_run_is_not_continued(training_data, copy_trained_run, tiny_config):
    run = copy_trained_run()
    model = loop.fit(run, training_data, tiny_config)
    assert len(run.epochs()) == 2
    for first, second in zip(
        model.get_weights(), loop.load_best_model(run, tiny_config).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(first, second)


def test_stop_request_before_the_first_epoch(training_data, small_config, create_run):
    run = create_run(small_config)
    run.request_stop()
    with pytest.raises(StopRequested):
        loop.fit(run, training_data, small_config)
    assert checkpoint.latest_checkpoint(run.checkpoints) is None
    with pytest.raises(TrainingError, match="new has no completed epoch yet"):
        loop.load_best_model(run, small_config)


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_diverged_loss_is_an_error_and_not_saved(
    training_data, small_config, create_run, monkeypatch, weight
):
    original = TrainingData.batches

    def invalid_weights(self, split, config, epoch=0):
        batches = original(self, split, config, epoch)
        if split == "train":
            batches._weights = np.full_like(batches._weights, weight)
        return batches

    monkeypatch.setattr(TrainingData, "batches", invalid_weights)
    run = create_run(small_config)
    with pytest.raises(TrainingError, match=r"loss diverged in epoch 1: .* learning rate below 0\.001"):
        loop.fit(run, training_data, small_config)
    assert checkpoint.latest_checkpoint(run.checkpoints) is None


def test_unknown_layer_to_freeze_before(training_data, tiny_config, create_run):
    config = replace(tiny_config, freeze_before="block9_conv")
    with pytest.raises(TrainingError, match="has no 'block9_conv' layer"):
        loop.fit(create_run(config), training_data, config)


def test_starting_weights_need_a_backbone(training_data, tiny_config, create_run):
    config = replace(tiny_config, backbone_weights="imagenet")
    with pytest.raises(ModelError, match="has no backbone"):
        loop.fit(create_run(config), training_data, config)


def test_head_phase_and_resuming_after_it(training_data, tiny_config, create_run, read_arrays):
    """The first epoch trains only the head; a run resumed after it equals an uninterrupted one."""
    config = replace(tiny_config, epochs=2, head_epochs=1, freeze_before="block4_conv")
    run = create_run(config)
    at_boundary = run.folder.with_name("at_boundary")

    def copy(line):
        if (line["kind"], line["epoch"]) == ("epoch", 1):
            shutil.copytree(run.folder, at_boundary)

    run.add_watcher(copy)
    loop.fit(run, training_data, config)

    keras.utils.set_random_seed(config.seed)
    from fracture_core.zoo import find_architecture

    architecture = find_architecture("four_block")
    start, head, whole = (architecture.build(config.input) for _ in range(3))
    head.load_weights(next(at_boundary.glob("checkpoints/epoch-0001")) / checkpoint.BEST_WEIGHTS)
    whole.load_weights(checkpoint.latest_checkpoint(run.checkpoints)[0] / checkpoint.LATEST_WEIGHTS)
    for layer in start.layers:
        before, middle, after = (model.get_layer(layer.name).get_weights() for model in (start, head, whole))
        if not before:
            continue
        unchanged = np.array_equal(before[0], middle[0])
        assert unchanged == (layer.name != "logit"), layer.name
        frozen = layer.name.startswith(("block1", "block2", "block3"))
        assert np.array_equal(middle[0], after[0]) == frozen, layer.name

    resumed = Run(at_boundary)
    loop.fit(resumed, training_data, config)
    _assert_same(
        checkpoint.latest_checkpoint(run.checkpoints)[0] / checkpoint.LATEST_WEIGHTS,
        checkpoint.latest_checkpoint(resumed.checkpoints)[0] / checkpoint.LATEST_WEIGHTS,
        read_arrays,
    )
    assert [line["epoch"] for line in resumed.epochs()] == [2]  # copied before the first epoch was reported
