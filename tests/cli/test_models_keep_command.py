"""The commands `models load`, `export`, `import`, `rename` and `delete`."""

import shutil
import zipfile

import pytest

from fracture_core.registry.store import ModelStore

pytestmark = pytest.mark.usefixtures("runs_folder")


@pytest.fixture
def second_model_named_zeta(store):
    """A copy of `tiny` named `zeta`; `tiny` is in use."""
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    (store.root / "in_use.json").write_text('{"model": "tiny"}')


def test_export_and_import(run_command, store, tmp_path):
    result = run_command("models", "export", "tiny", "--to", tmp_path / "out.zip", "--without-films")
    assert (result.status, result.out) == (0, f"tiny is written to {tmp_path / 'out.zip'}\n")
    assert "tiny/predictions.csv" not in zipfile.ZipFile(tmp_path / "out.zip").namelist()
    result = run_command("models", "import", tmp_path / "out.zip", "--name", "again")
    assert result.status == 0
    assert result.out.startswith("again is added: its files match its card")
    assert store.ids() == ["again", "tiny"]
    result = run_command("models", "import", tmp_path / "out.zip")
    assert (result.status, result.out) == (1, "")
    assert "A model named tiny already exists" in result.err
    result = run_command("models", "export", "gone", "--to", tmp_path / "out")
    assert result.status == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("second_model_named_zeta")
def test_rename_changes_the_id_and_the_model_in_use(run_command, store):
    assert run_command("models", "rename", "tiny", "mine").out == "tiny is now mine.\n"
    assert (store.ids(), store.model_in_use()) == (["mine", "zeta"], "mine")
    assert "A model named mine already exists" in run_command("models", "rename", "zeta", "mine").err


@pytest.mark.usefixtures("second_model_named_zeta")
@pytest.mark.parametrize(
    ("answer", "remaining"), [("y", ["tiny"]), ("yes", ["tiny"]), ("", ["tiny", "zeta"])]
)
def test_delete_asks_for_confirmation(run_command, store, monkeypatch, answer, remaining):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _prompt: answer)
    assert run_command("models", "delete", "zeta").status == 0
    assert store.ids() == remaining


@pytest.mark.usefixtures("second_model_named_zeta")
def test_delete_without_a_terminal(run_command, store: ModelStore, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    result = run_command("models", "delete", "zeta")
    assert result.status == 1
    assert "no terminal to ask on. Add --yes" in result.err
    assert "tiny is in use" in run_command("models", "delete", "tiny", "--yes").err
    assert run_command("models", "delete", "zeta", "--yes").out == "zeta is deleted.\n"
    assert store.ids() == ["tiny"]


def test_load_adds_weights_that_fit(run_command, store, tmp_path):
    path = tmp_path / "mine.weights.h5"
    shutil.copy(store.root / "tiny" / "four_block.weights.h5", path)
    arguments = ("--architecture", "four_block", "--name", "mine", "--size")
    result = run_command("models", "load", path, *arguments, 96)
    assert (result.status, result.out) == (1, "")
    assert "does not fit it: layers/" in result.err
    result = run_command("models", "load", path, *arguments, 64)
    assert result.status == 0
    assert result.out.startswith("mine is added: its weights fit")
    assert store.card("mine").weights.sha256 == store.card("tiny").weights.sha256
    result = run_command("models", "load", tmp_path / "gone.weights.h5", *arguments, 64)
    assert result.status == 1
    assert "Cannot read" in result.err
    shutil.copy(path, tmp_path / "mine.pt")
    assert "PyTorch state dict" in run_command("models", "load", tmp_path / "mine.pt", *arguments, 64).err
