"""Starting weights are copied if they fit and rejected with a clear error otherwise."""

import urllib.error

import keras
import numpy as np
import pytest

from fracture_core.errors import ModelError
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import LOGIT_LAYER
from fracture_core.zoo.backbone import load_backbone

ARCHITECTURE = find_architecture("mobilenet_v2")
SPEC = ARCHITECTURE.at_size(64)


@pytest.fixture(scope="module")
def random_backbone():
    """A backbone with random weights."""
    keras.utils.set_random_seed(11)
    return keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(64, 64, 3))


@pytest.fixture(scope="module")
def mobilenet_v2_network():
    """The MobileNetV2 network with random weights."""
    keras.utils.set_random_seed(12)
    return ARCHITECTURE.build(SPEC)


def test_weights_from_a_file_are_copied_and_the_head_is_kept(random_backbone, mobilenet_v2_network, tmp_path):
    path = tmp_path / "base.weights.h5"
    random_backbone.save_weights(path)
    head = [weight.copy() for weight in mobilenet_v2_network.get_layer(LOGIT_LAYER).get_weights()]
    load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, str(path))
    copied = 0
    for layer in (layer for layer in random_backbone.layers if layer.weights):
        for expected, copied_weight in zip(
            layer.get_weights(), mobilenet_v2_network.get_layer(layer.name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(expected, copied_weight)
            copied += 1
    assert copied == len(mobilenet_v2_network.weights) - 2
    for before, after in zip(head, mobilenet_v2_network.get_layer(LOGIT_LAYER).get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_missing_file_is_reported(mobilenet_v2_network, tmp_path):
    with pytest.raises(ModelError, match=r"No file .*gone\.weights\.h5 with the weights of MobileNetV2"):
        load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, str(tmp_path / "gone.weights.h5"))


@pytest.mark.filterwarnings("ignore:Skipping nested container", "ignore:__array__ implementation")
def test_weights_of_another_width_are_rejected(mobilenet_v2_network, tmp_path):
    path = tmp_path / "narrow.weights.h5"
    keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.35
    ).save_weights(path)
    with pytest.raises(
        ModelError, match=r"weights in narrow\.weights\.h5 do not fit MobileNetV2 without its top"
    ):
        load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, str(path))


def test_file_without_weights_is_rejected(mobilenet_v2_network, tmp_path):
    path = tmp_path / "text.weights.h5"
    path.write_text("not HDF5")
    with pytest.raises(ModelError, match="do not fit MobileNetV2") as error:
        load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, str(path))
    assert len(str(error.value).splitlines()) == 1


def test_architecture_without_backbone_is_rejected():
    architecture = find_architecture("four_block")
    with pytest.raises(ModelError, match="Four-block CNN has no backbone"):
        load_backbone(
            architecture.build(architecture.at_size(64)), architecture, architecture.at_size(64), "imagenet"
        )


def _fail_download(monkeypatch, tmp_path, error: Exception) -> None:
    """Let the Keras download fail, with an empty cache."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file_utils = keras.src.utils.file_utils

    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(file_utils, "urlretrieve", fail)
    get_file = file_utils.get_file
    from keras.src.applications import mobilenet_v2

    monkeypatch.setattr(
        mobilenet_v2.file_utils,
        "get_file",
        lambda *args, **options: get_file(*args, **options, cache_dir=tmp_path),
    )


@pytest.mark.parametrize(
    "error",
    [
        urllib.error.URLError(OSError(-2, "Name or service not known")),
        urllib.error.HTTPError("https://x", 503, "Service Unavailable", None, None),
        TimeoutError("timed out"),
    ],
    ids=["offline", "server", "timeout"],
)
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
def test_failed_download_gives_a_one_line_error(mobilenet_v2_network, tmp_path, monkeypatch, error):
    _fail_download(monkeypatch, tmp_path, error)
    with pytest.raises(ModelError, match="Cannot download the ImageNet weights of MobileNetV2") as error:
        load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, "imagenet")
    assert "connect to the internet, or give a file with --backbone-weights" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_error_without_a_message_shows_its_type(mobilenet_v2_network, monkeypatch):
    def fail(**_options):
        raise OSError

    monkeypatch.setattr(keras.applications, "MobileNetV2", fail)
    with pytest.raises(ModelError, match=r"MobileNetV2 \(OSError\)"):
        load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, "imagenet")


def test_programming_error_is_not_reported_as_a_failed_download(mobilenet_v2_network, monkeypatch):
    def fail(**_options):
        raise AttributeError("a typing error")

    monkeypatch.setattr(keras.applications, "MobileNetV2", fail)
    with pytest.raises(AttributeError, match="a typing error"):
        load_backbone(mobilenet_v2_network, ARCHITECTURE, SPEC, "imagenet")
