"""How long a model takes for a film on this computer; measured once and remembered."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fracture_core.io.atomic_write import write_atomically
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import ModelStore

_WARM, _ROUNDS = 3, 20


@dataclass(frozen=True)
class InferenceSpeed:
    """Times of one film's pass through the network, in milliseconds.

    Attributes:
        middle: the median.
        low: lower quartile.
        high: upper quartile.
    """

    middle: float
    low: float
    high: float

    def text(self) -> str:
        """As users read it, such as "14 (13–17)"."""
        return f"{self.middle:.0f} ({self.low:.0f}–{self.high:.0f})"


def measure_inference_speed(store: ModelStore, model_id: str, remembered: Path) -> InferenceSpeed:
    """Times a model's bare pass, one film at a time, and remembers it.

    Args:
        store: the models on this computer.
        model_id: one of them.
        remembered: folder of what was measured.

    Raises:
        ModelError: the model is unknown, incomplete or altered.
    """
    # Keras takes seconds to load, and what is remembered needs none of it.
    from fracture_core.zoo.model_views import logit_view

    card, model = store.load(model_id)
    network, spec = logit_view(model), card.input
    film = np.zeros((1, spec.height, spec.width, spec.channels), np.float32)
    times = []
    for _ in range(_WARM + _ROUNDS):
        began = time.perf_counter()
        network.predict_on_batch(film)
        times.append(1e3 * (time.perf_counter() - began))
    low, middle, high = (float(value) for value in np.percentile(times[_WARM:], [25, 50, 75]))
    found = InferenceSpeed(middle, low, high)
    remembered.mkdir(parents=True, exist_ok=True)
    write_atomically(_speed_path(remembered, card), json.dumps({"machine": _machine_id(), **asdict(found)}))
    return found


def load_inference_speed(card: ModelCard, remembered: Path) -> InferenceSpeed | None:
    """What was measured of these weights on this computer; None where nothing was."""
    try:
        found = json.loads(_speed_path(remembered, card).read_text(encoding="utf-8"))
        if found.pop("machine") != _machine_id():
            return None
        return InferenceSpeed(**found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _speed_path(remembered: Path, card: ModelCard) -> Path:
    return remembered / f"{card.weights.sha256[:16]}.json"


def _machine_id() -> str:
    """What tells this computer from the one that a folder was copied from."""
    return f"{platform.node()}, {platform.machine()}, {os.cpu_count()}"
