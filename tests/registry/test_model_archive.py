"""Models on their way: what arrives is what was sent, and nothing else is taken in."""

import errno
import hashlib
import io
import json
import os
import shutil
import stat
import tempfile
import zipfile

import crafted_zips
import numpy as np
import pytest

from fracture_core.errors import SecondLookError
from fracture_core.registry.model_archive import export_model, import_model, model_as_zip
from fracture_core.registry.store import ModelStore

WEIGHTS = "four_block.weights.h5"


@pytest.fixture
def elsewhere(tmp_path) -> ModelStore:
    """The store of another computer."""
    return ModelStore(tmp_path / "elsewhere")


@pytest.fixture
def parts(store) -> dict[str, bytes]:
    """The files of `tiny` as they are exported, by their path in the zip."""
    with zipfile.ZipFile(io.BytesIO(model_as_zip(store, "tiny"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def arrive(elsewhere, tmp_path):
    """Packs files, and takes the zip in."""

    def take_in(parts: dict, **named) -> str:
        path = tmp_path / "model.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return import_model(elsewhere, path, **named)

    return take_in


@pytest.mark.parametrize("name", ["model.zip", "folder"])
def test_round_trip(store, elsewhere, tmp_path, name):
    to = export_model(store, "tiny", tmp_path / name)
    assert to == (tmp_path / name if name.endswith("zip") else tmp_path / name / "tiny")
    assert import_model(elsewhere, to) == "tiny"
    assert elsewhere.card("tiny") == store.card("tiny")
    assert elsewhere.predictions("tiny").equals(store.predictions("tiny"))
    assert (elsewhere.root / "tiny" / WEIGHTS).read_bytes() == (store.root / "tiny" / WEIGHTS).read_bytes()
    assert (elsewhere.root / "tiny" / "README.md").read_text("utf-8").startswith("# Four-block CNN")
    assert elsewhere.verify("tiny") < 1e-4
    # Nothing is left beside it.
    assert [path.name for path in elsewhere.root.iterdir()] == ["tiny"]


def test_it_comes_under_another_name_and_without_its_films(store, elsewhere, tmp_path):
    to = export_model(store, "tiny", tmp_path / "model.zip", films=False)
    with zipfile.ZipFile(to) as archive:
        assert sorted(archive.namelist()) == [f"tiny/{name}" for name in ("README.md", "card.json", WEIGHTS)]
    assert import_model(elsewhere, to, model_id="other") == "other"
    assert elsewhere.card("other").id == "other"
    assert "models verify other" in (elsewhere.root / "other" / "README.md").read_text("utf-8")


def test_the_second_heads_and_the_shipped_model_travel(shipped_models, elsewhere, tmp_path):
    shipped = ModelStore(shipped_models)
    name = shipped.ids()[0]
    assert import_model(elsewhere, export_model(shipped, name, tmp_path / "model.zip")) == name
    assert elsewhere.heads(name) is not None
    # Which films it learnt from stays behind.
    assert elsewhere.neighbours(name) is None


def test_an_altered_model_is_not_exported(store, tmp_path):
    path = store.root / "tiny" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SecondLookError, match="was changed"):
        export_model(store, "tiny", tmp_path / "model.zip")
    assert [each.name for each in tmp_path.iterdir()] == ["models"]


def test_nothing_is_written_over(store, tmp_path):
    export_model(store, "tiny", tmp_path / "out")
    with pytest.raises(SecondLookError, match="is there already"):
        export_model(store, "tiny", tmp_path / "out")
    with pytest.raises(SecondLookError, match="the disk said"):
        export_model(store, "tiny", tmp_path / "out" / "tiny" / "card.json" / "model.zip")


def edited(parts: dict[str, bytes], **changes) -> dict[str, bytes]:
    card = json.loads(parts["tiny/card.json"])
    return parts | {"tiny/card.json": json.dumps({**card, **changes}).encode()}


def with_weights(parts: dict[str, bytes], content: bytes) -> dict[str, bytes]:
    """Other weights, with a card that fits them: the sender wrote both."""
    named = {"file": WEIGHTS, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return edited(parts, weights=named) | {f"tiny/{WEIGHTS}": content}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"golden": 3.0}, "for the golden pattern, but it is off by"),
        ({"architecture": "os"}, "Expected an architecture out of"),
        ({"architecture": ["four_block"]}, "Expected a complete model card"),
        ({"golden": "1"}, "Expected a complete model card"),
        ({"title": None}, "Expected a complete model card"),
        ({"limits": [1]}, "Expected a complete model card"),
        ({"id": "../../evil"}, "Expected a model name of letters"),
        ({"heatmap_layer": "gone"}, "to name a layer of its network"),
        ({"input": {"height": 10**6, "width": 10**6, "channels": 1}}, "an input size that is a multiple"),
        ({"input": {"height": 64, "width": 128, "channels": 1}}, "describes another"),
        ({"input": {"height": "64", "width": 64}}, "Expected a complete model card"),
        ({"labels": ["fracture", "no_fracture"]}, "would call fractures healthy"),
        ({"weights": {"file": f"../{WEIGHTS}", "sha256": "0" * 64, "bytes": 1}}, "Expected weights beside the card"),
        ({"weights": {"file": "card.json", "sha256": "0" * 64, "bytes": 1}}, "Expected weights beside the card"),
        ({"weights": {"file": 1, "sha256": "0" * 64, "bytes": 1}}, "Expected a complete model card"),
        ({"weights": {"file": WEIGHTS, "sha256": "0" * 64, "bytes": 1}}, "was changed"),
    ],
)  # fmt: skip
def test_a_card_that_lies_is_refused(parts, arrive, elsewhere, changes, said):
    with pytest.raises(SecondLookError, match=said):
        arrive(edited(parts, **changes))
    assert elsewhere.ids() == []


def test_weights_that_do_not_fit_are_refused_although_the_card_knows_them(parts, arrive):
    with pytest.raises(SecondLookError, match="does not fit it: it is damaged"):
        arrive(with_weights(parts, parts[f"tiny/{WEIGHTS}"][:-5000]))
    with pytest.raises(SecondLookError, match="does not fit it: it is damaged"):
        arrive(with_weights(parts, b"\x80\x04 code"))


def test_a_table_of_films_that_leads_elsewhere_is_refused(parts, arrive):
    table = parts["tiny/predictions.csv"].replace(b",fractured/", b",../fractured/")
    with pytest.raises(SecondLookError, match="a path relative to the data folder"):
        arrive(parts | {"tiny/predictions.csv": table})


@pytest.mark.parametrize("missing", ["card.json", WEIGHTS])
def test_an_incomplete_parcel_is_refused(parts, arrive, missing):
    del parts[f"tiny/{missing}"]
    with pytest.raises(SecondLookError, match=missing):
        arrive(parts)


def test_what_belongs_to_no_model_is_left_out(parts, arrive, elsewhere):
    arrive(
        parts
        | {"tiny/evil.py": b"raise SystemExit", "../up.txt": b"", "/tmp/abs.txt": b"", "__MACOSX/x": b""}
    )
    assert sorted(path.name for path in (elsewhere.root / "tiny").iterdir()) == [
        "README.md", "card.json", WEIGHTS, "predictions.csv",
    ]  # fmt: skip


def test_two_models_links_and_what_is_no_zip_are_refused(parts, arrive, elsewhere, tmp_path):
    with pytest.raises(SecondLookError, match=r"holds 2 files named card\.json"):
        arrive(parts | {"other/card.json": b"{}"})
    link = zipfile.ZipInfo(f"tiny/{WEIGHTS}")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "linked.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny/card.json", parts["tiny/card.json"])
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SecondLookError, match="it is a link or encrypted"):
        import_model(elsewhere, path)
    path.write_bytes(b"no zip")
    with pytest.raises(SecondLookError, match="Mine is damaged or none"):
        import_model(elsewhere, path, "Mine")
    with pytest.raises(SecondLookError, match="there is nothing at"):
        import_model(elsewhere, tmp_path / "gone")


def test_a_link_in_a_folder_is_not_followed(store, elsewhere, tmp_path):
    folder = export_model(store, "tiny", tmp_path)
    shutil.move(folder / WEIGHTS, tmp_path / WEIGHTS)
    (folder / WEIGHTS).symlink_to(tmp_path / WEIGHTS)
    with pytest.raises(SecondLookError, match=f"Expected {WEIGHTS} in tiny, but there is none"):
        import_model(elsewhere, folder)


def test_a_taken_name_is_refused(parts, arrive, elsewhere):
    arrive(parts)
    with pytest.raises(SecondLookError, match="tiny is here already"):
        arrive(parts)
    assert arrive(parts, model_id="again") == "again"


def heads_of(parts: dict[str, bytes], content: bytes) -> dict[str, bytes]:
    named = {"file": "heads.npz", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return edited(parts, heads=named) | {"tiny/heads.npz": content}


def npz(**arrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def announcing(shape: tuple[int, ...]) -> bytes:
    """An array that announces a shape and holds nothing."""
    header, content = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("region_weight.npy", header.getvalue())
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no arrays", "Expected plain arrays in heads.npz"),
        (npz(a=np.array([{"code": 1}], dtype=object)), "holds objects"),
        (announcing((10**6, 10**6)), "is not as large as it says"),
        (npz(a=np.zeros(3)), "Expected the second heads"),
    ],
)
def test_second_heads_that_are_none_are_refused(parts, arrive, content, said):
    with pytest.raises(SecondLookError, match=said):
        arrive(heads_of(parts, content))


def test_second_heads_of_another_network_are_refused(parts, arrive, shipped_models):
    content = next(shipped_models.glob("*/heads.npz")).read_bytes()
    with pytest.raises(SecondLookError, match="second heads that fit the network"):
        arrive(heads_of(parts, content))


@pytest.mark.parametrize("spoil", [*crafted_zips.DAMAGED, *crafted_zips.METHODS])
@pytest.mark.parametrize("in_memory", [True, False])
def test_crafted_zips_are_refused_in_a_sentence(store, elsewhere, tmp_path, spoil, in_memory):
    content = spoil(model_as_zip(store, "tiny"))
    (tmp_path / "model.zip").write_bytes(content)
    with pytest.raises(SecondLookError, match=r"Mine is damaged or none|in Mine packed as usual zips are"):
        import_model(elsewhere, io.BytesIO(content) if in_memory else tmp_path / "model.zip", "Mine")
    assert not elsewhere.root.exists() or elsewhere.ids() == []


@pytest.mark.parametrize("spoil", [*crafted_zips.DAMAGED, *crafted_zips.METHODS])
def test_crafted_second_heads_are_refused_in_a_sentence(parts, arrive, spoil):
    with pytest.raises(SecondLookError, match=r"Expected plain arrays in heads\.npz"):
        arrive(heads_of(parts, spoil(npz(a=np.zeros(3)))))


def test_a_zip_in_memory_is_taken(store, elsewhere):
    assert import_model(elsewhere, io.BytesIO(model_as_zip(store, "tiny")), "model.zip") == "tiny"


def _full(*_given, **_named):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["mkdtemp", "copyfileobj"])
def test_a_full_temporary_disk_is_told(store, elsewhere, monkeypatch, step):
    content = model_as_zip(store, "tiny")
    monkeypatch.setattr(tempfile if step == "mkdtemp" else shutil, step, _full)
    with pytest.raises(
        SecondLookError, match="temporary folder, but the disk said “No space left on device”"
    ):
        import_model(elsewhere, io.BytesIO(content), "model.zip")
