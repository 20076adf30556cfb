"""Random search over the learning rate (Bergstra and Bengio 2012, JMLR 13:281–305).

Short trainings are compared by their validation loss.
"""

import json
import math
import shutil
from dataclasses import replace

import keras
from scipy.stats import loguniform
from sklearn.model_selection import ParameterSampler

from fracture_core.errors import TrainingError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.runs.steps import StepHistory
from fracture_core.training import loop
from fracture_core.training.training_data import TrainingData

#: Range of learning rates, sampled uniformly on a logarithmic scale.
MIN_RATE, MAX_RATE = 1e-5, 3e-2


class _Trial(Run):
    """A short training in the folder of a run, which stops when the run is stopped."""

    def __init__(self, parent: Run, number: int):
        super().__init__(parent.folder / "search" / f"trial-{number:02d}")
        self._parent = parent

    def is_stop_requested(self) -> bool:
        return self._parent.is_stop_requested()

    def write_steps(self, history: StepHistory) -> None:
        """Write the history of the trial, and its latest report also to the run."""
        super().write_steps(history)
        self._parent.write_steps(StepHistory(history.now))


def sample_rates(config: TrainingConfig) -> list[float]:
    """Sample the learning rates of a search.

    Args:
        config: Settings with the number of trials and the seed.

    Returns:
        The learning rates in order; equal settings give equal rates.
    """
    samples = ParameterSampler(
        {"rate": loguniform(MIN_RATE, MAX_RATE)}, n_iter=config.search_trials, random_state=config.seed
    )
    return [float(f"{sample['rate']:.2e}") for sample in samples]


def search_learning_rate(run: Run, data: TrainingData, config: TrainingConfig) -> TrainingConfig:
    """Search for a learning rate, if the settings ask for it.

    Completed trials are kept, so that a stopped search can continue. The test split is not used.

    Args:
        run: Run the search belongs to.
        data: Data of the run.
        config: Settings of the run.

    Returns:
        The settings with the learning rate of the lowest validation loss.

    Raises:
        TrainingError: The loss diverged in every trial.
        StopRequested: The run was stopped.
    """
    if not config.search_trials:
        return config
    rates = sample_rates(config)
    losses = []
    for number, rate in enumerate(rates, 1):
        run.set_state("running", f"Searching for a learning rate: trial {number} of {len(rates)}, {rate:g}.")
        losses.append(_trial_loss(_Trial(run, number), data, config, rate))
        run.write_progress(
            kind="trial", trial=number, trials=len(rates), rate=rate, val_loss=_json_number(losses[-1])
        )
    best = min(range(len(rates)), key=losses.__getitem__)
    if not math.isfinite(losses[best]):
        raise TrainingError(
            f"The loss diverged in all {len(rates)} trials: run more trials, or set the learning rate yourself."
        )
    run.set_state("running", f"Learning rate {rates[best]:g}, found in {len(rates)} trials.")
    return replace(config, learning_rate=rates[best])


def _trial_loss(trial: _Trial, data: TrainingData, config: TrainingConfig, rate: float) -> float:
    """Return the lowest validation loss of a short training; infinite if it diverged."""
    done = trial.folder / "done.json"
    if done.is_file():
        loss = parse_json(done.read_text(encoding="utf-8"))["val_loss"]
        return math.inf if loss is None else float(loss)
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
        loop.fit(trial, data, short)
        loss = float(min(epoch["val_loss"] for epoch in trial.epochs()))
    except TrainingError:  # the loss diverged
        loss = math.inf
    keras.backend.clear_session()
    write_atomically(done, json.dumps({"rate": rate, "val_loss": _json_number(loss)}))
    shutil.rmtree(trial.checkpoints, ignore_errors=True)
    return float(loss)


def _json_number(loss: float) -> float | None:
    """Return None for infinity, which JSON does not support."""
    return loss if math.isfinite(loss) else None
