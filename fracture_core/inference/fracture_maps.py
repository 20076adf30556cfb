"""Fracture maps of many images at once."""

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case
from fracture_core.findings.choose_settings import MappedImage
from fracture_core.imaging import InputSpec, LetterboxTransform, normalise_canvas
from fracture_core.registry.exported_network import ExportedNetwork


def map_images(
    network: ExportedNetwork,
    spec: InputSpec,
    cases: Sequence[Case],
    canvases: Sequence[NDArray[np.uint8]],
    sizes: Sequence[tuple[int, int]],
) -> list[MappedImage]:
    """Compute the fracture map of each image.

    Args:
        network: network with a fracture map.
        spec: its input.
        cases: the images. Fractured images without marked fractures are left out, because a right finding on them
            would count as wrong.
        canvases: letterboxed images, uint8 (height, width), in the order of the cases.
        sizes: height and width of each image.

    Returns:
        The images with their maps; empty for a network without a fracture map.
    """
    mapped = []
    for case, canvas, size in zip(cases, canvases, sizes, strict=True):
        if case.label and not case.boxes:
            continue
        output = network.run(normalise_canvas(canvas[None], spec)[0])
        if output.fracture_map is None:
            return []
        grid = np.asarray(scipy.special.expit(output.fracture_map), np.float32)
        transform = LetterboxTransform.fit(size, (spec.height, spec.width))
        mapped.append(MappedImage(grid, transform, tuple(case.boxes), case.group, tuple(case.regions)))
    return mapped
