"""Reference prediction: the logit of a fixed test pattern, which a model must reproduce on every computer."""

import keras
import numpy as np

from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.zoo.model_views import logit_view

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
    y, x = np.mgrid[: spec.height, : spec.width]
    canvas = ((x * 7 + y * 13 + (x * y) // 64) % 256).astype(np.uint8)
    logit = logit_view(model)(normalise_canvas(canvas[None], spec), training=False)
    return float(keras.ops.convert_to_numpy(logit)[0, 0])
