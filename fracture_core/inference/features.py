"""What a network sees in films, as numbers: worked out once and kept by the pictures themselves."""

import hashlib
from pathlib import Path

import keras
import numpy as np

from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.inference import feature_store
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.zoo.architecture import Architecture

_BATCH = 16

# After so many films what was seen is written down, so that a search that was ended goes on from there; after a larger
# share of a large set, for the file is written whole each time.
_EVERY, _SHARE = 512, 8


def extract_features(
    model: keras.Model,
    row: Architecture,
    layer: str,
    canvases: np.ndarray,
    rows: np.ndarray,
    spec: InputSpec,
    cache: Path,
    progress: ProgressCallback,
) -> np.ndarray:
    """Features of films.

    Args:
        model: a network of the zoo.
        row: its architecture.
        layer: its heatmap layer, which is averaged where the architecture names no feature layers.
        canvases: uint8 (n, height, width), as `image_cache.decode_images` gives them.
        rows: which of them, int (films,).
        spec: the network's input.
        cache: a file for them, which need not exist; of another network's features it must not be.
        progress: called with (stage, images done, images); an exception it raises ends the computation.

    Returns:
        float32 (films, channels).
    """
    digests = [hashlib.sha256(canvases[at].tobytes()).hexdigest() for at in rows]
    known = feature_store.load_features(cache)
    missing = [at for at, digest in enumerate(digests) if digest not in known]
    progress("Computing features", len(digests) - len(missing), len(digests))
    outputs = pooled_features(model, row) or [
        keras.layers.GlobalAveragePooling2D()(model.get_layer(layer).output)
    ]
    look = keras.Model(model.input, keras.layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0])
    written = len(known)
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        values = look.predict_on_batch(normalise_canvas(canvases[rows[batch]], spec))
        known |= zip((digests[at] for at in batch), np.asarray(values, np.float32), strict=True)
        if len(known) - written >= max(_EVERY, len(known) // _SHARE):
            feature_store.save_features(cache, known)
            written = len(known)
        progress("Computing features", len(digests) - len(missing) + start + len(batch), len(digests))
    if missing:
        feature_store.save_features(cache, {digest: known[digest] for digest in digests})
    return np.stack([known[digest] for digest in digests])
