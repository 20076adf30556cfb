"""A network exported by `network_export`, run by LiteRT."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.errors import ModelError
from fracture_core.io.discard_stderr import discard_stderr


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """What a network computes for one image. The outputs in the file have the names of the attributes.

    Attributes:
        logit: Logit of *fracture*.
        evidence: Grad-CAM heatmap in units of the logit, float32 (rows, columns), 0 or more; None if it needs a
            gradient.
        fracture_map: Logit of *fracture* in each cell, float32 (rows, columns); None for a network without a map.
        middle: Features of the middle layer, float32 (channels,); None for a network without feature layers.
        deepest: Features of the deepest layer, like `middle`.
        pooled: Features of the heatmap layer, float32 (channels,), of a network without feature layers; else None.
    """

    logit: float
    evidence: NDArray[np.float32] | None = None
    fracture_map: NDArray[np.float32] | None = None
    middle: NDArray[np.float32] | None = None
    deepest: NDArray[np.float32] | None = None
    pooled: NDArray[np.float32] | None = None


class ExportedNetwork:
    """A LiteRT network. Thread-safe; calls wait for each other.

    Args:
        path: File written by `network_export.export_network` on this computer or checked against a card's hash. LiteRT
            does not protect against a hostile file.
        threads: Threads that one call uses.

    Attributes:
        has_evidence: Whether the outputs contain a heatmap.

    Raises:
        ModelError: The file is damaged.
    """

    def __init__(self, path: Path, threads: int = 1):
        # Imported here, because it is not needed to list models.
        from ai_edge_litert.interpreter import Interpreter

        try:
            # LiteRT reports on standard error how it runs a network.
            with discard_stderr():
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
            self._run = self._interpreter.get_signature_runner()
            self._input = next(iter(self._run.get_input_details()))
            self.has_evidence = "evidence" in self._run.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{path.name} is damaged: export the network again.") from error
        self._lock = threading.Lock()

    def run(self, image: NDArray[np.float32]) -> NetworkOutput:
        """Compute the outputs for one image.

        Args:
            image: Network input, float32 (height, width, channels), from `imaging.prepare_input`.

        Returns:
            The outputs.
        """
        with self._lock:
            outputs = self._run(**{self._input: image[None]})
        # LiteRT reuses the memory of its outputs. Maps have one channel.
        arrays = {
            name: np.array(values[0, ..., 0] if values.ndim == 4 else values[0], np.float32)
            for name, values in outputs.items()
        }
        return NetworkOutput(float(arrays.pop("logit")[0]), **arrays)
