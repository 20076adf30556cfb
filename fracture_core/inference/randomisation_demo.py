"""Heatmaps of a synthetic radiograph while the weights of the network become random, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.explain.methods import HEATMAP_METHODS
from fracture_core.imaging import LetterboxTransform, blend_heatmap, letterbox
from fracture_core.jobs.worker_process import call_in_worker
from fracture_core.phantom import draw_phantom
from fracture_core.registry.store import ModelStore

# The synthetic radiograph: a fractured leg.
_REGION, _SEED = "leg", 1

# Opacity of the heatmap on the image, 0–1.
_OPACITY = 0.6

# Longer side of the image on the screen, in pixels.
_SIDE = 320


@dataclass(frozen=True, eq=False)
class RandomisationDemo:
    """One synthetic radiograph with its heatmaps.

    Attributes:
        image: grey values, float32 (height, width), 0–1.
        heatmaps: by method, one for each of `randomisation_steps.STEP_TITLES`: float32 (height, width), scaled to a
            maximum of 1; all 0 without evidence.
    """

    image: NDArray[np.float32]
    heatmaps: dict[str, list[NDArray[np.float32]]]

    def picture(self) -> NDArray[np.uint8]:
        """Return the image without a heatmap, uint8 (height, width)."""
        return np.asarray(np.rint(self.image * 255), np.uint8)

    def overlay(self, method: str, step: int) -> NDArray[np.uint8]:
        """Return the image with a heatmap, RGB, uint8 (height, width, 3).

        Args:
            method: name of the method.
            step: position in `randomisation_steps.STEP_TITLES`.
        """
        return blend_heatmap(self.image, self.heatmaps[method][step], _OPACITY)

    def has_evidence(self, method: str, step: int) -> bool:
        """Whether the heatmap of a step is not all 0."""
        return bool(self.heatmaps[method][step].max() > 0)


def compute_randomisation_demo(store: ModelStore, model_id: str) -> RandomisationDemo:
    """Compute the heatmaps in the background process; methods that take seconds are left out.

    Args:
        store: models on this computer.
        model_id: the model.

    Returns:
        The image and its heatmaps.

    Raises:
        ModelError: The model is unknown or was changed.
        SecondLookError: The process ended before it was done.
    """
    spec = store.card(model_id).input
    phantom = draw_phantom(_SEED, _REGION, fracture=True)
    pixels = phantom.pixels.astype(np.float32) / np.float32(255)
    canvas, _ = letterbox(pixels, spec.height, spec.width)
    grids = call_in_worker(_compute, store.root, model_id, canvas)
    height, width = pixels.shape
    size = round(height * _SIDE / max(height, width)), round(width * _SIDE / max(height, width))
    transform = LetterboxTransform.fit(size, (spec.height, spec.width))
    small, _ = letterbox(pixels, *size)
    return RandomisationDemo(
        small.astype(np.float32) / np.float32(255),
        {name: [_scaled(transform.to_source(grid)) for grid in steps] for name, steps in grids.items()},
    )


def _compute(root: Path, model_id: str, canvas: NDArray[np.uint8]) -> dict[str, list[NDArray[np.float32]]]:
    """Load the model anew, because its weights are replaced, and compute the heatmaps of all steps."""
    from fracture_core.zoo.quiet_keras import load_keras

    load_keras()
    from fracture_core.explain.randomised_network import randomise_in_steps
    from fracture_core.inference.heatmap_source import HeatmapSource

    card, model = ModelStore(root).load(model_id)
    source = HeatmapSource(card, model)
    methods = [name for name in source.methods if not HEATMAP_METHODS[name].slow]
    steps = [source.compute(canvas, methods)]
    steps += [
        source.compute(canvas, methods) for _ in randomise_in_steps(model, card.architecture, card.input)
    ]
    return {name: [step[name] for step in steps] for name in methods}


def _scaled(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    top = float(heat.max())
    return heat / np.float32(top) if top > 0 else heat
