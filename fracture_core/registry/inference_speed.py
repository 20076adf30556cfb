"""Measures the inference time of a model on this computer and stores the result."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.registry.card import ModelCard
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import ModelStore

_WARM_UP_ROUNDS, _ROUNDS = 3, 20


@dataclass(frozen=True)
class InferenceSpeed:
    """Time of one image's pass through the network, in milliseconds.

    Attributes:
        middle: Median.
        low: Lower quartile.
        high: Upper quartile.
    """

    middle: float
    low: float
    high: float

    def text(self) -> str:
        """Return the text shown to users, such as "14 (13–17)"."""
        return f"{self.middle:.0f} ({self.low:.0f}–{self.high:.0f})"


def measure_inference_speed(store: ModelStore, model_id: str, folder: Path) -> InferenceSpeed:
    """Measure the time of a forward pass on one thread, one image at a time, and store the result.

    Args:
        store: The model store.
        model_id: Id of the model.
        folder: Folder of the stored results.

    Returns:
        The times.

    Raises:
        ModelError: The model is unknown, incomplete or altered.
    """
    card = store.card(model_id)
    network, spec = ExportedNetwork(exported_network_path(store.root / model_id, card)), card.input
    image = np.zeros((spec.height, spec.width, spec.channels), np.float32)
    times = []
    for _ in range(_WARM_UP_ROUNDS + _ROUNDS):
        start = time.perf_counter()
        network.run(image)
        times.append(1e3 * (time.perf_counter() - start))
    low, middle, high = (float(value) for value in np.percentile(times[_WARM_UP_ROUNDS:], [25, 50, 75]))
    speed = InferenceSpeed(middle, low, high)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(_speed_path(folder, card), json.dumps({"machine": _machine_id(), **asdict(speed)}))
    return speed


def load_inference_speed(card: ModelCard, folder: Path) -> InferenceSpeed | None:
    """Load the stored result of a model on this computer.

    Args:
        card: The model card; results are stored by the hash of the weights.
        folder: Folder of the stored results.

    Returns:
        The times; None if the model was not measured on this computer.
    """
    try:
        payload = parse_json(_speed_path(folder, card).read_text(encoding="utf-8"))
        if payload.pop("machine") != _machine_id():
            return None
        return InferenceSpeed(**payload)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _speed_path(folder: Path, card: ModelCard) -> Path:
    return folder / f"{card.weights.sha256[:16]}.json"


def _machine_id() -> str:
    """Identifies this computer, because the folder may have been copied from another one."""
    return f"{platform.node()}, {platform.machine()}, {os.cpu_count()}"
