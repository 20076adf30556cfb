"""Rounding of kernels to half precision, and the weight files written afterwards."""

import h5py
import keras
import numpy as np
import pytest

from fracture_core.registry.half_precision import round_kernels, save_weights
from fracture_core.zoo import find_architecture

pytestmark = pytest.mark.filterwarnings("ignore:Skipping nested container", "ignore:__array__ implementation")


def _network() -> keras.Model:
    architecture = find_architecture("three_block")
    return architecture.build(architecture.at_size(64))


def _dtypes(path) -> dict[int, set[str]]:
    """Data types in a file, by the number of dimensions (2 for 2 or more)."""
    dtypes: dict[int, set[str]] = {}

    def add(_, item) -> None:
        if isinstance(item, h5py.Dataset):
            dtypes.setdefault(min(item.ndim, 2), set()).add(item.dtype.name)

    with h5py.File(path) as file:
        file.visititems(add)
    return dtypes


def test_rounded_network_has_half_the_size_and_is_restored_exactly(tmp_path):
    model = _network()
    single, path = tmp_path / "plain.weights.h5", tmp_path / "half.weights.h5"
    model.save_weights(single)
    before = model.get_weights()
    round_kernels(model)
    save_weights(model, path)
    assert path.stat().st_size < 0.6 * single.stat().st_size
    assert _dtypes(path) == {1: {"float32"}, 2: {"float16"}}
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("single")] == []

    restored = _network()
    restored.load_weights(path)
    for original, rounded, loaded in zip(before, model.get_weights(), restored.get_weights(), strict=True):
        np.testing.assert_array_equal(rounded, loaded)
        np.testing.assert_allclose(rounded, original, rtol=2**-11, atol=6e-8)
        if original.ndim < 2:
            np.testing.assert_array_equal(rounded, original)


def test_network_that_was_not_rounded_is_stored_exactly(tmp_path):
    model = _network()
    save_weights(model, tmp_path / "own.weights.h5")
    restored = _network()
    restored.load_weights(tmp_path / "own.weights.h5")
    for original, loaded in zip(model.get_weights(), restored.get_weights(), strict=True):
        np.testing.assert_array_equal(original, loaded)


def test_kernel_outside_the_range_of_half_precision_is_not_rounded(tmp_path):
    model = _network()
    kernel = next(weight for weight in model.weights if len(weight.shape) > 1)
    large = keras.ops.convert_to_numpy(kernel) * 0 + 70_000.5
    kernel.assign(large)
    round_kernels(model)
    save_weights(model, tmp_path / "large.weights.h5")
    restored = _network()
    restored.load_weights(tmp_path / "large.weights.h5")
    np.testing.assert_array_equal(restored.get_weights()[0], large)


def test_trained_model_is_stored_in_half_precision(trained_run):
    assert "float16" in _dtypes(next(trained_run.result.glob("*.weights.h5")))[2]
