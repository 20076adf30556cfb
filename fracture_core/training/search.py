"""Random search over the learning rate (Bergstra and Bengio 2012): short trainings, the best validation loss wins."""

import json
import math
import shutil
from dataclasses import replace

import keras
from scipy.stats import loguniform
from sklearn.model_selection import ParameterSampler

from fracture_core.errors import TrainingError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.runs.steps import StepHistory
from fracture_core.training import loop
from fracture_core.training.training_data import TrainingData

#: Rates are drawn evenly on a logarithmic scale between these.
MIN_RATE, MAX_RATE = 1e-5, 3e-2


class _Trial(Run):
    """A short training below a run's folder; it stops when the run is asked to."""

    def __init__(self, parent: Run, number: int):
        super().__init__(parent.folder / "search" / f"trial-{number:02d}")
        self._parent = parent

    def is_stop_requested(self) -> bool:
        return self._parent.is_stop_requested()

    def write_steps(self, known: StepHistory) -> None:
        """Whoever watches the run sees the trial move; its curves are its own."""
        super().write_steps(known)
        self._parent.write_steps(StepHistory(known.now))


def sample_rates(config: TrainingConfig) -> list[float]:
    """The learning rates that a search tries, in order; the same config tries the same."""
    drawn = ParameterSampler(
        {"rate": loguniform(MIN_RATE, MAX_RATE)}, n_iter=config.search_trials, random_state=config.seed
    )
    return [float(f"{point['rate']:.2e}") for point in drawn]


def search_learning_rate(run: Run, films: TrainingData, config: TrainingConfig) -> TrainingConfig:
    """The config with the learning rate that a search finds; as it is where no search is asked for.

    Completed trials are kept, so that a stopped search goes on where it was. The test split is not looked at.

    Args:
        run: the run to which the search belongs.
        films: the data.
        config: its settings.

    Raises:
        TrainingError: every trial diverged.
        StopRequested: somebody asked the run to stop.
    """
    if not config.search_trials:
        return config
    tried = sample_rates(config)
    losses = []
    for number, rate in enumerate(tried, 1):
        run.set_state("running", f"Searching for a learning rate: trial {number} of {len(tried)}, {rate:g}.")
        losses.append(_loss(_Trial(run, number), films, config, rate))
        run.write_progress(
            kind="trial", trial=number, trials=len(tried), rate=rate, val_loss=_plain(losses[-1])
        )
    best = min(range(len(tried)), key=losses.__getitem__)
    if not math.isfinite(losses[best]):
        raise TrainingError(
            f"Expected a learning rate that learns, but none of {len(tried)} did: try more, or give one yourself."
        )
    run.set_state("running", f"Learning rate {tried[best]:g}, found in {len(tried)} trials.")
    return replace(config, learning_rate=tried[best])


def _loss(trial: _Trial, films: TrainingData, config: TrainingConfig, rate: float) -> float:
    """The best validation loss of a short training at one rate; infinite where it diverged."""
    done = trial.folder / "done.json"
    if done.is_file():
        found = json.loads(done.read_text(encoding="utf-8"))["val_loss"]
        return math.inf if found is None else float(found)
    trial.folder.mkdir(parents=True, exist_ok=True)
    epochs = config.search_epochs
    short = replace(
        config,
        learning_rate=rate,
        epochs=epochs,
        head_epochs=min(config.head_epochs, epochs),
        search_trials=0,
    )
    try:
        loop.fit(trial, films, short)
        loss = min(line["val_loss"] for line in trial.epochs())
    except TrainingError:  # the loss was no longer a number
        loss = math.inf
    keras.backend.clear_session()
    write_atomically(done, json.dumps({"rate": rate, "val_loss": _plain(loss)}))
    shutil.rmtree(trial.checkpoints, ignore_errors=True)
    return loss


def _plain(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
