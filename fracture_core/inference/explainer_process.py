"""Heatmaps computed by tf-keras-vis in a background process, so that predictions need no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fracture_core.explain.methods import HeatmapRequest
from fracture_core.jobs.worker_process import call_in_worker, submit_to_worker
from fracture_core.registry.store import ModelStore

if TYPE_CHECKING:
    from fracture_core.explain.explainer import Explainer

Heatmaps = dict[HeatmapRequest, NDArray[np.float32]]


class ExplainerProcess:
    """Computes the heatmaps of one model in the background process.

    Args:
        store: Models on this computer.
        model_id: The model.
        sha256: Hash of its weights.
    """

    def __init__(self, store: ModelStore, model_id: str, sha256: str):
        self._model = store.root, model_id, sha256

    def start(self) -> None:
        """Start the process and load the model, without waiting for it."""
        submit_to_worker(_start, *self._model)

    def heatmaps(self, inputs: NDArray[np.float32], requests: Sequence[HeatmapRequest]) -> Heatmaps:
        """Compute heatmaps of one image; see `Explainer.heatmaps`.

        Args:
            inputs: Network input, float32 (1, height, width, channels).
            requests: Heatmaps to compute.

        Returns:
            For each request, float32 (rows, columns).

        Raises:
            ValueError: A method cannot explain the label.
            SecondLookError: The process ended before it was done.
        """
        return call_in_worker(_heatmaps, *self._model, inputs, tuple(requests))


def _start(root: Path, model_id: str, sha256: str) -> None:
    _explainer(root, model_id, sha256)


def _heatmaps(
    root: Path,
    model_id: str,
    sha256: str,
    inputs: NDArray[np.float32],
    requests: tuple[HeatmapRequest, ...],
) -> Heatmaps:
    return _explainer(root, model_id, sha256).heatmaps(inputs, requests)


@lru_cache(maxsize=2)
def _explainer(root: Path, model_id: str, sha256: str) -> Explainer:
    """Load the explainer of a model, which is kept until two others were loaded."""
    from fracture_core.zoo.quiet_keras import load_keras

    load_keras()
    from fracture_core.explain.explainer import Explainer
    from fracture_core.explain.split_model import SplitModel

    card, model = ModelStore(root).load(model_id)
    return Explainer(model, SplitModel(model, card.heatmap_layer), card.input)
