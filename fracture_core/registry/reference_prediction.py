"""Reference prediction: the logit of a fixed test pattern, which a model must reproduce on every computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fracture_core.imaging import InputSpec, normalise_canvas

if TYPE_CHECKING:
    import keras

#: Largest difference that other processors and library versions can cause.
LOGIT_TOLERANCE = 1e-2


def reference_logit(model: keras.Model, spec: InputSpec) -> float:
    """Compute the logit of a network for a fixed pattern of stripes.

    Args:
        model: The network.
        spec: Its input.

    Returns:
        The logit.
    """
    # Imported here, because an exported network needs no Keras.
    from fracture_core.zoo.model_views import logit_view

    # Called once, so a graph of the network would take longer than it saves.
    return float(logit_view(model)(reference_input(spec), training=False)[0, 0])


def reference_input(spec: InputSpec) -> NDArray[np.float32]:
    """Return the pattern of stripes as network input.

    Args:
        spec: The input.

    Returns:
        float32 (1, height, width, channels).
    """
    y, x = np.mgrid[: spec.height, : spec.width]
    canvas = ((x * 7 + y * 13 + (x * y) // 64) % 256).astype(np.uint8)
    return normalise_canvas(canvas[None], spec)
