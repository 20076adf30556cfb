"""Pooled network features of many images, cached by image content."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.inference import feature_store
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.exported_network import ExportedNetwork

# Images between two reports of the progress.
_BATCH_SIZE = 16

# New features between two writes of the cache, so that a cancelled run can continue. The file is rewritten as a whole,
# so a large one is written only after it has grown by one part in eight.
_MIN_NEW, _GROWTH = 512, 8


def extract_features(
    network: ExportedNetwork,
    canvases: NDArray[np.uint8],
    rows: NDArray[np.intp],
    spec: InputSpec,
    cache: Path,
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    """Extract the pooled features of images.

    Args:
        network: The exported network, which needs half the CPU time of Keras.
        canvases: Letterboxed images, uint8 (n, height, width), from `image_cache.decode_images`.
        rows: Rows of `canvases` to use, int (m,).
        spec: Input of the network.
        cache: File of cached features of this network; it need not exist.
        progress: Called with (stage, images done, images); an exception it raises ends the extraction.

    Returns:
        float32 (m, channels): both feature layers of the network, or its heatmap layer if it has none.

    Raises:
        ModelError: The network has no features.
    """
    digests = [hashlib.sha256(canvases[row].tobytes()).hexdigest() for row in rows]
    features = feature_store.load_features(cache)
    missing = [position for position, digest in enumerate(digests) if digest not in features]
    progress("Computing features", len(digests) - len(missing), len(digests))
    saved = len(features)
    for start in range(0, len(missing), _BATCH_SIZE):
        batch = missing[start : start + _BATCH_SIZE]
        for position in batch:
            features[digests[position]] = _features(network, normalise_canvas(canvases[rows[position]], spec))
        if len(features) - saved >= max(_MIN_NEW, len(features) // _GROWTH):
            feature_store.save_features(cache, features)
            saved = len(features)
        progress("Computing features", len(digests) - len(missing) + start + len(batch), len(digests))
    if missing:
        feature_store.save_features(cache, {digest: features[digest] for digest in digests})
    return np.stack([features[digest] for digest in digests])


def _features(network: ExportedNetwork, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the features of one image, float32 (channels,)."""
    output = network.run(image)
    if output.middle is not None and output.deepest is not None:
        return np.concatenate([output.middle, output.deepest])
    if output.pooled is None:
        raise ModelError("The network of this model has no features: choose another model.")
    return output.pooled
