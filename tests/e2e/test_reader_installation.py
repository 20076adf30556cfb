"""The pages of an installation without TensorFlow."""

from pathlib import Path

import pytest
from browser_steps import choose_page, open_options
from playwright.sync_api import expect

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"

pytestmark = pytest.mark.browser


def test_verdict_and_heatmap_without_tensorflow(page, reader_server):
    page.goto(reader_server.url)
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
        SAMPLES / "synthetic_leg_fracture.dcm"
    )
    expect(page.get_by_test_id("verdict")).to_contain_text("Fracture suspected", timeout=60_000)
    page.get_by_role("tab", name="Explain").click()
    expect(page.get_by_text("need TensorFlow, which is not installed here")).to_be_visible()
    expect(page.get_by_text("Evidence for", exact=True)).to_have_count(0)
    open_options(page, "Heatmap method")
    expect(page.get_by_role("option")).to_have_text(["Fracture map", "Grad-CAM"])
    page.keyboard.press("Escape")
    page.get_by_text("Compare methods").click()
    expect(page.locator(".st-key-view-compare img")).to_have_count(2)


def test_train_page_names_what_is_missing(page, reader_server):
    page.goto(reader_server.url)
    for _ in range(2):
        choose_page(page, "Train")
        expect(page.get_by_text("need TensorFlow, which is not installed here")).to_be_visible()
        expect(page.get_by_text("MobileNetV2 with a fracture map").first).to_be_visible()
        choose_page(page, "Second opinion")
        expect(page.get_by_role("heading", name="Second opinion", level=1)).to_be_visible()
