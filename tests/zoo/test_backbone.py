"""Starting weights: copied where they fit, refused with a sentence where not."""

import urllib.error

import keras
import numpy as np
import pytest

from fracture_core.errors import ModelError
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import LOGIT_LAYER
from fracture_core.zoo.backbone import load_backbone

ROW = find_architecture("mobilenet_v2")
SPEC = ROW.at_size(64)


@pytest.fixture(scope="module")
def base():
    """A backbone with weights that no other has."""
    keras.utils.set_random_seed(11)
    return keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(64, 64, 3))


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(12)
    return ROW.build(SPEC)


def test_weights_from_a_file(base, network, tmp_path):
    path = tmp_path / "base.weights.h5"
    base.save_weights(path)
    head = [weight.copy() for weight in network.get_layer(LOGIT_LAYER).get_weights()]
    load_backbone(network, ROW, SPEC, str(path))
    copied = 0
    for layer in (layer for layer in base.layers if layer.weights):
        for given, found in zip(
            layer.get_weights(), network.get_layer(layer.name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(given, found)
            copied += 1
    assert copied == len(network.weights) - 2
    for before, after in zip(head, network.get_layer(LOGIT_LAYER).get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_missing_file(network, tmp_path):
    with pytest.raises(
        ModelError, match=r"weights of MobileNetV2 in .*gone\.weights\.h5, but there is no such file"
    ):
        load_backbone(network, ROW, SPEC, str(tmp_path / "gone.weights.h5"))


@pytest.mark.filterwarnings("ignore:Skipping nested container", "ignore:__array__ implementation")
def test_weights_of_another_width(network, tmp_path):
    path = tmp_path / "narrow.weights.h5"
    keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.35
    ).save_weights(path)
    with pytest.raises(ModelError, match=r"without its top in narrow\.weights\.h5, but they do not fit"):
        load_backbone(network, ROW, SPEC, str(path))


def test_a_file_that_holds_no_weights(network, tmp_path):
    path = tmp_path / "text.weights.h5"
    path.write_text("not HDF5")
    with pytest.raises(ModelError, match="but they do not fit") as told:
        load_backbone(network, ROW, SPEC, str(path))
    assert len(str(told.value).splitlines()) == 1


def test_an_architecture_without_backbone():
    row = find_architecture("four_block")
    with pytest.raises(ModelError, match="Four-block CNN has no backbone"):
        load_backbone(row.build(row.at_size(64)), row, row.at_size(64), "imagenet")


def _no_network(monkeypatch, tmp_path, error: Exception) -> None:
    """Keras' own download, with a cache that is empty and a network that fails."""
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
        lambda *given, **named: get_file(*given, **named, cache_dir=tmp_path),
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
def test_a_failed_download_is_one_sentence(network, tmp_path, monkeypatch, error):
    _no_network(monkeypatch, tmp_path, error)
    with pytest.raises(
        ModelError, match="download the ImageNet weights of MobileNetV2, but that failed"
    ) as told:
        load_backbone(network, ROW, SPEC, "imagenet")
    assert "connect to the internet, or give a file with --backbone-weights" in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_an_error_without_words(network, monkeypatch):
    def fail(**_named):
        raise OSError

    monkeypatch.setattr(keras.applications, "MobileNetV2", fail)
    with pytest.raises(ModelError, match=r"failed \(OSError\)"):
        load_backbone(network, ROW, SPEC, "imagenet")


def test_a_fault_of_the_program_is_not_taken_for_a_failed_download(network, monkeypatch):
    def fail(**_named):
        raise AttributeError("a typing error")

    monkeypatch.setattr(keras.applications, "MobileNetV2", fail)
    with pytest.raises(AttributeError, match="a typing error"):
        load_backbone(network, ROW, SPEC, "imagenet")
