import io
import json
import math
import pickle
import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.registry.store import ModelStore
from fracture_core.registry.upload import add_weights, check_file_name
from fracture_core.zoo import architecture
from fracture_core.zoo.logit import logit_view

SIZE = 64

# Keras says so of each file that does not fit, before it refuses it.
pytestmark = pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> bytes:
    keras.utils.set_random_seed(0)
    row = architecture("four_block")
    path = tmp_path_factory.mktemp("weights") / "mine.weights.h5"
    row.build(row.at_size(SIZE)).save_weights(path)
    return path.read_bytes()


@pytest.fixture
def store(tmp_path, monkeypatch) -> ModelStore:
    # Whatever an upload leaves behind would be found here.
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield ModelStore(tmp_path / "models")
    assert list(scratch.iterdir()) == []


def add(store: ModelStore, content: bytes, file_name="mine.weights.h5", model_id="mine", size=SIZE) -> str:
    return add_weights(store, io.BytesIO(content), file_name, model_id, "four_block", size)


def test_weights_that_fit_become_a_model_without_a_record(store, weights):
    assert add(store, weights, file_name="Müller Anna 1961.weights.h5") == "mine"
    card = store.card("mine")
    assert card.test is None
    assert card.data is None
    assert card.limits[0].startswith("No record")
    assert card.input == InputSpec(SIZE, SIZE, 1, "unit")
    assert (card.thresholds.low, card.thresholds.high) == (0.5, 0.5)
    assert math.isnan(card.thresholds.sensitivity_target)
    assert (card.calibration.slope, card.calibration.intercept) == (1.0, 0.0)
    assert store.verify("mine") < 1e-5
    store.use("mine")
    assert store.in_use() == "mine"
    # Nothing of the file's own name is kept, and the card is JSON for everybody.
    text = (store.root / "mine" / "card.json").read_text()
    assert "Müller" not in text
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_the_model_answers_as_the_weights_do(store, weights, tmp_path):
    add(store, weights)
    path = tmp_path / "again.weights.h5"
    path.write_bytes(weights)
    assert (store.root / "mine" / "four_block.weights.h5").read_bytes() == weights
    row = architecture("four_block")
    own = row.build(row.at_size(SIZE))
    own.load_weights(path)
    film = np.random.default_rng(0).random((1, SIZE, SIZE, 1), dtype=np.float32)
    _, loaded = store.load("mine")
    np.testing.assert_allclose(logit_view(loaded)(film), logit_view(own)(film), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("model.keras", "whole Keras model"),
        ("model.h5", "whole Keras model"),
        ("MODEL.H5", "whole Keras model"),
        ("model.pt", "PyTorch"),
        ("model.pth", "PyTorch"),
        ("model.pkl", "pickle"),
        ("model.joblib", "pickle"),
        ("model.onnx", "something else"),
        ("weights", "something else"),
        ("mine.weights.h5.pkl", "pickle"),
    ],
)
def test_other_files_are_refused_by_name_with_what_to_do(store, name, word):
    with pytest.raises(ModelError, match=word) as caught:
        check_file_name(name)
    assert "save_weights" in str(caught.value)

    class Explodes(io.RawIOBase):
        def read(self, size=-1):
            pytest.fail("the file was opened")

    with pytest.raises(ModelError, match=word):
        add_weights(store, Explodes(), name, "mine", "four_block", SIZE)
    assert store.ids() == []


def hdf5(write) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no weights",
        pickle.dumps(Bomb()),
        hdf5(lambda file: None),
        hdf5(lambda file: file.create_dataset("layers", data=[1.0])),
        hdf5(lambda file: file.create_group("layers").create_group("conv2d").create_group("vars")),
    ],
    ids=["empty", "text", "pickle", "empty hdf5", "dataset", "groups"],
)
def test_content_that_is_no_such_weights_is_refused(store, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="Expected"):
        add(store, content)
    assert store.ids() == []
    assert not (tmp_path / "exploded").exists()


def test_a_whole_model_under_a_false_name_is_refused(store, tmp_path):
    row = architecture("four_block")
    path = tmp_path / "whole.h5"
    row.build(row.at_size(SIZE)).save(path)
    with pytest.raises(ModelError, match="does not fit"):
        add(store, path.read_bytes())


def test_a_link_out_of_the_file_is_refused(store, weights, tmp_path):
    buffer = io.BytesIO(weights)
    with h5py.File(buffer, "r+") as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        del file[found[0]]
        file[found[0]] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")
    with pytest.raises(ModelError, match="does not fit"):
        add(store, buffer.getvalue())


def test_weights_of_another_size_or_architecture_are_refused(store, weights):
    with pytest.raises(ModelError, match="choose the architecture and size"):
        add(store, weights, size=96)
    with pytest.raises(ModelError, match="choose the architecture and size"):
        add_weights(store, io.BytesIO(weights), "a.weights.h5", "mine", "mobilenet_v2", SIZE)
    with pytest.raises(ModelError, match="multiple of 32"):
        add(store, weights, size=100)
    assert store.ids() == []


def test_weights_that_give_no_number_are_refused(store, tmp_path):
    row = architecture("four_block")
    model = row.build(row.at_size(SIZE))
    model.set_weights([np.full_like(value, np.nan) for value in model.get_weights()])
    path = tmp_path / "nan.weights.h5"
    model.save_weights(path)
    with pytest.raises(ModelError, match="diverged"):
        add(store, path.read_bytes())


@pytest.mark.parametrize("model_id", ["", "../up", "a/b", "a b", ".hidden", "ü", "x" * 65])
def test_a_name_that_is_no_folder_name_is_refused(store, weights, model_id):
    with pytest.raises(ModelError, match="letters, digits and dashes"):
        add(store, weights, model_id=model_id)


def test_a_taken_name_is_refused(store, weights):
    add(store, weights)
    with pytest.raises(ModelError, match="already"):
        add(store, weights)
