"""Background job that measures the training speed of an architecture on this computer and caches it."""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import psutil

from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs import job
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.duration_estimate import TrainingSpeed

_RESULT = "speed.json"

# Settings that determine the speed of a step; other changes need no new measurement.
_SPEED_SETTINGS = ("architecture", "batch", "freeze_before", "precision")


def machine_id() -> str:
    """Describe this computer and its TensorFlow version in one line."""
    cores, memory = psutil.cpu_count() or 0, psutil.virtual_memory().total >> 30
    return (
        f"{platform.node()}, {platform.machine()} {platform.processor()}, {cores} cores, {memory} GB, TensorFlow "
        f"{version('tensorflow')}"
    )


class SpeedJob(job.Job):
    """State and result of one measurement in a folder."""

    name = "measurement"

    @classmethod
    def for_config(cls, root: Path, config: TrainingConfig) -> "SpeedJob":
        """Return the measurement for some settings on this computer, whether it exists or not.

        Args:
            root: Folder of the runs.
            config: Settings of the training.

        Returns:
            The job.
        """
        settings = {name: getattr(config, name) for name in _SPEED_SETTINGS}
        settings |= {"size": config.input.width, "head": config.head_epochs > 0}
        # Pretrained networks train fewer layers (see `loop`), whichever weights they start from.
        settings |= {"pretrained": bool(config.backbone_weights), "machine": machine_id()}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
        return cls(root / ".speed" / key)

    def start(self, config: TrainingConfig) -> None:
        """Start a new measurement in the background.

        Args:
            config: Settings of the training.

        Raises:
            TrainingError: A measurement or a training is running, or no process can be started.
        """
        self._check_alone()
        if self.state().status == "running":
            raise TrainingError("A measurement is already running: wait for it to finish.")
        size = config.input.width
        command = ["speed", config.architecture, "--size", str(size), "--batch", str(config.batch)]
        command += [
            "--head-epochs",
            str(config.head_epochs),
            "--freeze-before",
            config.freeze_before or "none",
        ]
        command += ["--precision", config.precision]
        command += ["--pretrained"] if config.backbone_weights else []
        try:
            self._launch(command, config.architecture)
        except OSError as error:
            raise TrainingError(
                f"The measurement could not be started ({error.strerror}): free memory or disk space and try again."
            ) from error

    def cancel(self) -> None:
        """Cancel the measurement and delete its files."""
        self._kill()
        self.forget()

    def speed(self) -> TrainingSpeed | None:
        """Return the measured speed; None if there is no result."""
        try:
            return TrainingSpeed(**parse_json((self.folder / _RESULT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _check_alone(self) -> None:
        """Check that no training is running, which would slow down the measurement.

        Raises:
            TrainingError: A training is running.
        """
        other = process.active_run(self.folder.parent.parent)
        if other is not None:
            raise TrainingError(
                f"{other.name} is being trained, which would slow down the measurement: measure when it is done."
            )

    def run(self, config: TrainingConfig) -> int:
        """Measure in this process and write the result to the folder.

        Args:
            config: Settings of the training.

        Returns:
            0, or 1 if it failed; the state then contains the reason.
        """
        progress = self._progress_writer(config.architecture)
        self.folder.mkdir(parents=True, exist_ok=True)
        progress("Loading TensorFlow", 0, 1)
        from fracture_core.training.measure_speed import measure_training_speed

        try:
            speed = measure_training_speed(config, progress)
            self._check_alone()  # a training may have started in the meantime
            write_atomically(self.folder / _RESULT, json.dumps(asdict(speed)))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=config.architecture)
            return 1
        except MemoryError:
            message = "Not enough memory for one step: choose a smaller batch or input size."
            self._write_state("failed", message, data=config.architecture)
            return 1
        self._write_state("finished", data=config.architecture)
        return 0
