"""The buttons of a run on the Train page."""

import json

from streamlit.testing.v1 import AppTest

from fracture_core import places
from fracture_core.training.config import TrainingConfig
from fracture_core.training.run import Run


def _page() -> None:
    from fracture_core import places
    from fracture_core.training.run import Run
    from pages.parts import train_manage

    train_manage.show(Run(places.runs() / "odd"), at_work=False)


def test_a_run_of_an_impossible_size_can_still_be_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "runs", lambda: tmp_path)
    run = Run.create(tmp_path, "odd", TrainingConfig("/films", "four_block"))
    path = run.folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size": 100}))
    page = AppTest.from_function(_page, default_timeout=30).run()
    assert not page.exception
    assert "multiple of 32" in page.error[0].value
    page.button(key="train_delete_yes_odd").click().run()
    assert not run.folder.exists()
