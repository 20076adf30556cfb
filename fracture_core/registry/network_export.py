"""Exports a network as a LiteRT file, so that predictions need no TensorFlow.

LiteRT (formerly TensorFlow Lite) files are written by TensorFlow's own converter. The exported network has named
outputs: the logit; the fracture map and the pooled features if the architecture has them; and the Grad-CAM heatmap if
it follows from the features without a gradient, see `evidence_weights`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.errors import ModelError
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.split_model import SplitModel
from fracture_core.imaging import InputSpec
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.reference_prediction import reference_input
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

#: Largest difference between the logits of the exported network and of Keras.
LOGIT_TOLERANCE = 1e-4

#: Largest difference between the exported heatmap and that of tf-keras-vis, as a share of the heatmap's maximum.
EVIDENCE_TOLERANCE = 1e-4

# Spread of the channel weights between inputs, as a share of the largest, up to which they count as constant. Rounding
# in single precision stays below it; the gradient of a network with a nonlinear head is far above it.
_CONSTANT = 1e-5


def export_network(
    model: keras.Model,
    name: str,
    heatmap_layer: str,
    spec: InputSpec,
    path: Path,
    images: NDArray[np.float32] | None = None,
) -> None:
    """Export a network and check the file against Keras.

    Args:
        model: Network of the zoo.
        name: Name of its architecture.
        heatmap_layer: Layer that heatmaps explain.
        spec: Its input.
        path: File to write.
        images: Network inputs to compare on besides the reference pattern, float32 (n, height, width, channels).

    Raises:
        ModelError: TensorFlow cannot convert the network, or the results of the file differ from those of Keras.
    """
    outputs = {"logit": model.get_layer(LOGIT_LAYER).output}
    grid = model.get_layer(heatmap_layer).output
    features = pooled_features(model, find_architecture(name))
    if features:
        outputs["middle"], outputs["deepest"] = features
    else:
        outputs["pooled"] = keras.layers.GlobalAveragePooling2D()(grid)
    if FRACTURE_MAP_LAYER in {layer.name for layer in model.layers}:
        outputs["fracture_map"] = model.get_layer(FRACTURE_MAP_LAYER).output
    weights = evidence_weights(model, heatmap_layer, spec)
    if weights is not None:
        evidence = keras.layers.Dense(1, use_bias=False, activation="relu", name="evidence_sum")
        outputs["evidence"] = evidence(grid)
        evidence.set_weights([weights[:, None]])
    view = keras.Model(model.input, outputs)
    try:
        path.write_bytes(_convert(view, spec))
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelError(f"TensorFlow cannot export this network ({reason}).") from error
    inputs = reference_input(spec) if images is None else np.concatenate([reference_input(spec), images])
    _compare(model, heatmap_layer, ExportedNetwork(path), inputs)


def evidence_weights(model: keras.Model, layer: str, spec: InputSpec) -> NDArray[np.float32] | None:
    """Compute the channel weights of Grad-CAM if they are the same for every image.

    Grad-CAM weights each channel by the mean gradient of the logit. The gradient is constant where the logit is linear
    in the layer. Its mean is constant too where the logit is a log-sum-exp of a linear map, because the gradient of a
    log-sum-exp sums to 1. The heatmap is then a fixed sum of the channels.

    Args:
        model: Network of the zoo.
        layer: Layer that heatmaps explain.
        spec: Its input.

    Returns:
        float32 (channels,); None if the weights depend on the image.
    """
    cut = SplitModel(model, layer)
    noise = np.random.default_rng(0).uniform(-1, 1, (2, spec.height, spec.width, spec.channels))
    inputs = np.concatenate([reference_input(spec), np.zeros((1, *noise.shape[1:])), noise])
    # Called once, so a graph of the encoder would take longer than it saves.
    grids = cut.encoder(inputs.astype(np.float32), training=False)[0]
    with tf.GradientTape() as tape:
        tape.watch(grids)
        logits = cut.head(grids, training=False)
    weights = np.mean(tape.gradient(logits, grids), axis=(1, 2))
    spread, largest = np.ptp(weights, axis=0).max(), np.abs(weights).max()
    return (
        np.asarray(weights.mean(axis=0), np.float32)
        if largest > 0 and spread <= _CONSTANT * largest
        else None
    )


def _convert(view: keras.Model, spec: InputSpec) -> bytes:
    signature = tf.TensorSpec((1, spec.height, spec.width, spec.channels), tf.float32, name="image")
    # Keras's own export traces the network several times, which takes as long as the conversion. The weights are
    # constants of the graph, because saving and loading variables takes longer than the conversion.
    weights = [
        [variable.numpy() for variable in variables]
        for variables in (view.trainable_variables, view.non_trainable_variables)
    ]

    def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs, _ = view.stateless_call(*weights, image, training=False)
        return dict(outputs)

    # AutoGraph would write files into the temporary folder and is not needed for a functional network.
    function = tf.function(tf.autograph.experimental.do_not_convert(answer), input_signature=[signature])
    with tempfile.TemporaryDirectory(prefix="second-look-") as folder:
        tf.saved_model.save(tf.Module(), folder, signatures=function.get_concrete_function())
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


def _compare(
    model: keras.Model, heatmap_layer: str, network: ExportedNetwork, inputs: NDArray[np.float32]
) -> None:
    cam = GradCam(model, heatmap_layer)
    for image in inputs:
        output = network.run(image)
        logits, heatmaps, _ = cam.explain(image[None])
        difference = abs(output.logit - float(logits[0]))
        if not difference <= LOGIT_TOLERANCE:
            raise ModelError(
                f"The exported network differs from Keras: a logit by {difference:.6f}, where {LOGIT_TOLERANCE} is "
                "allowed."
            )
        if output.evidence is None:
            continue
        difference = float(np.abs(output.evidence - heatmaps[0]).max() / max(float(heatmaps[0].max()), 1e-12))
        if not difference <= EVIDENCE_TOLERANCE:
            raise ModelError(
                f"The exported heatmap differs from Grad-CAM by {difference:.6f} of its maximum, where "
                f"{EVIDENCE_TOLERANCE} is allowed."
            )
