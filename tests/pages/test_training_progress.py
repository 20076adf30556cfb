"""Progress on the Train page: time left and best epoch."""

from dataclasses import replace

import pytest

from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import best_epoch
from fracture_core.runs.steps import LatestReport
from pages.components.train.training_progress import current_progress

CONFIG = TrainingConfig("/films", "mobilenet_v2", epochs=15, batch=32, head_epochs=1)

# The second of 15 epochs, a quarter done: 3,200 films an epoch at 8 a second, after 10 seconds for the first step.
NOW = LatestReport(
    epoch=2,
    epochs=15,
    step=25,
    steps=100,
    seconds=110.0,
    images_per_second=8.0,
    loss=0.5,
    memory=1,
    memory_free=1,
)


def _epochs(*losses: float | None, seconds: float = 60.0, **more) -> list[dict]:
    return [
        {"epoch": number, "val_loss": loss, "seconds": seconds, **more}
        for number, loss in enumerate(losses, 1)
    ]


@pytest.mark.parametrize("more", [{}, {"learning_rate": 1e-3}])
def test_best_epoch_has_the_lowest_validation_loss_for_any_schedule(more):
    assert best_epoch(_epochs(0.6, 0.3, 0.4, 0.5, **more), head_epochs=0)["epoch"] == 2


def test_best_epoch_of_a_head_phase_is_its_last_and_only_without_later_epochs():
    epochs = _epochs(0.2, 0.3, 0.6, 0.5, 0.7)
    assert best_epoch(epochs, head_epochs=2)["epoch"] == 4
    assert best_epoch(epochs[:2], head_epochs=2)["epoch"] == 2
    assert best_epoch(epochs, head_epochs=5)["epoch"] == 5


def test_epochs_with_nan_or_missing_loss_are_never_best():
    assert best_epoch(_epochs(float("nan"), 0.5, None), head_epochs=0)["epoch"] == 2
    assert best_epoch([], head_epochs=0) is None


def test_time_left_after_the_head_phase_is_estimated_from_the_current_epoch():
    progress = current_progress(NOW, _epochs(0.6), CONFIG)
    # 400 seconds an epoch: three quarters of this one and 13 more, not 60 seconds each.
    assert progress.seconds_left == pytest.approx(300 + 13 * 400)
    assert not progress.at_most


def test_time_left_is_a_maximum_after_a_complete_epoch_of_the_whole_network():
    now = replace(NOW, epoch=3)
    progress = current_progress(now, [*_epochs(0.6), *_epochs(0.6, 0.5, seconds=450.0)[1:]], CONFIG)
    assert progress.seconds_left == pytest.approx(450 - 110 + 12 * 450)
    assert progress.at_most
    assert current_progress(now, _epochs(0.6, 0.5, seconds=100.0), CONFIG).seconds_left == pytest.approx(
        300 + 12 * 400
    )


def test_time_left_is_not_a_maximum_during_the_head_phase():
    config = replace(CONFIG, head_epochs=2)
    assert not current_progress(NOW, _epochs(0.6), config).at_most
    assert current_progress(replace(NOW, epoch=2), _epochs(0.6, 0.5, 0.4), config).at_most


def test_first_step_alone_gives_an_estimate_from_its_own_speed():
    first = replace(NOW, step=1, seconds=10.0, images_per_second=3.2)
    assert current_progress(first, [], CONFIG).seconds_left == pytest.approx(14 * 1000 - 10)
    assert current_progress(first, _epochs(0.6), CONFIG).seconds_left == pytest.approx(50 + 13 * 60)


def test_time_left_between_two_epochs_counts_complete_epochs():
    ended = replace(NOW, step=100, seconds=410.0)
    progress = current_progress(ended, _epochs(0.6, 0.5, seconds=450.0), CONFIG)
    assert progress.seconds_left == pytest.approx(13 * 450)
    assert progress.share == pytest.approx(2 / 15)
