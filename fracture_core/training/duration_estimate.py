"""How long a training will take, from what was measured here."""

from fracture_core.runs.config import TrainingConfig
from fracture_core.training.training_speed import TrainingSpeed
from fracture_core.zoo.architecture import OVERSAMPLE, UNDERSAMPLE


def images_per_epoch(config: TrainingConfig, without: int, broken: int) -> int:
    """How many films an epoch shows; see `Batches`.

    Args:
        config: the settings.
        without: training films without the finding.
        broken: training films with it.
    """
    shown = without + broken
    if config.negatives:
        shown = broken + min(without, round(config.negatives * broken))
    elif config.sampling == UNDERSAMPLE:
        shown = 2 * min(without, broken)
    elif config.sampling == OVERSAMPLE:
        shown = 2 * max(without, broken)
    return shown * (2 if config.doubled else 1)


def estimate_seconds(
    config: TrainingConfig, speed: TrainingSpeed, without: int, broken: int, validation: int
) -> float:
    """How long a training takes that is not ended early; the search for a rate included, reading the films not.

    Args:
        config: the settings.
        speed: of this architecture at this size and batch, measured here.
        without: training films without the finding.
        broken: training films with it.
        validation: films to validate on.
    """
    shown = images_per_epoch(config, without, broken)
    judged = validation / speed.judged

    def lasts(epochs: int) -> float:
        head = min(config.head_epochs, epochs)
        # Without a head phase none was measured.
        first = head * (shown / speed.head + judged) if head and speed.head else 0.0
        return first + (epochs - head) * (shown / speed.trained + judged)

    return lasts(config.epochs) + config.search_trials * lasts(config.search_epochs)
