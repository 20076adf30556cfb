"""Training speed on this computer, and the duration of a training estimated from it."""

from dataclasses import dataclass

from fracture_core.runs.config import TrainingConfig
from fracture_core.zoo.architecture import OVERSAMPLE, UNDERSAMPLE


@dataclass(frozen=True)
class TrainingSpeed:
    """Measured speed of a training on this computer, in images per second.

    Attributes:
        trained: Speed when the whole network is trained.
        head: Speed when only the head is trained; 0 if the training has no such phase.
        judged: Speed of validation.
        parameters: Parameter count of the network at this input size.
        date: Date of the measurement, ISO 8601.
    """

    trained: float
    head: float
    judged: float
    parameters: int
    date: str


def images_per_epoch(config: TrainingConfig, without: int, broken: int) -> int:
    """Count the images in an epoch; see `Batches`.

    Args:
        config: Training settings.
        without: Training images without the finding.
        broken: Training images with the finding.

    Returns:
        The number of images, counting repetitions.

    Example:
        >>> images_per_epoch(TrainingConfig("data", "four_block", negatives=2.0), without=100, broken=20)
        60
    """
    images = without + broken
    if config.negatives:
        images = broken + min(without, round(config.negatives * broken))
    elif config.sampling == UNDERSAMPLE:
        images = 2 * min(without, broken)
    elif config.sampling == OVERSAMPLE:
        images = 2 * max(without, broken)
    return images * (2 if config.doubled else 1)


def estimate_seconds(
    config: TrainingConfig, speed: TrainingSpeed, without: int, broken: int, validation: int
) -> float:
    """Estimate the duration of a training without early stopping.

    The estimate includes a learning-rate search and excludes reading the images.

    Args:
        config: Training settings.
        speed: Speed of this architecture, input size and batch size on this computer.
        without: Training images without the finding.
        broken: Training images with the finding.
        validation: Validation images.

    Returns:
        The duration in seconds.
    """
    images = images_per_epoch(config, without, broken)
    validation_seconds = validation / speed.judged

    def duration(epochs: int) -> float:
        head = min(config.head_epochs, epochs)
        # The speed of the head is 0 if it was not measured.
        head_seconds = head * (images / speed.head + validation_seconds) if head and speed.head else 0.0
        return head_seconds + (epochs - head) * (images / speed.trained + validation_seconds)

    return duration(config.epochs) + config.search_trials * duration(config.search_epochs)
