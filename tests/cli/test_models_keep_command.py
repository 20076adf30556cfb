"""The commands `models load`, `export`, `import`, `rename` and `delete`."""

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
    result = command("models", "export", "tiny", "--to", tmp_path / "out.zip", "--without-films")
    assert (result.status, result.out) == (0, f"tiny is written to {tmp_path / 'out.zip'}\n")
    assert "tiny/predictions.csv" not in zipfile.ZipFile(tmp_path / "out.zip").namelist()
    result = command("models", "import", tmp_path / "out.zip", "--name", "again")
    assert result.status == 0
    assert result.out.startswith("again is added: its files match its card")
    assert store.ids() == ["again", "tiny"]
    result = command("models", "import", tmp_path / "out.zip")
    assert (result.status, result.out) == (1, "")
    assert "A model named tiny already exists" in result.err
    result = command("models", "export", "gone", "--to", tmp_path / "out")
    assert result.status == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("zeta")
def test_rename(command, store):
    assert command("models", "rename", "tiny", "mine").out == "tiny is now mine.\n"
    assert (store.ids(), store.model_in_use()) == (["mine", "zeta"], "mine")
    assert "A model named mine already exists" in command("models", "rename", "zeta", "mine").err


@pytest.mark.usefixtures("zeta")
@pytest.mark.parametrize(("answer", "left"), [("y", ["tiny"]), ("yes", ["tiny"]), ("", ["tiny", "zeta"])])
def test_delete_asks(command, store, monkeypatch, answer, left):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _asked: answer)
    assert command("models", "delete", "zeta").status == 0
    assert store.ids() == left


@pytest.mark.usefixtures("zeta")
def test_delete_without_a_terminal(command, store: ModelStore, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    result = command("models", "delete", "zeta")
    assert result.status == 1
    assert "no terminal to ask on. Add --yes" in result.err
    assert "tiny is in use" in command("models", "delete", "tiny", "--yes").err
    assert command("models", "delete", "zeta", "--yes").out == "zeta is deleted.\n"
    assert store.ids() == ["tiny"]


def test_load(command, store, tmp_path):
    path = tmp_path / "mine.weights.h5"
    shutil.copy(store.root / "tiny" / "four_block.weights.h5", path)
    arguments = ("--architecture", "four_block", "--name", "mine", "--size")
    result = command("models", "load", path, *arguments, 96)
    assert (result.status, result.out) == (1, "")
    assert "does not fit it: layers/" in result.err
    result = command("models", "load", path, *arguments, 64)
    assert result.status == 0
    assert result.out.startswith("mine is added: its weights fit")
    assert store.card("mine").weights.sha256 == store.card("tiny").weights.sha256
    result = command("models", "load", tmp_path / "gone.weights.h5", *arguments, 64)
    assert result.status == 1
    assert "Cannot read" in result.err
    shutil.copy(path, tmp_path / "mine.pt")
    assert "PyTorch state dict" in command("models", "load", tmp_path / "mine.pt", *arguments, 64).err
