"""Adding weight files and whole Keras models, with checks of untrusted files."""

import errno
import hashlib
import io
import json
import math
import os
import pickle
import shutil
import sys
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

pytestmark = [
    # Keras warns about each file that does not fit.
    pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning"),
    pytest.mark.usefixtures("export_each_network_once"),
]


@pytest.fixture(scope="module")
def weight_file_content(tmp_path_factory) -> bytes:
    """A weight file of the four-block CNN."""
    keras.utils.set_random_seed(0)
    architecture = find_architecture("four_block")
    path = tmp_path_factory.mktemp("weights") / "mine.weights.h5"
    architecture.build(architecture.at_size(SIZE)).save_weights(path)
    return path.read_bytes()


@pytest.fixture
def empty_store(tmp_path, monkeypatch) -> ModelStore:
    """A store without models; the test fails if a temporary file is left behind."""
    # Temporary files that are left behind would be here.
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield ModelStore(tmp_path / "models")
    # TensorFlow keeps generated code until the process ends, and Python may compile it.
    left = [
        path
        for path in scratch.iterdir()
        if not path.name.startswith(("__autograph_generated", "__pycache__"))
    ]
    assert left == []


def add(store: ModelStore, content: bytes, file_name="mine.weights.h5", model_id="mine", size=SIZE) -> str:
    return add_weights(store, io.BytesIO(content), file_name, model_id, "four_block", size)


def test_valid_weights_become_a_model_without_results(empty_store, weight_file_content):
    assert add(empty_store, weight_file_content, file_name="Müller Anna 1961.weights.h5") == "mine"
    card = empty_store.card("mine")
    assert card.test is None
    assert card.data is None
    assert card.limits[0].startswith("No test results")
    assert card.input == InputSpec(SIZE, SIZE, 1, "unit")
    assert (card.thresholds.low, card.thresholds.high) == (0.5, 0.5)
    assert math.isnan(card.thresholds.sensitivity_target)
    assert (card.calibration.slope, card.calibration.intercept) == (1.0, 0.0)
    assert empty_store.verify("mine") < 1e-5
    empty_store.use("mine")
    assert empty_store.model_in_use() == "mine"
    # The file name is not stored, and the card is strict JSON.
    text = (empty_store.root / "mine" / "card.json").read_text()
    assert "Müller" not in text
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


def test_added_model_predicts_like_the_original_network(empty_store, weight_file_content, tmp_path):
    add(empty_store, weight_file_content)
    path = tmp_path / "copy.weights.h5"
    path.write_bytes(weight_file_content)
    assert (empty_store.root / "mine" / "four_block.weights.h5").read_bytes() == weight_file_content
    architecture = find_architecture("four_block")
    original = architecture.build(architecture.at_size(SIZE))
    original.load_weights(path)
    image = np.random.default_rng(0).random((1, SIZE, SIZE, 1), dtype=np.float32)
    _, loaded = empty_store.load("mine")
    np.testing.assert_allclose(logit_view(loaded)(image), logit_view(original)(image), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "file_type"),
    [
        ("model.h5", "whole Keras model in the older HDF5 format"),
        ("MODEL.H5", "whole Keras model in the older HDF5 format"),
        ("model.pt", "PyTorch state dict: a pickle file"),
        ("model.pth", "PyTorch state dict: a pickle file"),
        ("model.pkl", "pickle file"),
        ("model.joblib", "pickle file"),
        ("model.onnx", "another type of file"),
        ("weights", "another type of file"),
        ("mine.weights.h5.pkl", "pickle file"),
    ],
)
def test_unsupported_suffix_is_rejected_without_opening_the_file(empty_store, name, file_type):
    with pytest.raises(ModelError, match=file_type) as excinfo:
        check_file_name(name)
    assert "save_weights" in str(excinfo.value)

    class Unreadable(io.RawIOBase):
        def read(self, size=-1):
            pytest.fail("the file was opened")

    with pytest.raises(ModelError, match=file_type):
        add_weights(empty_store, Unreadable(), name, "mine", "four_block", SIZE)
    assert empty_store.ids() == []


def hdf5(write) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


class MaliciousPickle:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no weights",
        pickle.dumps(MaliciousPickle()),
        hdf5(lambda file: None),
        hdf5(lambda file: file.create_dataset("layers", data=[1.0])),
        hdf5(lambda file: file.create_group("layers").create_group("conv2d").create_group("vars")),
    ],
    ids=["empty", "text", "pickle", "empty hdf5", "dataset", "groups"],
)
def test_content_that_is_not_a_weight_file_is_rejected(empty_store, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"does not fit it|pickle file"):
        add(empty_store, content)
    assert empty_store.ids() == []
    assert not (tmp_path / "exploded").exists()


def test_whole_model_in_hdf5_is_rejected(empty_store, tmp_path):
    architecture = find_architecture("four_block")
    path = tmp_path / "whole.h5"
    architecture.build(architecture.at_size(SIZE)).save(path)
    with pytest.raises(ModelError, match="does not fit"):
        add(empty_store, path.read_bytes())


class EditableWeights:
    """A valid weight file whose first array can be replaced."""

    def __init__(self, file: h5py.File, other_file: Path):
        self.file = file
        self.other_file = other_file
        self.name = "layers/conv2d/vars/0"
        self.shape = file[self.name].shape

    def replace_array(self, **options) -> None:
        del self.file[self.name]
        self.file.create_dataset(self.name, **options)

    def replace_item(self, item) -> None:
        del self.file[self.name]
        self.file[self.name] = item


def _external_file(at: EditableWeights) -> None:
    at.other_file.write_bytes(bytes(1 << 16))
    at.replace_array(shape=at.shape, dtype="f4", external=[(str(at.other_file), 0, h5py.h5f.UNLIMITED)])


def _virtual(at: EditableWeights) -> None:
    layout = h5py.VirtualLayout(shape=at.shape, dtype="f4")
    layout[...] = h5py.VirtualSource(str(at.other_file), "x", shape=at.shape)
    del at.file[at.name]
    at.file.create_virtual_dataset(at.name, layout)


def _cycle(at: EditableWeights) -> None:
    at.file["layers/conv2d/again"] = at.file["layers"]


def _type(at: EditableWeights) -> None:
    at.file["layers/conv2d/kind"] = np.dtype("f4")


HUGE = (10**6, 10**6, 10**6)


@pytest.mark.parametrize(
    ("corrupt", "message"),
    [
        (lambda at: at.replace_item(h5py.ExternalLink(str(at.other_file), "/x")), "is a link to another location"),
        (lambda at: at.replace_item(h5py.SoftLink("/layers/dense/vars/0")), "is a link to another location"),
        (_external_file, "are stored in another file"),
        (_virtual, "are stored in another file"),
        (_cycle, "contains itself"),
        (_type, "neither an array nor a group"),
        (lambda at: at.replace_array(shape=HUGE, dtype="f4", chunks=(64, 64, 64)), "has the shape 1000000 × 1000000"),
        (lambda at: at.file.create_dataset("more", HUGE, "f4", chunks=(64, 64, 64)), "it contains more, which"),
        (lambda at: at.replace_array(data=np.zeros(at.shape, "i4")), "contains int32, not floating-point numbers"),
        (lambda at: at.replace_array(data=np.zeros(at.shape, "c8")), "contains complex64, not floating-point numbers"),
        (lambda at: at.replace_array(data=np.zeros(at.shape, "S4")), r"contains \|S4, not floating-point numbers"),
        (lambda at: at.replace_array(shape=at.shape, dtype=h5py.string_dtype()), "contains object, not floating"),
        (lambda at: at.replace_array(data=h5py.Empty("f4")), r"has the shape \(\)"),
        (lambda at: at.replace_array(data=np.zeros(at.shape[::-1], "f4")), "vars/0 has the shape"),
        (lambda at: at.replace_array(data=np.full(at.shape, np.inf, "f4")), "values that are not finite"),
        (lambda at: at.replace_array(data=np.zeros(at.shape, "f4"), compression="lzf"), "needs a plugin"),
        (lambda at: at.file.pop("layers/conv2d/vars/0"), "vars/0 is missing"),
    ],
)  # fmt: skip
def test_manipulated_weight_file_is_rejected_with_the_reason(
    empty_store, weight_file_content, tmp_path, corrupt, message
):
    buffer = io.BytesIO(weight_file_content)
    with h5py.File(buffer, "r+") as file:
        corrupt(EditableWeights(file, tmp_path / "other"))
    with pytest.raises(ModelError, match=f"does not fit it: .*{message}") as excinfo:
        add(empty_store, buffer.getvalue())
    assert "layers/conv2d" in str(excinfo.value) or "more" in str(excinfo.value)
    assert empty_store.ids() == []


def test_too_many_groups_are_rejected(empty_store, weight_file_content):
    buffer = io.BytesIO(weight_file_content)
    with h5py.File(buffer, "r+") as file:
        for number in range(20_001):
            file.create_group(f"g{number}")
    with pytest.raises(ModelError, match="more than 20,000 objects"):
        add(empty_store, buffer.getvalue())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_file_is_rejected(empty_store, weight_file_content, share):
    with pytest.raises(ModelError, match="damaged or cut off"):
        add(empty_store, weight_file_content[: int(len(weight_file_content) * share)])


def test_crash_of_the_worker_process_is_an_error(empty_store, weight_file_content, monkeypatch):
    monkeypatch.setattr("fracture_core.registry.weight_check._WORKER", "fracture_core.missing_module")
    with pytest.raises(ModelError, match="crashed the process"):
        add(empty_store, weight_file_content)


# ---- whole Keras models ----


@pytest.fixture(scope="module")
def whole_model_content(weight_file_content, tmp_path_factory) -> bytes:
    """The network of `weight_file_content` as a whole compiled model with its optimizer."""
    folder = tmp_path_factory.mktemp("whole")
    architecture = find_architecture("four_block")
    model = architecture.build(architecture.at_size(SIZE))
    (folder / "mine.weights.h5").write_bytes(weight_file_content)
    model.load_weights(folder / "mine.weights.h5")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    model.save(folder / "mine.keras")
    return (folder / "mine.keras").read_bytes()


def repacked(whole: bytes, **changed) -> bytes:
    """The zip with members replaced, added, or removed (None)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(buffer, "w") as new:
        members = {name: old.read(name) for name in old.namelist()} | changed
        for name, content in members.items():
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def with_config(whole: bytes, edit) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        config = json.loads(file.read("config.json"))
    edit(config)
    return repacked(whole, **{"config.json": json.dumps(config)})


def test_only_the_weights_of_a_whole_model_are_used(empty_store, weight_file_content, whole_model_content):
    add(empty_store, weight_file_content, model_id="numbers")
    assert add(empty_store, whole_model_content, file_name="Müller.keras") == "mine"
    card = empty_store.card("mine")
    assert card.golden == empty_store.card("numbers").golden
    assert card.loaded.file == "uploaded.keras"
    assert card.loaded.sha256 == hashlib.sha256(whole_model_content).hexdigest()
    assert empty_store.card("numbers").loaded.sha256 == hashlib.sha256(weight_file_content).hexdigest()
    assert card.loaded.sha256 in (empty_store.root / "mine" / "README.md").read_text("utf-8")
    # Without the optimizer's state, twice as large as the weights.
    assert card.weights.bytes < 0.5 * len(whole_model_content)
    assert empty_store.verify("mine") < 1e-5
    assert "Müller" not in (empty_store.root / "mine" / "card.json").read_text("utf-8")


def _fail_if_called(*_args, **_kwargs):
    pytest.fail("a network was created from the file")


@pytest.fixture
def _forbid_deserialisation(monkeypatch):
    """Fail the test if Keras deserialises a model."""
    for name in (
        "keras.saving.load_model",
        "keras.saving.deserialize_keras_object",
        "keras.models.load_model",
    ):
        monkeypatch.setattr(name, _fail_if_called)


def _lambda(config: dict) -> None:
    config["config"]["layers"][1] |= {
        "class_name": "Lambda",
        "name": "evil",
        "config": {"name": "evil", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}},
    }


def _custom(config: dict) -> None:
    config["config"]["layers"][1] |= {"module": "evil.layers", "class_name": "Runs", "name": "first"}


def _registered(config: dict) -> None:
    config["config"]["layers"][1] |= {"registered_name": "evil>Runs", "name": "first"}


def _function(config: dict) -> None:
    config["compile_config"]["loss"] = {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system",
    }  # fmt: skip


def _layer(**values):
    """Return a function that changes the first layer of a configuration."""

    def edit(config: dict) -> None:
        config["config"]["layers"][1] |= values

    return edit


def _python_function(config: dict) -> None:
    config["config"]["layers"][1]["config"]["activation"] = {
        "module": "subprocess", "class_name": "function", "config": "run", "registered_name": "function",
    }  # fmt: skip


# The configurations of published advisories. A canary file in the folder of the test would be read or created.
_CANARY = "canary"
_ADVISORIES = {
    "CVE-2024-3660": _lambda,
    "CVE-2025-1550": _python_function,
    "GHSA-pwq7-2gvj-vg9v": _layer(module="builtins.os", class_name="system", name="first"),
    "CVE-2026-1462": _layer(
        class_name="TFSMLayer",
        name="first",
        config={"name": "first", "filepath": _CANARY, "call_endpoint": "serve"},
    ),
    "CVE-2026-12479": _layer(name=f"../../{_CANARY}"),
    "CVE-2026-12481": _layer(
        module="keras.src.models.cloning",
        class_name="clone_model",
        registered_name="evil>clone",
        name="first",
    ),
}


@pytest.mark.usefixtures("_forbid_deserialisation")
@pytest.mark.parametrize("advisory", _ADVISORIES)
def test_whole_model_of_an_advisory_is_refused_and_reads_nothing(
    empty_store, whole_model_content, advisory, tmp_path, monkeypatch
):
    (tmp_path / "place").mkdir()
    monkeypatch.chdir(tmp_path / "place")
    opened = []
    sys.addaudithook(
        lambda event, arguments: (
            opened.append(str(arguments[0])) if event == "open" and _CANARY in str(arguments[0]) else None
        )
    )
    with pytest.raises(ModelError, match=r"do not use this model|executes code|needs code"):
        add(empty_store, with_config(whole_model_content, _ADVISORIES[advisory]), file_name="mine.keras")
    assert empty_store.ids() == []
    assert opened == []
    assert [path.name for path in tmp_path.rglob(f"*{_CANARY}*")] == []


@pytest.mark.usefixtures("_forbid_deserialisation")
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_lambda, "contains the Lambda layer 'evil', which executes code"),
        (_custom, r"custom object 'Runs' \('first'\)"),
        (_registered, r"custom object '.*' \('first'\)"),
        (_function, r"custom object 'function' \('system'\)"),
    ],
)
def test_code_in_a_whole_model_is_rejected(empty_store, whole_model_content, edit, message):
    with pytest.raises(ModelError, match=message):
        add(empty_store, with_config(whole_model_content, edit), file_name="mine.keras")
    assert empty_store.ids() == []


@pytest.mark.usefixtures("_forbid_deserialisation")
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"archive/data.pkl": pickle.dumps(MaliciousPickle())},
            "contains 'archive/data.pkl', a pickle file as written by PyTorch",
        ),
        ({"config.json": None}, "mine.keras does not contain config.json"),
        ({"config.json": "{"}, "is not valid JSON"),
        ({"config.json": "[" * 100_000}, "mine.keras is damaged|is not valid JSON"),
        ({"model.weights.h5": None}, "mine.keras does not contain model.weights.h5"),
        ({"model.weights.h5": b"no weights"}, "does not fit it: it is damaged"),
    ],
)
def test_manipulated_whole_model_is_rejected(
    empty_store, whole_model_content, changed, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=message):
        add(empty_store, repacked(whole_model_content, **changed), file_name="mine.keras")
    assert empty_store.ids() == []
    assert not (tmp_path / "exploded").exists()


def test_truncated_whole_model_is_rejected(empty_store, whole_model_content, weight_file_content):
    with pytest.raises(ModelError, match="is damaged or not a zip file"):
        add(empty_store, whole_model_content[: len(whole_model_content) // 2], file_name="mine.keras")
    with pytest.raises(ModelError, match="is not a zip file"):
        add(empty_store, weight_file_content, file_name="mine.keras")


@pytest.mark.parametrize("corrupt", [*crafted_zips.DAMAGED, *crafted_zips.METHODS])
def test_crafted_whole_model_is_a_clear_error(empty_store, whole_model_content, corrupt):
    with pytest.raises(ModelError, match=r"damaged or not a zip file|compressed by an unsupported method"):
        add(empty_store, corrupt(whole_model_content), file_name="mine.keras")
    assert empty_store.ids() == []


@pytest.mark.parametrize("copies", [0, 1])
def test_full_temporary_disk_is_a_clear_error(empty_store, whole_model_content, monkeypatch, copies):
    """The disk is full when the upload is stored, or when its weights are extracted."""
    copyfileobj, copied = shutil.copyfileobj, []

    def fail_with_full_disk(*args):
        if len(copied) == copies:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        copied.append(copyfileobj(*args))

    monkeypatch.setattr(shutil, "copyfileobj", fail_with_full_disk)
    with pytest.raises(ModelError, match=r"the temporary folder: the disk is full"):
        add(empty_store, whole_model_content, file_name="mine.keras")


def test_file_type_is_detected_from_the_content(empty_store, whole_model_content):
    """A PyTorch zip and a pickle with the suffix of a weight file."""
    with pytest.raises(ModelError, match="a pickle file as written by PyTorch"):
        add(empty_store, repacked(whole_model_content, **{"state/data.pkl": b""}))
    with pytest.raises(ModelError, match="a pickle file, which executes code when it is opened"):
        add(empty_store, pickle.dumps({"conv.weight": 1}), file_name="mine.keras")


def test_weights_of_another_size_or_architecture_are_rejected(empty_store, weight_file_content):
    with pytest.raises(ModelError, match="choose the architecture and size"):
        add(empty_store, weight_file_content, size=96)
    with pytest.raises(ModelError, match="choose the architecture and size"):
        add_weights(
            empty_store, io.BytesIO(weight_file_content), "a.weights.h5", "mine", "mobilenet_v2", SIZE
        )
    with pytest.raises(ModelError, match="multiple of 32"):
        add(empty_store, weight_file_content, size=100)
    assert empty_store.ids() == []


def test_weights_with_undefined_output_are_rejected(empty_store, tmp_path):
    architecture = find_architecture("four_block")
    model = architecture.build(architecture.at_size(SIZE))
    model.set_weights([np.full_like(value, np.nan) for value in model.get_weights()])
    path = tmp_path / "nan.weights.h5"
    model.save_weights(path)
    with pytest.raises(ModelError, match="diverged"):
        add(empty_store, path.read_bytes())


@pytest.mark.parametrize("model_id", ["", "../up", "a/b", "a b", ".hidden", "ü", "x" * 65])
def test_invalid_name_is_refused(empty_store, weight_file_content, model_id):
    with pytest.raises(ModelError, match="a model name of at most 64 letters, digits"):
        add(empty_store, weight_file_content, model_id=model_id)


def test_taken_name_is_an_error(empty_store, weight_file_content):
    add(empty_store, weight_file_content)
    with pytest.raises(ModelError, match="already exists"):
        add(empty_store, weight_file_content, model_id="MINE")
