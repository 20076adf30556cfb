"""The page Second opinion without a browser: one bad file, and images of two patients."""

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from patient_data import make_patient_image
from streamlit.testing.v1 import AppTest

from fracture_core.inference import predictor as module

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("shipped_models")


@pytest.fixture
def app_page() -> AppTest:
    """The app on the page Second opinion."""
    return AppTest.from_file(str(ROOT / "app.py")).run()


def _upload(page: AppTest, **contents: bytes) -> AppTest:
    files = [(f"{name}.dcm", content, "application/dicom") for name, content in contents.items()]
    page.file_uploader(key="films 0").set_value(files).run()
    for _ in range(60):
        study = _workspace(page)["study_box"]
        if study is None or study["progress"] is None:
            break
        page.run()
    assert not page.exception
    return page


def _workspace(page: AppTest) -> dict[str, Any]:
    """What the page sends to the workspace in the browser."""
    (component,) = page.get("bidi_component")
    return json.loads(component.proto.json)


def _open_details(page: AppTest) -> dict[str, Any]:
    workspace = _workspace(page)
    return workspace["details"][workspace["open"]]


def _open_image(page: AppTest, name: str) -> None:
    """Open an image, as the browser does."""
    workspace = _workspace(page)
    key = next(image["key"] for image in workspace["images"] if image["name"] == name)
    page.session_state["open image"] = key
    page.run()


@pytest.mark.usefixtures("internal_errors_expected")
def test_unexpected_exception_on_one_file_does_not_stop_the_page(app_page, monkeypatch):
    bad = make_patient_image("A", "1", 1)
    read = module.read_radiograph

    def read_or_fail(source, **options):
        if source == bad:
            raise ZeroDivisionError("Doe^Jane")
        return read(source, **options)

    monkeypatch.setattr(module, "read_radiograph", read_or_fail)
    _upload(app_page, bad=bad, good=make_patient_image("A", "1", 2))
    assert _open_details(app_page)["name"] == "good.dcm"
    assert _workspace(app_page)["study_box"]["counts"].endswith(", 1 not readable")
    _open_image(app_page, "bad.dcm")
    error = _open_details(app_page)["error"]
    assert "This file could not be read (internal error, reference " in error
    assert "Doe" not in error
    app_page.run()
    assert not app_page.exception


def test_images_of_two_patients_never_share_a_verdict(app_page):
    _upload(app_page, a=make_patient_image("A", "1", 1), b=make_patient_image("B", "2", 2))
    assert len(_workspace(app_page)["images"]) == 1
    assert _workspace(app_page)["study_box"] is None
    assert any(block.value.endswith("study:** b\\.dcm.") for block in app_page.markdown)
    next(button for button in app_page.button if button.label.startswith("Open this image")).click().run()
    assert not app_page.exception
    assert _open_details(app_page)["name"] == "b.dcm"


def test_cleared_study_is_not_in_memory(app_page):
    before = _opinions_in_memory()
    _upload(app_page, a=make_patient_image("A", "1", 1), b=make_patient_image("A", "1", 2))
    _open_image(app_page, "b.dcm")
    assert not app_page.exception
    assert _opinions_in_memory() > before
    next(button for button in app_page.button if button.label == "New study").click().run()
    assert "no longer in memory" in app_page.success[0].value
    assert _opinions_in_memory() == before


def test_open_image_comes_with_its_neighbours(app_page):
    _upload(app_page, **{name: make_patient_image("A", "1", seed) for seed, name in enumerate("abcd")})
    workspace = _workspace(app_page)
    keys = [image["key"] for image in workspace["images"]]
    assert workspace["open"] == keys[0]
    assert set(keys[:2]) <= set(workspace["details"])
    _open_image(app_page, workspace["images"][2]["name"])
    workspace = _workspace(app_page)
    assert workspace["open"] == keys[2]
    assert set(keys[1:]) <= set(workspace["details"])
    for details in workspace["details"].values():
        assert "/media/" in details["film"]["url"]
        assert details["headline"]


def test_patient_is_shown_and_can_be_hidden(app_page):
    _upload(app_page, a=make_patient_image("A", "1", 1, PatientName="Doe^Jane", StudyDate="20260102"))
    assert "Doe Jane, ID A" in _html(app_page)
    assert "2026-01-02" in _html(app_page)
    assert "Doe" not in json.dumps(_workspace(app_page))
    next(button for button in app_page.button if button.label == "Hide patient").click().run()
    assert "Doe" not in _html(app_page)
    assert "Patient hidden" in _html(app_page)


def _html(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.get("html"))


def _opinions_in_memory() -> int:
    gc.collect()
    return sum(type(thing) is module.Opinion for thing in gc.get_objects())
