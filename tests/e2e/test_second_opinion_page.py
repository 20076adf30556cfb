"""The page Second opinion in a browser."""

import json
import re
from pathlib import Path

import pytest
from browser_steps import choose_option, choose_page, image_button, upload
from playwright.sync_api import expect

from fracture_core.auxiliary_heads.non_radiographs import make_non_radiographs
from fracture_core.phantom import encode_png

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"

pytestmark = pytest.mark.browser

VERDICTS = re.compile("^(fracture suspected|uncertain|no fracture seen)$", re.IGNORECASE)


def _viewer(page):
    """Return the viewer as soon as it shows the image."""
    viewer = page.locator(".viewer[data-matrix]")
    viewer.wait_for()
    return viewer


@pytest.mark.parametrize("name", ["synthetic_leg_fracture.dcm", "synthetic_hand_fracture.png"])
def test_upload_shows_a_verdict_and_the_image(page, app, name):
    page.goto(app.url)
    upload(page, SAMPLES / name)
    verdict = page.get_by_test_id("verdict")
    verdict.wait_for()
    assert VERDICTS.match(verdict.inner_text())
    assert page.get_by_text("Probability of a fracture:").is_visible()
    assert _viewer(page).locator("canvas").bounding_box()["width"] > 300


def test_bad_file_does_not_affect_other_files(page, app, tmp_path):
    bad = tmp_path / "letter.dcm"
    bad.write_text("Dear colleague, please find the film attached.")
    page.goto(app.url)
    upload(page, bad, SAMPLES / "synthetic_leg_normal.png")
    page.get_by_test_id("verdict").wait_for()
    image_button(page, "letter.dcm").click()
    expect(page.get_by_test_id("image-error")).to_contain_text("text")
    assert "Traceback" not in page.content()


def test_results_are_downloaded_and_the_study_is_cleared(page, app):
    page.goto(app.url)
    page.get_by_role("button", name="Leg, normal", exact=True).click()
    page.get_by_test_id("verdict").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Results (JSON)").click()
    rows = json.loads(Path(saved.value.path()).read_text())
    assert [row["name"] for row in rows] == ["Film 1"]
    assert 0 <= rows[0]["probability"] <= 1
    page.get_by_role("button", name="New study").click()
    page.get_by_text("Samples").wait_for()
    expect(page.get_by_test_id("verdict")).to_have_count(0)


def test_verdict_is_above_the_image_on_a_phone(page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    page.get_by_role("button", name="Hand, fracture", exact=True).click()
    verdict = page.get_by_test_id("verdict")
    verdict.wait_for()
    viewer = _viewer(page)
    assert verdict.bounding_box()["y"] < viewer.bounding_box()["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_duplicates_and_special_names_are_separate_images(page, app, tmp_path):
    content = (SAMPLES / "synthetic_leg_normal.png").read_bytes()
    files = [tmp_path / name for name in ("one.png", "copy of one.png", "a*x*_[l](http:x).png")]
    for file in files:
        file.write_bytes(content)
    page.goto(app.url)
    upload(page, *files)
    page.get_by_test_id("verdict").wait_for()
    expect(page.locator(".rail button")).to_have_count(len(files))
    assert page.locator(".workspace a").count() == 0


def test_study_remains_after_another_page_was_opened(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    page.get_by_test_id("verdict").wait_for()
    choose_page(page, "Failures")
    expect(page.get_by_role("heading", name="Failures", exact=True)).to_be_visible()
    choose_page(page, "Second opinion")
    page.get_by_test_id("verdict").wait_for()
    page.get_by_role("button", name="New study").click()
    expect(page.get_by_test_id("verdict")).to_have_count(0)
    page.get_by_text("Samples").wait_for()


def test_predicted_region_can_be_corrected(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    trust = page.get_by_test_id("trust")
    expect(trust).to_have_text(
        re.compile(r"^Hand, .+: \d+ of 100 such test images had a fracture \(95% CI"), timeout=60_000
    )
    page.locator("summary", has_text="Details").click()
    region = page.get_by_role("combobox", name="Body region")
    assert re.match(r"^Hand \((over )?\d+(\.\d+)?%\)$", region.locator("option:checked").inner_text())
    expect(page.get_by_text("193 test hand images, 56 with a fracture")).to_be_visible()
    region.select_option("leg")
    expect(trust).to_have_text(re.compile("^Leg, "))
    expect(page.get_by_text("299 test leg images, 33 with a fracture")).to_be_visible()
    # Fewer than 20 test images of the shoulder were suspected.
    region.select_option("shoulder")
    expect(trust).to_contain_text("too little is known")


def test_other_method_can_be_chosen(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    viewer = _viewer(page)
    previous_layer = viewer.get_attribute("data-layer")
    page.get_by_role("tab", name="Explain").click()
    choose_option(page, "Heatmap method", "Grad-CAM")
    expect(page.get_by_text(re.compile("^Grad-CAM: "))).to_be_visible(timeout=60_000)
    expect(viewer).not_to_have_attribute("data-layer", previous_layer)


def test_image_that_is_not_a_radiograph_gets_no_verdict(page, app, tmp_path):
    # A text page that the auxiliary heads were not fitted with.
    text = next(picture for number, picture in enumerate(make_non_radiographs(2, seed=77)) if number == 1)
    (tmp_path / "page.png").write_bytes(encode_png(text))
    page.goto(app.url)
    upload(page, tmp_path / "page.png")
    expect(page.get_by_test_id("verdict")).to_have_text("Not a radiograph, no verdict", timeout=60_000)
    expect(page.get_by_text("does not look like a radiograph")).to_be_visible()
