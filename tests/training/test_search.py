"""Random search over the learning rate: seeding, selection and resuming."""

import math
from dataclasses import replace

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs.run import Run
from fracture_core.runs.steps import StepHistory
from fracture_core.training import search
from fracture_core.training.progress_callback import StopRequested


@pytest.fixture
def search_config(tiny_config):
    """Settings with a search of four learning rates."""
    return replace(tiny_config, architecture="small_fcn", search_trials=4, search_epochs=1)


@pytest.fixture
def search_run(search_config, tmp_path):
    """A run with `search_config` that was not started."""
    return Run.create(tmp_path, "searched", search_config)


def test_rates_are_seeded_and_cover_the_range(search_config):
    assert search.sample_rates(search_config) == search.sample_rates(search_config)
    assert search.sample_rates(search_config) != search.sample_rates(
        replace(search_config, seed=search_config.seed + 1)
    )
    many = search.sample_rates(replace(search_config, search_trials=100))
    assert all(search.MIN_RATE <= rate <= search.MAX_RATE for rate in many)
    # Uniform on a logarithmic scale: about half lie below the geometric mean.
    assert 35 <= sum(rate < math.sqrt(search.MIN_RATE * search.MAX_RATE) for rate in many) <= 65


def test_rate_with_the_lowest_loss_is_chosen(search_config, search_run, training_data, monkeypatch):
    losses = dict(zip(search.sample_rates(search_config), (0.7, math.inf, 0.4, 0.6), strict=True))
    monkeypatch.setattr(search, "_trial_loss", lambda trial, data, config, rate: losses[rate])
    result = search.search_learning_rate(search_run, training_data, search_config)
    assert result == replace(search_config, learning_rate=search.sample_rates(search_config)[2])
    lines = [line for line in search_run.progress() if line["kind"] == "trial"]
    assert [line["val_loss"] for line in lines] == [0.7, None, 0.4, 0.6]


def test_settings_without_a_search_are_unchanged(tiny_config, search_run, training_data):
    assert search.search_learning_rate(search_run, training_data, tiny_config) is tiny_config


def test_all_trials_diverge(search_config, search_run, training_data, monkeypatch):
    monkeypatch.setattr(search, "_trial_loss", lambda *_: math.inf)
    with pytest.raises(TrainingError, match="diverged in all 4 trials"):
        search.search_learning_rate(search_run, training_data, search_config)


def test_stopped_search_continues(search_config, search_run, training_data, monkeypatch):
    rates = []
    fit = search.loop.fit

    def stop_in_second_trial(trial, data, config):
        rates.append(config.learning_rate)
        if len(rates) == 2:
            search_run.request_stop()
        return fit(trial, data, config)

    monkeypatch.setattr(search.loop, "fit", stop_in_second_trial)
    short = replace(search_config, search_trials=2)
    with pytest.raises(StopRequested):
        search.search_learning_rate(search_run, training_data, short)
    search_run.clear_stop_request()
    result = search.search_learning_rate(search_run, training_data, short)
    sampled = search.sample_rates(short)
    assert rates == [sampled[0], sampled[1], sampled[1]]
    assert result.learning_rate in sampled
    history = StepHistory.load(search_run.steps)
    assert (history.now.epochs, history.points) == (1, ())
    assert not list(search_run.folder.glob("search/*/checkpoints"))
