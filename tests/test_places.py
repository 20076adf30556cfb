from pathlib import Path

from fracture_core import places

ROOT = Path(__file__).resolve().parent.parent


def test_folders_lie_beside_the_package_unless_told_otherwise(monkeypatch):
    for name in ("SECOND_LOOK_MODELS", "SECOND_LOOK_RUNS"):
        monkeypatch.delenv(name)
    assert places.models() == ROOT / "models"
    assert places.runs() == ROOT / "runs"
    assert places.assets() == ROOT / "assets"
    monkeypatch.setenv("SECOND_LOOK_MODELS", "/elsewhere/models")
    monkeypatch.setenv("SECOND_LOOK_RUNS", "/elsewhere/runs")
    assert places.models() == Path("/elsewhere/models")
    assert places.runs() == Path("/elsewhere/runs")


def test_tests_never_use_the_models_and_runs_of_this_computer():
    assert ROOT not in places.models().parents
    assert ROOT not in places.runs().parents
