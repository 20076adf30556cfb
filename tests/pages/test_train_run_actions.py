"""The buttons of a run on the Train page."""

import json

from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run


def _page() -> None:
    from fracture_core import paths
    from fracture_core.runs.run import Run
    from pages.components.train import run_actions

    run_actions.show(Run(paths.runs_dir() / "odd"), active=False)


def test_run_with_an_impossible_size_can_be_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "runs_dir", lambda: tmp_path)
    run = Run.create(tmp_path, "odd", TrainingConfig("/films", "four_block"))
    path = run.folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size": 100}))
    page = AppTest.from_function(_page).run()
    assert not page.exception
    assert "multiple of 32" in page.error[0].value
    page.button(key="train_delete_yes_odd").click().run()
    assert not run.folder.exists()
