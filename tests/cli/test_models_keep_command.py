"""`models export|import|rename|delete` from the command line."""

import shutil
import zipfile

import pytest

from fracture_core.registry.store import ModelStore


@pytest.fixture(autouse=True)
def _runs(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def zeta(store):
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    (store.root / "in_use.json").write_text('{"model": "tiny"}')


def test_export_and_import(command, store, tmp_path):
    said = command("models", "export", "tiny", "--to", tmp_path / "out.zip", "--without-films")
    assert (said.status, said.out) == (0, f"tiny is written to {tmp_path / 'out.zip'}\n")
    assert "tiny/predictions.csv" not in zipfile.ZipFile(tmp_path / "out.zip").namelist()
    said = command("models", "import", tmp_path / "out.zip", "--name", "again")
    assert said.status == 0
    assert said.out.startswith("again is added: it is what its card says")
    assert store.ids() == ["again", "tiny"]
    said = command("models", "import", tmp_path / "out.zip")
    assert (said.status, said.out) == (1, "")
    assert "tiny already exists" in said.err
    said = command("models", "export", "gone", "--to", tmp_path / "out")
    assert said.status == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("zeta")
def test_rename(command, store):
    assert command("models", "rename", "tiny", "mine").out == "tiny is now mine.\n"
    assert (store.ids(), store.model_in_use()) == (["mine", "zeta"], "mine")
    assert "already exists" in command("models", "rename", "zeta", "mine").err


@pytest.mark.usefixtures("zeta")
@pytest.mark.parametrize(("answer", "left"), [("y", ["tiny"]), ("yes", ["tiny"]), ("", ["tiny", "zeta"])])
def test_delete_asks(command, store, monkeypatch, answer, left):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _asked: answer)
    assert command("models", "delete", "zeta").status == 0
    assert store.ids() == left


@pytest.mark.usefixtures("zeta")
def test_delete_without_anybody_to_ask(command, store: ModelStore, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    said = command("models", "delete", "zeta")
    assert said.status == 1
    assert "nobody can be asked: add --yes" in said.err
    assert "tiny is in use" in command("models", "delete", "tiny", "--yes").err
    assert command("models", "delete", "zeta", "--yes").out == "zeta is deleted.\n"
    assert store.ids() == ["tiny"]


def test_load(command, store, tmp_path):
    path = tmp_path / "mine.weights.h5"
    shutil.copy(store.root / "tiny" / "four_block.weights.h5", path)
    words = ("--architecture", "four_block", "--name", "mine", "--size")
    said = command("models", "load", path, *words, 96)
    assert (said.status, said.out) == (1, "")
    assert "does not fit it: layers/" in said.err
    said = command("models", "load", path, *words, 64)
    assert said.status == 0
    assert said.out.startswith("mine is added: its weights fit")
    assert store.card("mine").weights.sha256 == store.card("tiny").weights.sha256
    said = command("models", "load", tmp_path / "gone.weights.h5", *words, 64)
    assert said.status == 1
    assert "the disk said" in said.err
    shutil.copy(path, tmp_path / "mine.pt")
    assert "PyTorch state dict" in command("models", "load", tmp_path / "mine.pt", *words, 64).err
