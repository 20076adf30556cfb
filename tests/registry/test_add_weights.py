import errno
import hashlib
import io
import json
import math
import os
import pickle
import shutil
import tempfile
import zipfile
from pathlib import Path

import crafted_zips
import h5py
import keras
import numpy as np
import pytest

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.registry.add_weights import add_weights, check_file_name
from fracture_core.registry.store import ModelStore
from fracture_core.zoo import find_architecture
from fracture_core.zoo.model_views import logit_view

SIZE = 64

# Keras says so of each file that does not fit, before it refuses it.
pytestmark = pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> bytes:
    keras.utils.set_random_seed(0)
    row = find_architecture("four_block")
    path = tmp_path_factory.mktemp("weights") / "mine.weights.h5"
    row.build(row.at_size(SIZE)).save_weights(path)
    return path.read_bytes()


@pytest.fixture
def clean_store(tmp_path, monkeypatch) -> ModelStore:
    # Whatever an upload leaves behind would be found here.
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield ModelStore(tmp_path / "models")
    assert list(scratch.iterdir()) == []


def add(store: ModelStore, content: bytes, file_name="mine.weights.h5", model_id="mine", size=SIZE) -> str:
    return add_weights(store, io.BytesIO(content), file_name, model_id, "four_block", size)


def test_weights_that_fit_become_a_model_without_a_record(clean_store, weights):
    assert add(clean_store, weights, file_name="Müller Anna 1961.weights.h5") == "mine"
    card = clean_store.card("mine")
    assert card.test is None
    assert card.data is None
    assert card.limits[0].startswith("No record")
    assert card.input == InputSpec(SIZE, SIZE, 1, "unit")
    assert (card.thresholds.low, card.thresholds.high) == (0.5, 0.5)
    assert math.isnan(card.thresholds.sensitivity_target)
    assert (card.calibration.slope, card.calibration.intercept) == (1.0, 0.0)
    assert clean_store.verify("mine") < 1e-5
    clean_store.use("mine")
    assert clean_store.model_in_use() == "mine"
    # Nothing of the file's own name is kept, and the card is JSON for everybody.
    text = (clean_store.root / "mine" / "card.json").read_text()
    assert "Müller" not in text
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_the_model_answers_as_the_weights_do(clean_store, weights, tmp_path):
    add(clean_store, weights)
    path = tmp_path / "again.weights.h5"
    path.write_bytes(weights)
    assert (clean_store.root / "mine" / "four_block.weights.h5").read_bytes() == weights
    row = find_architecture("four_block")
    own = row.build(row.at_size(SIZE))
    own.load_weights(path)
    film = np.random.default_rng(0).random((1, SIZE, SIZE, 1), dtype=np.float32)
    _, loaded = clean_store.load("mine")
    np.testing.assert_allclose(logit_view(loaded)(film), logit_view(own)(film), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("model.h5", "whole Keras model in the older format"),
        ("MODEL.H5", "whole Keras model in the older format"),
        ("model.pt", "PyTorch state dict: a pickle"),
        ("model.pth", "PyTorch state dict: a pickle"),
        ("model.pkl", "pickle"),
        ("model.joblib", "pickle"),
        ("model.onnx", "something else"),
        ("weights", "something else"),
        ("mine.weights.h5.pkl", "pickle"),
    ],
)
def test_other_files_are_refused_by_name_with_what_to_do(clean_store, name, word):
    with pytest.raises(ModelError, match=word) as caught:
        check_file_name(name)
    assert "save_weights" in str(caught.value)

    class Explodes(io.RawIOBase):
        def read(self, size=-1):
            pytest.fail("the file was opened")

    with pytest.raises(ModelError, match=word):
        add_weights(clean_store, Explodes(), name, "mine", "four_block", SIZE)
    assert clean_store.ids() == []


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
def test_content_that_is_no_such_weights_is_refused(clean_store, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="Expected"):
        add(clean_store, content)
    assert clean_store.ids() == []
    assert not (tmp_path / "exploded").exists()


def test_a_whole_model_under_a_false_name_is_refused(clean_store, tmp_path):
    row = find_architecture("four_block")
    path = tmp_path / "whole.h5"
    row.build(row.at_size(SIZE)).save(path)
    with pytest.raises(ModelError, match="does not fit"):
        add(clean_store, path.read_bytes())


class Spoilt:
    """Weights that fit, before somebody changed one thing in them."""

    def __init__(self, file: h5py.File, elsewhere: Path):
        self.file = file
        self.elsewhere = elsewhere
        self.name = "layers/conv2d/vars/0"
        self.shape = file[self.name].shape

    def instead(self, **how) -> None:
        del self.file[self.name]
        self.file.create_dataset(self.name, **how)

    def put(self, item) -> None:
        del self.file[self.name]
        self.file[self.name] = item


def _external_file(at: Spoilt) -> None:
    at.elsewhere.write_bytes(bytes(1 << 16))
    at.instead(shape=at.shape, dtype="f4", external=[(str(at.elsewhere), 0, h5py.h5f.UNLIMITED)])


def _virtual(at: Spoilt) -> None:
    layout = h5py.VirtualLayout(shape=at.shape, dtype="f4")
    layout[...] = h5py.VirtualSource(str(at.elsewhere), "x", shape=at.shape)
    del at.file[at.name]
    at.file.create_virtual_dataset(at.name, layout)


def _circle(at: Spoilt) -> None:
    at.file["layers/conv2d/again"] = at.file["layers"]


def _type(at: Spoilt) -> None:
    at.file["layers/conv2d/kind"] = np.dtype("f4")


HUGE = (10**6, 10**6, 10**6)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda at: at.put(h5py.ExternalLink(str(at.elsewhere), "/x")), "is a link to somewhere else"),
        (lambda at: at.put(h5py.SoftLink("/layers/dense/vars/0")), "is a link to somewhere else"),
        (_external_file, "lie in another file"),
        (_virtual, "lie in another file"),
        (_circle, "stands within itself"),
        (_type, "neither numbers nor a group"),
        (lambda at: at.instead(shape=HUGE, dtype="f4", chunks=(64, 64, 64)), "has the shape 1000000 × 1000000"),
        (lambda at: at.file.create_dataset("more", HUGE, "f4", chunks=(64, 64, 64)), "it holds more, for which"),
        (lambda at: at.instead(data=np.zeros(at.shape, "i4")), "holds int32, not floating-point numbers"),
        (lambda at: at.instead(data=np.zeros(at.shape, "c8")), "holds complex64, not floating-point numbers"),
        (lambda at: at.instead(data=np.zeros(at.shape, "S4")), r"holds \|S4, not floating-point numbers"),
        (lambda at: at.instead(shape=at.shape, dtype=h5py.string_dtype()), "holds object, not floating"),
        (lambda at: at.instead(data=h5py.Empty("f4")), "has the shape of a single number"),
        (lambda at: at.instead(data=np.zeros(at.shape[::-1], "f4")), "vars/0 has the shape"),
        (lambda at: at.instead(data=np.full(at.shape, np.inf, "f4")), "values that are no numbers"),
        (lambda at: at.instead(data=np.zeros(at.shape, "f4"), compression="lzf"), "needs another program"),
        (lambda at: at.file.pop("layers/conv2d/vars/0"), "vars/0 is missing"),
    ],
)  # fmt: skip
def test_a_hostile_weight_file_is_refused_with_the_name_of_what_is_wrong(
    clean_store, weights, tmp_path, spoil, said
):
    buffer = io.BytesIO(weights)
    with h5py.File(buffer, "r+") as file:
        spoil(Spoilt(file, tmp_path / "other"))
    with pytest.raises(ModelError, match=f"does not fit it: .*{said}") as caught:
        add(clean_store, buffer.getvalue())
    assert "layers/conv2d" in str(caught.value) or "more" in str(caught.value)
    assert clean_store.ids() == []


def test_a_pile_of_groups_is_refused(clean_store, weights):
    buffer = io.BytesIO(weights)
    with h5py.File(buffer, "r+") as file:
        for number in range(20_001):
            file.create_group(f"g{number}")
    with pytest.raises(ModelError, match="more than 20,000 parts"):
        add(clean_store, buffer.getvalue())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(clean_store, weights, share):
    with pytest.raises(ModelError, match="damaged or cut off"):
        add(clean_store, weights[: int(len(weights) * share)])


def test_what_ends_the_process_that_reads_it_does_not_reach_the_app(clean_store, weights, monkeypatch):
    monkeypatch.setattr("fracture_core.registry.weight_check._WORKER", "antigravity.gone")
    with pytest.raises(ModelError, match="ended the process that tried"):
        add(clean_store, weights)


# ---- whole Keras models ----


@pytest.fixture(scope="module")
def whole(weights, tmp_path_factory) -> bytes:
    """The network of `weights` as a whole model, compiled, with its optimizer."""
    folder = tmp_path_factory.mktemp("whole")
    row = find_architecture("four_block")
    model = row.build(row.at_size(SIZE))
    (folder / "mine.weights.h5").write_bytes(weights)
    model.load_weights(folder / "mine.weights.h5")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    model.save(folder / "mine.keras")
    return (folder / "mine.keras").read_bytes()


def repacked(whole: bytes, **changed) -> bytes:
    """The zip with some members replaced, added, or left out where there is None."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(buffer, "w") as new:
        members = {name: old.read(name) for name in old.namelist()} | changed
        for name, content in members.items():
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def described(whole: bytes, edit) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        description = json.loads(file.read("config.json"))
    edit(description)
    return repacked(whole, **{"config.json": json.dumps(description)})


def test_a_whole_model_gives_its_weights_and_nothing_else(clean_store, weights, whole):
    add(clean_store, weights, model_id="numbers")
    assert add(clean_store, whole, file_name="Müller.keras") == "mine"
    card = clean_store.card("mine")
    assert card.golden == clean_store.card("numbers").golden
    assert card.loaded.file == "uploaded.keras"
    assert card.loaded.sha256 == hashlib.sha256(whole).hexdigest()
    assert clean_store.card("numbers").loaded.sha256 == hashlib.sha256(weights).hexdigest()
    assert card.loaded.sha256 in (clean_store.root / "mine" / "README.md").read_text("utf-8")
    # Without the optimizer's state, twice as large as the weights.
    assert card.weights.bytes < 0.5 * len(whole)
    assert clean_store.verify("mine") < 1e-5
    assert "Müller" not in (clean_store.root / "mine" / "card.json").read_text("utf-8")


def _no_call(*_given, **_named):
    pytest.fail("the file was made into a network")


@pytest.fixture
def _nothing_runs(monkeypatch):
    for name in (
        "keras.saving.load_model",
        "keras.saving.deserialize_keras_object",
        "keras.models.load_model",
    ):
        monkeypatch.setattr(name, _no_call)


def _lambda(description: dict) -> None:
    description["config"]["layers"][1] |= {
        "class_name": "Lambda",
        "name": "evil",
        "config": {"name": "evil", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}},
    }


def _custom(description: dict) -> None:
    description["config"]["layers"][1] |= {"module": "evil.layers", "class_name": "Runs", "name": "first"}


def _registered(description: dict) -> None:
    description["config"]["layers"][1] |= {"registered_name": "evil>Runs", "name": "first"}


def _function(description: dict) -> None:
    description["compile_config"]["loss"] = {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system",
    }  # fmt: skip


@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_lambda, "has the Lambda layer 'evil', which holds code"),
        (_custom, r"custom object 'Runs' \('first'\)"),
        (_registered, r"custom object '.*' \('first'\)"),
        (_function, r"custom object 'function' \('system'\)"),
    ],
)
def test_code_in_a_whole_model_is_refused_by_name(clean_store, whole, edit, said):
    with pytest.raises(ModelError, match=said):
        add(clean_store, described(whole, edit), file_name="mine.keras")
    assert clean_store.ids() == []


@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"archive/data.pkl": pickle.dumps(Bomb())},
            "holds 'archive/data.pkl', a pickle as PyTorch writes it",
        ),
        ({"config.json": None}, "Expected config.json in mine.keras, but there is none"),
        ({"config.json": "{"}, "is no JSON"),
        ({"config.json": "[" * 100_000}, "Expected a"),
        ({"model.weights.h5": None}, "Expected model.weights.h5 in mine.keras, but there is none"),
        ({"model.weights.h5": b"no weights"}, "does not fit it: it is damaged"),
    ],
)
def test_a_spoilt_whole_model_is_refused(clean_store, whole, changed, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=said):
        add(clean_store, repacked(whole, **changed), file_name="mine.keras")
    assert clean_store.ids() == []
    assert not (tmp_path / "exploded").exists()


def test_a_whole_model_is_cut_off_or_none(clean_store, whole, weights):
    with pytest.raises(ModelError, match="damaged or no zip"):
        add(clean_store, whole[: len(whole) // 2], file_name="mine.keras")
    with pytest.raises(ModelError, match="is no zip"):
        add(clean_store, weights, file_name="mine.keras")


@pytest.mark.parametrize("spoil", [*crafted_zips.DAMAGED, *crafted_zips.METHODS])
def test_a_crafted_whole_model_is_refused_in_a_sentence(clean_store, whole, spoil):
    with pytest.raises(ModelError, match=r"damaged or no zip|packed in no unusual way"):
        add(clean_store, spoil(whole), file_name="mine.keras")
    assert clean_store.ids() == []


@pytest.mark.parametrize("copies", [0, 1])
def test_a_full_temporary_disk_is_told(clean_store, whole, monkeypatch, copies):
    """When the file arrives, and when its weights are taken out."""
    real, done = shutil.copyfileobj, []

    def full(*given):
        if len(done) == copies:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done.append(real(*given))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(ModelError, match="temporary folder: the disk is full"):
        add(clean_store, whole, file_name="mine.keras")


def test_a_file_is_judged_by_its_content(clean_store, whole):
    """PyTorch's zip and a bare pickle under the name of weights."""
    with pytest.raises(ModelError, match="a pickle as PyTorch writes it"):
        add(clean_store, repacked(whole, **{"state/data.pkl": b""}))
    with pytest.raises(ModelError, match="a pickle, which runs code when it is opened"):
        add(clean_store, pickle.dumps({"conv.weight": 1}), file_name="mine.keras")


def test_weights_of_another_size_or_architecture_are_refused(clean_store, weights):
    with pytest.raises(ModelError, match="choose the architecture and size"):
        add(clean_store, weights, size=96)
    with pytest.raises(ModelError, match="choose the architecture and size"):
        add_weights(clean_store, io.BytesIO(weights), "a.weights.h5", "mine", "mobilenet_v2", SIZE)
    with pytest.raises(ModelError, match="multiple of 32"):
        add(clean_store, weights, size=100)
    assert clean_store.ids() == []


def test_weights_that_give_no_number_are_refused(clean_store, tmp_path):
    row = find_architecture("four_block")
    model = row.build(row.at_size(SIZE))
    model.set_weights([np.full_like(value, np.nan) for value in model.get_weights()])
    path = tmp_path / "nan.weights.h5"
    model.save_weights(path)
    with pytest.raises(ModelError, match="diverged"):
        add(clean_store, path.read_bytes())


@pytest.mark.parametrize("model_id", ["", "../up", "a/b", "a b", ".hidden", "ü", "x" * 65])
def test_a_name_that_is_no_folder_name_is_refused(clean_store, weights, model_id):
    with pytest.raises(ModelError, match="a model name of letters, digits"):
        add(clean_store, weights, model_id=model_id)


def test_a_taken_name_is_refused(clean_store, weights):
    add(clean_store, weights)
    with pytest.raises(ModelError, match="already"):
        add(clean_store, weights, model_id="MINE")
