"""Pooled network features of many images, cached by image content."""

import hashlib
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.inference import feature_store
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.zoo.architecture import Architecture

_BATCH_SIZE = 16

# New features between two writes of the cache, so that a cancelled run can continue. The file is rewritten as a whole,
# so a large one is written only after it has grown by one part in eight.
_MIN_NEW, _GROWTH = 512, 8


def extract_features(
    model: keras.Model,
    architecture: Architecture,
    layer: str,
    canvases: NDArray[np.uint8],
    rows: NDArray[np.intp],
    spec: InputSpec,
    cache: Path,
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    """Extract the pooled features of images.

    Args:
        model: Network of the zoo.
        architecture: Its architecture.
        layer: Its heatmap layer, which is averaged if the architecture names no feature layers.
        canvases: Letterboxed images, uint8 (n, height, width), from `image_cache.decode_images`.
        rows: Rows of `canvases` to use, int (m,).
        spec: Input of the network.
        cache: File of cached features of this network; it need not exist.
        progress: Called with (stage, images done, images); an exception it raises ends the extraction.

    Returns:
        float32 (m, channels).
    """
    digests = [hashlib.sha256(canvases[row].tobytes()).hexdigest() for row in rows]
    features = feature_store.load_features(cache)
    missing = [position for position, digest in enumerate(digests) if digest not in features]
    progress("Computing features", len(digests) - len(missing), len(digests))
    extractor = _feature_extractor(model, architecture, layer)
    saved = len(features)
    for start in range(0, len(missing), _BATCH_SIZE):
        batch = missing[start : start + _BATCH_SIZE]
        values = extractor.predict_on_batch(normalise_canvas(canvases[rows[batch]], spec))
        features |= zip(
            (digests[position] for position in batch), np.asarray(values, np.float32), strict=True
        )
        if len(features) - saved >= max(_MIN_NEW, len(features) // _GROWTH):
            feature_store.save_features(cache, features)
            saved = len(features)
        progress("Computing features", len(digests) - len(missing) + start + len(batch), len(digests))
    if missing:
        feature_store.save_features(cache, {digest: features[digest] for digest in digests})
    return np.stack([features[digest] for digest in digests])


def _feature_extractor(model: keras.Model, architecture: Architecture, layer: str) -> keras.Model:
    """Return a model from inputs to pooled features, (batch, channels)."""
    outputs = pooled_features(model, architecture) or [
        keras.layers.GlobalAveragePooling2D()(model.get_layer(layer).output)
    ]
    return keras.Model(model.input, keras.layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0])
