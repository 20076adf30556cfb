"""Half precision: what is rounded, what is written, and that a record is that of the file."""

import h5py
import keras
import numpy as np
import pytest

from fracture_core.registry.half_precision import round_kernels, save_weights
from fracture_core.zoo import find_architecture

pytestmark = pytest.mark.filterwarnings("ignore:Skipping nested container", "ignore:__array__ implementation")


def _network() -> keras.Model:
    row = find_architecture("three_block")
    return row.build(row.at_size(64))


def _kinds(path) -> dict[int, set[str]]:
    """Kinds of number in a file, by the number of dimensions."""
    found: dict[int, set[str]] = {}

    def note(_, item) -> None:
        if isinstance(item, h5py.Dataset):
            found.setdefault(min(item.ndim, 2), set()).add(item.dtype.name)

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def test_a_rounded_network_takes_half_the_space_and_comes_back_the_same(tmp_path):
    model = _network()
    whole, path = tmp_path / "plain.weights.h5", tmp_path / "half.weights.h5"
    model.save_weights(whole)
    before = model.get_weights()
    round_kernels(model)
    save_weights(model, path)
    assert path.stat().st_size < 0.6 * whole.stat().st_size
    assert _kinds(path) == {1: {"float32"}, 2: {"float16"}}
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("whole")] == []

    again = _network()
    again.load_weights(path)
    for old, rounded, read in zip(before, model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(rounded, read)
        np.testing.assert_allclose(rounded, old, rtol=2**-11, atol=6e-8)
        if old.ndim < 2:
            np.testing.assert_array_equal(rounded, old)


def test_a_network_that_was_not_rounded_loses_nothing(tmp_path):
    model = _network()
    save_weights(model, tmp_path / "own.weights.h5")
    again = _network()
    again.load_weights(tmp_path / "own.weights.h5")
    for own, read in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(own, read)


def test_a_kernel_beyond_half_precision_stays_whole(tmp_path):
    model = _network()
    kernel = next(weight for weight in model.weights if len(weight.shape) > 1)
    great = keras.ops.convert_to_numpy(kernel) * 0 + 70_000.5
    kernel.assign(great)
    round_kernels(model)
    save_weights(model, tmp_path / "great.weights.h5")
    again = _network()
    again.load_weights(tmp_path / "great.weights.h5")
    np.testing.assert_array_equal(again.get_weights()[0], great)


def test_a_finished_model_is_kept_in_half_precision(trained):
    assert "float16" in _kinds(next(trained.result.glob("*.weights.h5")))[2]
