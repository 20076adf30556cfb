"""Folders of this computer that the app uses."""

from pathlib import Path

from fracture_core import paths

ROOT = Path(__file__).resolve().parent.parent


def test_folders_are_next_to_the_package_unless_set_in_the_environment(monkeypatch):
    for name in ("SECOND_LOOK_MODELS", "SECOND_LOOK_RUNS"):
        monkeypatch.delenv(name)
    assert paths.models_dir() == ROOT / "models"
    assert paths.runs_dir() == ROOT / "runs"
    assert paths.assets_dir() == ROOT / "assets"
    monkeypatch.setenv("SECOND_LOOK_MODELS", "/elsewhere/models")
    monkeypatch.setenv("SECOND_LOOK_RUNS", "/elsewhere/runs")
    assert paths.models_dir() == Path("/elsewhere/models")
    assert paths.runs_dir() == Path("/elsewhere/runs")


def test_tests_use_neither_the_models_nor_the_runs_of_this_computer():
    assert ROOT not in paths.models_dir().parents
    assert ROOT not in paths.runs_dir().parents
