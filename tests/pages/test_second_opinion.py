"""The page of second opinions without a browser: one bad file, and images of two patients."""

from pathlib import Path

import pytest
from patient_data import film_of
from streamlit.testing.v1 import AppTest

from fracture_core.inference import predictor as module

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("shipped_models")


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def _drop(page: AppTest, **contents: bytes) -> AppTest:
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
def test_unexpected_exception_on_one_file_leaves_the_page_alive(page, monkeypatch):
    bad = film_of("A", "1", 1)
    read = module.read_radiograph

    def broken(source, **options):
        if source == bad:
            raise ZeroDivisionError("Doe^Jane")
        return read(source, **options)

    monkeypatch.setattr(module, "read_radiograph", broken)
    _drop(page, bad=bad, good=film_of("A", "1", 2))
    assert 'data-testid="verdict"' in _html(page)
    assert "not readable 1" in _html(page).lower()
    next(button for button in page.button if button.label.endswith("bad\\.dcm")).click().run()
    assert "This file could not be read (internal error, reference " in page.error[0].value.replace("\\", "")
    assert "Doe" not in page.error[0].value
    page.run()
    assert not page.exception


def test_images_of_two_patients_never_share_a_verdict(page):
    _drop(page, a=film_of("A", "1", 1), b=film_of("B", "2", 2))
    assert 'data-testid="verdict"' in _html(page)
    assert 'data-testid="study-verdict"' not in _html(page)
    assert any(block.value.endswith("not included:** b\\.dcm.") for block in page.markdown)
    next(button for button in page.button if button.label.startswith("Start a new study")).click().run()
    assert not page.exception
    assert page.subheader[0].value == "b\\.dcm"
