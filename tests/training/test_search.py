"""The search for a learning rate: the same rates every time, the best wins, and a stopped one goes on."""

import math
from dataclasses import replace

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs.run import Run
from fracture_core.runs.steps import StepHistory
from fracture_core.training import search
from fracture_core.training.progress_callback import StopRequested


@pytest.fixture
def asked(tiny_config):
    return replace(tiny_config, search_trials=4, search_epochs=1)


@pytest.fixture
def run(asked, tmp_path):
    return Run.create(tmp_path, "searched", asked)


def test_rates_are_seeded_and_span_the_range(asked):
    assert search.sample_rates(asked) == search.sample_rates(asked)
    assert search.sample_rates(asked) != search.sample_rates(replace(asked, seed=asked.seed + 1))
    many = search.sample_rates(replace(asked, search_trials=100))
    assert all(search.MIN_RATE <= rate <= search.MAX_RATE for rate in many)
    # Evenly on a logarithmic scale: about half lie below the geometric mean.
    assert 35 <= sum(rate < math.sqrt(search.MIN_RATE * search.MAX_RATE) for rate in many) <= 65


def test_the_rate_with_the_lowest_loss_is_taken(asked, run, training_data, monkeypatch):
    losses = dict(zip(search.sample_rates(asked), (0.7, math.inf, 0.4, 0.6), strict=True))
    monkeypatch.setattr(search, "_loss", lambda trial, films, config, rate: losses[rate])
    found = search.search_learning_rate(run, training_data, asked)
    assert found == replace(asked, learning_rate=search.sample_rates(asked)[2])
    lines = [line for line in run.progress() if line["kind"] == "trial"]
    assert [line["val_loss"] for line in lines] == [0.7, None, 0.4, 0.6]


def test_without_a_search_nothing_changes(tiny_config, run, training_data):
    assert search.search_learning_rate(run, training_data, tiny_config) is tiny_config


def test_when_every_trial_diverges(asked, run, training_data, monkeypatch):
    monkeypatch.setattr(search, "_loss", lambda *_: math.inf)
    with pytest.raises(TrainingError, match="none of 4 did"):
        search.search_learning_rate(run, training_data, asked)


def test_a_real_search_that_is_stopped_goes_on_where_it_was(asked, run, training_data, monkeypatch):
    fitted = []
    fit = search.loop.fit

    def counted(trial, films, config):
        fitted.append(config.learning_rate)
        if len(fitted) == 2:
            run.request_stop()
        return fit(trial, training_data, config)

    monkeypatch.setattr(search.loop, "fit", counted)
    short = replace(asked, search_trials=2)
    with pytest.raises(StopRequested):
        search.search_learning_rate(run, training_data, short)
    run.clear_stop_request()
    found = search.search_learning_rate(run, training_data, short)
    tried = search.sample_rates(short)
    assert fitted == [tried[0], tried[1], tried[1]]
    assert found.learning_rate in tried
    known = StepHistory.load(run.steps)
    assert (known.now.epochs, known.points) == (1, ())
    assert not list(run.folder.glob("search/*/checkpoints"))
