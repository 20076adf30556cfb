"""Export and import of models, with validation of untrusted archives."""

import errno
import hashlib
import io
import json
import os
import shutil
import stat
import tempfile
import zipfile
from dataclasses import replace

import crafted_zips
import numpy as np
import pytest

from fracture_core.errors import SecondLookError
from fracture_core.registry.model_archive import export_model, import_model, model_as_zip
from fracture_core.registry.store import ModelStore

WEIGHTS = "four_block.weights.h5"


@pytest.fixture
def target_store(tmp_path) -> ModelStore:
    """A store on another computer."""
    return ModelStore(tmp_path / "target_store")


@pytest.fixture
def exported_files(store) -> dict[str, bytes]:
    """The exported files of `tiny`, by path in the zip."""
    with zipfile.ZipFile(io.BytesIO(model_as_zip(store, "tiny"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def import_files(target_store, tmp_path):
    """Return a function that packs files and imports the zip."""

    def pack_and_import(parts: dict, **options) -> str:
        path = tmp_path / "model.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return import_model(target_store, path, **options)

    return pack_and_import


@pytest.mark.parametrize("name", ["model.zip", "folder"])
def test_round_trip(store, target_store, tmp_path, name):
    to = export_model(store, "tiny", tmp_path / name)
    assert to == (tmp_path / name if name.endswith("zip") else tmp_path / name / "tiny")
    assert import_model(target_store, to) == "tiny"
    # The network is exported anew from the weights.
    assert replace(target_store.card("tiny"), network=None) == replace(store.card("tiny"), network=None)
    assert target_store.predictions("tiny").equals(store.predictions("tiny"))
    assert (target_store.root / "tiny" / WEIGHTS).read_bytes() == (store.root / "tiny" / WEIGHTS).read_bytes()
    assert (target_store.root / "tiny" / "README.md").read_text("utf-8").startswith("# Four-block CNN")
    assert target_store.verify("tiny") < 1e-4
    # No temporary files are left.
    assert [path.name for path in target_store.root.iterdir()] == ["tiny"]


def test_export_without_predictions_and_import_under_another_name(store, target_store, tmp_path):
    to = export_model(store, "tiny", tmp_path / "model.zip", with_predictions=False)
    with zipfile.ZipFile(to) as archive:
        assert sorted(archive.namelist()) == [f"tiny/{name}" for name in ("README.md", "card.json", WEIGHTS)]
    assert import_model(target_store, to, model_id="other") == "other"
    assert target_store.card("other").id == "other"
    assert "models verify other" in (target_store.root / "other" / "README.md").read_text("utf-8")


def test_shipped_model_is_exported_with_its_auxiliary_heads(shipped_models, target_store, tmp_path):
    shipped = ModelStore(shipped_models)
    name = shipped.ids()[0]
    assert import_model(target_store, export_model(shipped, name, tmp_path / "model.zip")) == name
    assert target_store.heads(name) is not None
    # The neighbour index names training images and is not exported.
    assert target_store.neighbours(name) is None


def test_changed_model_is_not_exported(store, tmp_path):
    path = store.root / "tiny" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SecondLookError, match="was changed"):
        export_model(store, "tiny", tmp_path / "model.zip")
    assert [each.name for each in tmp_path.iterdir()] == ["models"]


def test_existing_files_are_not_overwritten(store, tmp_path):
    export_model(store, "tiny", tmp_path / "out")
    with pytest.raises(SecondLookError, match="already exists"):
        export_model(store, "tiny", tmp_path / "out")
    with pytest.raises(SecondLookError, match="Could not write to"):
        export_model(store, "tiny", tmp_path / "out" / "tiny" / "card.json" / "model.zip")


def with_card_values(parts: dict[str, bytes], **changes) -> dict[str, bytes]:
    card = json.loads(parts["tiny/card.json"])
    return parts | {"tiny/card.json": json.dumps({**card, **changes}).encode()}


def with_weights(parts: dict[str, bytes], content: bytes) -> dict[str, bytes]:
    """Replace the weights and their hash in the card."""
    file_record = {"file": WEIGHTS, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return with_card_values(parts, weights=file_record) | {f"tiny/{WEIGHTS}": content}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"golden": 3.0}, "The reference prediction of model differs from its card by"),
        ({"architecture": "os"}, "Unknown architecture"),
        ({"architecture": ["four_block"]}, "model card .* is not valid"),
        ({"golden": "1"}, "model card .* is not valid"),
        ({"title": None}, "model card .* is not valid"),
        ({"limits": [1]}, "model card .* is not valid"),
        ({"id": "../../evil"}, "Expected a model name of at most 64 letters"),
        ({"heatmap_layer": "gone"}, "has no layer 'gone'"),
        ({"input": {"height": 10**6, "width": 10**6, "channels": 1}}, "height must be from 1 to 4096"),
        ({"input": {"height": 64, "width": 128, "channels": 1}}, "describes another input"),
        ({"input": {"height": "64", "width": 64}}, "model card .* is not valid"),
        ({"labels": ["fracture", "no_fracture"]}, "would report fractures as normal"),
        ({"weights": {"file": f"../{WEIGHTS}", "sha256": "0" * 64, "bytes": 1}}, "refers to a file outside"),
        ({"weights": {"file": "card.json", "sha256": "0" * 64, "bytes": 1}}, "refers to a file outside"),
        ({"weights": {"file": 1, "sha256": "0" * 64, "bytes": 1}}, "model card .* is not valid"),
        ({"weights": {"file": WEIGHTS, "sha256": "0" * 64, "bytes": 1}}, "was changed"),
    ],
)  # fmt: skip
def test_invalid_card_values_are_refused(exported_files, import_files, target_store, changes, message):
    with pytest.raises(SecondLookError, match=message):
        import_files(with_card_values(exported_files, **changes))
    assert target_store.ids() == []


def test_invalid_weights_with_a_matching_hash_are_refused(exported_files, import_files):
    with pytest.raises(SecondLookError, match="does not fit it: it is damaged"):
        import_files(with_weights(exported_files, exported_files[f"tiny/{WEIGHTS}"][:-5000]))
    with pytest.raises(SecondLookError, match="does not fit it: it is damaged"):
        import_files(with_weights(exported_files, b"\x80\x04 code"))


def test_predictions_with_a_path_outside_the_data_folder_are_refused(exported_files, import_files):
    table = exported_files["tiny/predictions.csv"].replace(b",fractured/", b",../fractured/")
    with pytest.raises(SecondLookError, match="a path relative to the data folder"):
        import_files(exported_files | {"tiny/predictions.csv": table})


@pytest.mark.parametrize("missing", ["card.json", WEIGHTS])
def test_incomplete_archive_is_refused(exported_files, import_files, missing):
    del exported_files[f"tiny/{missing}"]
    with pytest.raises(SecondLookError, match=missing):
        import_files(exported_files)


def test_other_files_are_ignored(exported_files, import_files, target_store):
    import_files(
        exported_files
        | {"tiny/evil.py": b"raise SystemExit", "../up.txt": b"", "/tmp/abs.txt": b"", "__MACOSX/x": b""}
    )
    assert sorted(path.name for path in (target_store.root / "tiny").iterdir()) == [
        "README.md", "card.json", WEIGHTS, "network.tflite", "predictions.csv",
    ]  # fmt: skip


def test_two_models_links_and_files_that_are_not_zips_are_refused(
    exported_files, import_files, target_store, tmp_path
):
    with pytest.raises(SecondLookError, match=r"contains 2 files named card\.json"):
        import_files(exported_files | {"other/card.json": b"{}"})
    link = zipfile.ZipInfo(f"tiny/{WEIGHTS}")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "linked.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny/card.json", exported_files["tiny/card.json"])
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SecondLookError, match="is a link or encrypted"):
        import_model(target_store, path)
    path.write_bytes(b"no zip")
    with pytest.raises(SecondLookError, match="Mine is damaged or not a zip file"):
        import_model(target_store, path, "Mine")
    with pytest.raises(SecondLookError, match="There is no exported model at"):
        import_model(target_store, tmp_path / "gone")


def test_link_in_a_folder_is_not_followed(store, target_store, tmp_path):
    folder = export_model(store, "tiny", tmp_path)
    shutil.move(folder / WEIGHTS, tmp_path / WEIGHTS)
    (folder / WEIGHTS).symlink_to(tmp_path / WEIGHTS)
    with pytest.raises(SecondLookError, match=f"tiny does not contain {WEIGHTS}"):
        import_model(target_store, folder)


def test_taken_name_is_an_error(exported_files, import_files, target_store):
    import_files(exported_files)
    with pytest.raises(SecondLookError, match="tiny already exists"):
        import_files(exported_files)
    assert import_files(exported_files, model_id="again") == "again"


def with_heads(parts: dict[str, bytes], content: bytes) -> dict[str, bytes]:
    file_record = {"file": "heads.npz", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return with_card_values(parts, heads=file_record) | {"tiny/heads.npz": content}


def npz(**arrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def npz_with_declared_shape(shape: tuple[int, ...]) -> bytes:
    """A file with an array that declares a shape but has no data."""
    header, content = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("region_weight.npy", header.getvalue())
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no arrays", "heads.npz is not a valid file of arrays"),
        (npz(a=np.array([{"code": 1}], dtype=object)), "contains objects"),
        (npz_with_declared_shape((10**6, 10**6)), "has too many values"),
        (npz_with_declared_shape((3, 4)), "does not have its declared size"),
        (npz(a=np.zeros(3)), "The auxiliary heads"),
    ],
)
def test_invalid_auxiliary_heads_are_refused(exported_files, import_files, content, message):
    with pytest.raises(SecondLookError, match=message):
        import_files(with_heads(exported_files, content))


def test_auxiliary_heads_of_another_network_are_refused(exported_files, import_files, shipped_models):
    content = next(shipped_models.glob("*/heads.npz")).read_bytes()
    with pytest.raises(
        SecondLookError,
        match="auxiliary heads of tiny do not fit its network",
    ):
        import_files(with_heads(exported_files, content))


@pytest.mark.parametrize("corrupt", [*crafted_zips.DAMAGED, *crafted_zips.METHODS])
@pytest.mark.parametrize("in_memory", [True, False])
def test_crafted_zip_is_a_clear_error(store, target_store, tmp_path, corrupt, in_memory):
    content = corrupt(model_as_zip(store, "tiny"))
    (tmp_path / "model.zip").write_bytes(content)
    with pytest.raises(
        SecondLookError,
        match=r"Mine is damaged or not a zip file|in Mine is compressed by an unsupported method",
    ):
        import_model(target_store, io.BytesIO(content) if in_memory else tmp_path / "model.zip", "Mine")
    assert not target_store.root.exists() or target_store.ids() == []


@pytest.mark.parametrize("corrupt", [*crafted_zips.DAMAGED, *crafted_zips.METHODS])
def test_crafted_auxiliary_heads_are_a_clear_error(exported_files, import_files, corrupt):
    with pytest.raises(SecondLookError, match=r"heads\.npz is not a valid file of arrays"):
        import_files(with_heads(exported_files, corrupt(npz(a=np.zeros(3)))))


def test_import_of_a_zip_in_memory(store, target_store):
    assert import_model(target_store, io.BytesIO(model_as_zip(store, "tiny")), "model.zip") == "tiny"


def _fail_with_full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["mkdtemp", "copyfileobj"])
def test_full_temporary_disk_is_a_clear_error(store, target_store, monkeypatch, step):
    content = model_as_zip(store, "tiny")
    monkeypatch.setattr(tempfile if step == "mkdtemp" else shutil, step, _fail_with_full_disk)
    with pytest.raises(SecondLookError, match="the temporary folder: the disk is full"):
        import_model(target_store, io.BytesIO(content), "model.zip")
