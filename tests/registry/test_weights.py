"""Loading of weight files."""

import h5py
import pytest

from fracture_core.errors import ModelError
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.weights import load_weights
from fracture_core.zoo import find_architecture

pytestmark = pytest.mark.filterwarnings("ignore:Skipping nested container", "ignore:__array__ implementation")


@pytest.fixture(scope="module")
def weights_path(trained_run):
    return trained_run.result / "four_block.weights.h5"


@pytest.fixture(scope="module")
def four_block_input():
    return find_architecture("four_block").at_size(64)


def test_missing_file_is_an_error(tmp_path, four_block_input):
    with pytest.raises(ModelError, match="Weight file not found"):
        load_weights(tmp_path / "gone.weights.h5", "four_block", four_block_input)


def test_file_that_is_not_hdf5_is_an_error(tmp_path, four_block_input):
    path = tmp_path / "evil.weights.h5"
    path.write_bytes(b"\x80\x04 pickled code")
    with pytest.raises(ModelError, match=r"evil\.weights\.h5 is not an HDF5 file"):
        load_weights(path, "four_block", four_block_input)


@pytest.mark.parametrize(("name", "size"), [("mobilenet_v2", 64), ("four_block", 96)])
def test_weights_of_another_network_are_an_error(weights_path, name, size):
    architecture = find_architecture(name)
    with pytest.raises(ModelError, match=f"{architecture.title} at {size}×{size} px.* does not fit it"):
        load_weights(weights_path, name, architecture.at_size(size))


def test_file_without_a_layer_is_an_error(weights_path, four_block_input, tmp_path):
    short = tmp_path / "short.weights.h5"
    short.write_bytes(weights_path.read_bytes())
    with h5py.File(short, "a") as file:
        del file["layers/conv2d_2"]
    with pytest.raises(ModelError, match="does not fit it"):
        load_weights(short, "four_block", four_block_input)


def test_truncated_file_is_an_error(weights_path, four_block_input, tmp_path):
    short = tmp_path / "short.weights.h5"
    short.write_bytes(weights_path.read_bytes()[:20_000])
    with pytest.raises(ModelError, match="does not fit it"):
        load_weights(short, "four_block", four_block_input)


def test_sha256_of_a_file(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
