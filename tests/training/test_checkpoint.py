"""Checkpoints are complete or absent, and keep the weights of the lowest loss."""

import json

import keras
import numpy as np
import pytest

from fracture_core.training import checkpoint
from fracture_core.training.checkpoint import BEST_WEIGHTS, LATEST_WEIGHTS, Checkpoint


class FakeTraining:
    """A model with one weight, whose value is the number of the epoch, and the callbacks of a training."""

    def __init__(self, folder, resumed=None, patience=2):
        self.model = keras.Sequential(
            [keras.Input((1,)), keras.layers.Dense(1, use_bias=False), keras.layers.Dropout(0.5)]
        )
        self.model.compile("sgd", "mse")
        self.early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience)
        self.plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1, factor=0.5)
        self.callbacks = [self.early, self.plateau, Checkpoint(folder, self.early, self.plateau, resumed)]
        for callback in self.callbacks:
            callback.set_model(self.model)
            callback.on_train_begin()

    def epoch(self, number, val_loss, loss=1.0):
        self.model.set_weights([np.full((1, 1), float(number), np.float32)])
        for callback in self.callbacks:
            callback.on_epoch_end(number, {"val_loss": val_loss, "loss": loss})


def _weight(path) -> float:
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False), keras.layers.Dropout(0.5)]
    )
    model.load_weights(path)
    return float(model.get_weights()[0][0, 0])


def test_missing_checkpoint_is_none(tmp_path):
    assert checkpoint.latest_checkpoint(tmp_path / "checkpoints") is None


@pytest.mark.parametrize(
    ("losses", "best"),
    [([3, 2, 1], 2), ([1, 2, 3], 0), ([3, 1, 2], 1), ([2, 2, 2], 0), ([3, 1, 2, 0.5, 4], 3)],
)
def test_best_weights_have_the_lowest_validation_loss(tmp_path, losses, best):
    training = FakeTraining(tmp_path, patience=9)
    for number, loss in enumerate(losses):
        training.epoch(number, loss)
    folder, epochs = checkpoint.latest_checkpoint(tmp_path)
    assert epochs == len(losses)
    assert _weight(folder / LATEST_WEIGHTS) == len(losses) - 1
    assert _weight(folder / BEST_WEIGHTS) == best
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_state_of_the_callbacks_is_restored(tmp_path):
    one = FakeTraining(tmp_path)
    one.epoch(0, 1.0)
    one.epoch(1, 2.0)
    two = FakeTraining(tmp_path, checkpoint.latest_checkpoint(tmp_path)[0])
    assert (two.early.best, two.early.wait, two.early.best_epoch) == (1.0, 1, 0)
    assert (two.plateau.best, two.plateau.wait) == (one.plateau.best, one.plateau.wait)
    two.epoch(2, 1.5)
    assert two.model.stop_training
    assert _weight(checkpoint.latest_checkpoint(tmp_path)[0] / BEST_WEIGHTS) == 0


def test_used_up_patience_is_saved(tmp_path):
    training = FakeTraining(tmp_path)
    for number, loss in enumerate((1.0, 2.0)):
        training.epoch(number, loss)
    assert not checkpoint.is_patience_spent(checkpoint.latest_checkpoint(tmp_path)[0], 2)
    training.epoch(2, 3.0)
    assert checkpoint.is_patience_spent(checkpoint.latest_checkpoint(tmp_path)[0], 2)


def test_partial_checkpoint_of_a_killed_process_is_ignored(tmp_path):
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / LATEST_WEIGHTS).write_bytes(b"half a file")
    assert checkpoint.latest_checkpoint(tmp_path) is None
    training = FakeTraining(tmp_path)
    training.epoch(0, 1.0)
    assert _weight(checkpoint.latest_checkpoint(tmp_path)[0] / LATEST_WEIGHTS) == 0
    assert not (tmp_path / "partial").exists()


def test_process_killed_while_saving_keeps_the_previous_epoch(tmp_path, monkeypatch):
    training = FakeTraining(tmp_path)
    training.epoch(0, 1.0)

    def kill(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.shutil, "copyfile", kill)
    with pytest.raises(KeyboardInterrupt):
        training.epoch(1, 0.5)
    folder, epochs = checkpoint.latest_checkpoint(tmp_path)
    assert epochs == 1
    assert _weight(folder / BEST_WEIGHTS) == 0


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_diverged_epoch_is_not_saved(tmp_path, loss):
    training = FakeTraining(tmp_path)
    training.epoch(0, 1.0)
    training.epoch(1, loss, loss=loss)
    assert checkpoint.latest_checkpoint(tmp_path)[1] == 1


def test_random_state_of_dropout_is_restored(tmp_path):
    training = FakeTraining(tmp_path)
    dropout = training.model.layers[-1].seed_generator
    for _ in range(3):
        training.model(np.ones((1, 1)), training=True)
    state = np.array(dropout.state)
    training.epoch(4, 1.0)
    other = FakeTraining(tmp_path / "other")
    assert not np.array_equal(other.model.layers[-1].seed_generator.state, state)
    other.model.layers[-1].name = training.model.layers[-1].name
    checkpoint.restore_checkpoint(other.model, checkpoint.latest_checkpoint(tmp_path)[0])
    np.testing.assert_array_equal(other.model.layers[-1].seed_generator.state, state)
    assert float(other.model.get_weights()[0][0, 0]) == 4


def test_state_is_json(tmp_path):
    training = FakeTraining(tmp_path)
    training.epoch(0, np.float32(0.25))
    state = json.loads((checkpoint.latest_checkpoint(tmp_path)[0] / "memory.json").read_text())
    assert state["early"] == {"best": 0.25, "wait": 0, "best_epoch": 0}
    assert state["plateau"]["best"] == 0.25
