"""How fast an architecture is on this computer: measured once in a process of its own, and kept."""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import psutil

from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs import job
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.training_speed import TrainingSpeed

_RESULT = "speed.json"

# What decides the speed of a step; all else of a config may change without another measurement.
_DECIDES = ("architecture", "batch", "freeze_before", "precision")


def machine_id() -> str:
    """What tells this computer and its software from another, in one line."""
    cores, memory = psutil.cpu_count() or 0, psutil.virtual_memory().total >> 30
    return (
        f"{platform.node()}, {platform.machine()} {platform.processor()}, {cores} cores, {memory} GB, TensorFlow "
        f"{version('tensorflow')}"
    )


class SpeedJob(job.Job):
    """A folder with the state and the result of one measurement."""

    name = "measurement"

    @classmethod
    def for_config(cls, root: Path, config: TrainingConfig) -> "SpeedJob":
        """The measurement of a training's architecture, size and batch on this computer, made or not.

        Args:
            root: where runs lie.
            config: the training.
        """
        decides = {name: getattr(config, name) for name in _DECIDES}
        decides |= {"size": config.input.width, "head": config.head_epochs > 0}
        # Pretrained networks learn less of themselves, see `loop`; which weights they have changes nothing.
        decides |= {"pretrained": bool(config.backbone_weights), "machine": machine_id()}
        key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
        return cls(root / ".speed" / key)

    def start(self, config: TrainingConfig) -> None:
        """Starts anew and returns at once.

        Raises:
            TrainingError: it or a training is at work already, or no process can be started.
        """
        self._check_alone()
        if self.state().status == "running":
            raise TrainingError("Expected no measurement at work, but there is one: wait for it.")
        size = config.input.width
        words = ["speed", config.architecture, "--size", str(size), "--batch", str(config.batch)]
        words += ["--head-epochs", str(config.head_epochs), "--freeze-before", config.freeze_before or "none"]
        words += ["--precision", config.precision]
        words += ["--pretrained"] if config.backbone_weights else []
        try:
            self._launch(words, config.architecture)
        except OSError as error:
            raise TrainingError(
                f"Expected to start a measurement, but the system said “{error.strerror}”: free memory or disk space "
                "and try again."
            ) from error

    def cancel(self) -> None:
        """Ends the measurement; nothing of it is kept."""
        self._kill()
        self.forget()

    def speed(self) -> TrainingSpeed | None:
        """What was measured; None where nothing was, or not yet."""
        try:
            return TrainingSpeed(**json.loads((self.folder / _RESULT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _check_alone(self) -> None:
        """Refuses figures that a training beside them makes too low.

        Raises:
            TrainingError: a training is at work.
        """
        other = process.active_run(self.folder.parent.parent)
        if other is not None:
            raise TrainingError(
                f"Expected no training beside a measurement, but {other.name} is being trained: measure when it is "
                "done."
            )

    def run(self, config: TrainingConfig) -> int:
        """Measures in this process and leaves the result in the folder.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        progress = self._progress_writer(config.architecture)
        self.folder.mkdir(parents=True, exist_ok=True)
        progress("Loading TensorFlow", 0, 1)
        from fracture_core.training.measure_speed import measure_training_speed

        try:
            found = measure_training_speed(config, progress)
            self._check_alone()  # a training may have begun meanwhile
            write_atomically(self.folder / _RESULT, json.dumps(asdict(found)))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=config.architecture)
            return 1
        except MemoryError:
            why = "Expected enough memory for a step, but it ran out: choose a smaller batch or input size."
            self._write_state("failed", why, data=config.architecture)
            return 1
        self._write_state("finished", data=config.architecture)
        return 0
