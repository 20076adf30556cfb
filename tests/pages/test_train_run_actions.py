"""The buttons of a run on the Train page."""

import json

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.zoo.augmentation import Augmentation
from pages.components.train import form


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
    page.button(key="train_clone_odd").click().run()
    assert not page.exception
    assert "multiple of 32" in page.error[0].value
    page.button(key="train_delete_yes_odd").click().run()
    assert not run.folder.exists()


def _form() -> None:
    from pages.components.train import form

    form.show()


def test_clone_fills_in_every_setting(runs_folder, phantoms, monkeypatch):
    config = TrainingConfig(
        str(phantoms),
        "mobilenet_v2_map",
        layout="synthetic",
        size=96,
        epochs=3,
        batch=4,
        learning_rate=2e-4,
        head_epochs=1,
        patience=5,
        box_weight=0.5,
        schedule="cosine",
        seed=11,
        augmentation=Augmentation(rotation=4, noise=0.02),
        crop_share=0.25,
        folds=3,
        fold=2,
    )
    run = Run.create(runs_folder, "first", config)
    started = []

    def start(root, name, settings):
        started.append((name, settings))
        return run

    monkeypatch.setattr(process, "create_and_start", start)
    page = AppTest.from_function(_form, default_timeout=60)
    for _ in range(2):  # the second time, another value was entered before
        for key, value in _filled_in(config, "second").items():
            page.session_state[key] = value
        page.run()
        assert not page.exception
        assert any("Also copied: dataset layout synthetic" in line.value for line in page.caption)
        page.button(key="train_go").click().run()
        page.number_input(key="train_seed").set_value(5).run()
    assert started == [("second", config)] * 2
    page.button(key="train_usual").click().run()
    assert not any("Also copied" in line.value for line in page.caption)


def _filled_in(config, name):
    """The session after *Clone*."""
    session = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(st, "session_state", session)
        form.fill_in(config, name)
    return session
