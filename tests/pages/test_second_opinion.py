"""The page Second opinion without a browser: one bad file, and images of two patients."""

import gc
from pathlib import Path

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
        if not any("Analysed" in str(bar.proto) for bar in page.get("progress")):
            break
        page.run()
    assert not page.exception
    return page


def _html(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.get("html"))


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
    assert 'data-testid="verdict"' in _html(app_page)
    assert "not readable 1" in _html(app_page).lower()
    next(button for button in app_page.button if button.label.endswith("bad\\.dcm")).click().run()
    assert "This file could not be read (internal error, reference " in app_page.error[0].value.replace(
        "\\", ""
    )
    assert "Doe" not in app_page.error[0].value
    app_page.run()
    assert not app_page.exception


def test_images_of_two_patients_never_share_a_verdict(app_page):
    _upload(app_page, a=make_patient_image("A", "1", 1), b=make_patient_image("B", "2", 2))
    assert 'data-testid="verdict"' in _html(app_page)
    assert 'data-testid="study-verdict"' not in _html(app_page)
    assert any(block.value.endswith("not included:** b\\.dcm.") for block in app_page.markdown)
    next(button for button in app_page.button if button.label.startswith("Start a new study")).click().run()
    assert not app_page.exception
    assert app_page.subheader[0].value == "b\\.dcm"


def test_cleared_study_is_not_in_memory(app_page):
    before = _opinions_in_memory()
    _upload(app_page, a=make_patient_image("A", "1", 1), b=make_patient_image("A", "1", 2))
    next(button for button in app_page.button if button.label.endswith("b\\.dcm")).click().run()
    assert not app_page.exception
    assert _opinions_in_memory() > before
    next(button for button in app_page.button if button.label == "Clear study").click().run()
    assert "no longer in memory" in app_page.success[0].value
    assert _opinions_in_memory() == before


def _opinions_in_memory() -> int:
    gc.collect()
    return sum(type(thing) is module.Opinion for thing in gc.get_objects())
