"""The Failures page in a browser."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect
from sklearn.metrics import confusion_matrix, roc_auc_score

from fracture_core.registry.card import ModelCard

pytestmark = pytest.mark.browser

CELLS = {"tp": "true positives", "fn": "missed fractures", "fp": "false alarms", "tn": "true negatives"}


def _expected(app) -> tuple[dict[str, int], float]:
    """Counts and AUC of the test split, by scikit-learn and pandas alone."""
    table = pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")
    threshold = ModelCard.load(app.models / "tiny" / "card.json").thresholds.balanced
    tn, fp, fn, tp = confusion_matrix(table["label"], table["probability"] >= threshold).ravel()
    counts = {"tp": int(tp), "fn": int(fn), "fp": int(fp), "tn": int(tn)}
    return counts, roc_auc_score(table["label"], table["probability"])


def _open(page, app, query: str = "model=tiny") -> None:
    page.goto(f"{app.url}/failures?{query}")
    page.get_by_role("heading", name="Failures").wait_for()


def _cell(page, label: str):
    return page.get_by_role("button", name=re.compile(rf"^\d+\s*{label}"))


def _enter_folder(page, app) -> None:
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")


def test_metrics_equal_those_of_scikit_learn(page, app):
    _open(page, app, "model=tiny&matrix=threshold")
    counts, auc = _expected(app)
    for name, label in CELLS.items():
        cell = _cell(page, label)
        cell.wait_for()
        assert int(re.match(r"\d+", cell.inner_text()).group()) == counts[name]
    page.get_by_role("tab", name="Metrics").click()
    page.get_by_role("row", name=re.compile(rf"^AUC {auc:.2f}")).wait_for()


def test_cell_opens_its_cases_with_a_heatmap(page, app, shipped_copy_predictions):
    _open(page, app, "model=shipped-copy&matrix=threshold")
    count = int((shipped_copy_predictions["label"] == 0).sum())
    cell = _cell(page, "false alarms")
    cell.focus()
    cell.press("Enter")  # no mouse is needed
    page.get_by_text(f"False alarms: {count} of {len(shipped_copy_predictions)} test images").wait_for()
    _enter_folder(page, app)
    page.get_by_role("img", name=re.compile("^Image ")).first.wait_for()
    page.locator(".st-key-failures-open-0 button").click()
    viewer = page.locator(".single-viewer .viewer")
    canvas = viewer.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("^Image .*, with heatmap"), timeout=60_000)
    film, layer = viewer.get_attribute("data-film"), viewer.get_attribute("data-layer")
    page.get_by_text("Scale the heatmap to this image").click()
    expect(viewer).not_to_have_attribute("data-layer", layer)
    expect(viewer).to_have_attribute("data-film", film)
    viewer.get_by_role("button", name="Heatmap", exact=True).click()
    expect(canvas).to_have_attribute("aria-label", re.compile(", without heatmap"))
    # Keys of the page work while the pointer is on the viewer.
    viewer.hover()
    page.keyboard.press("b")
    page.locator(".st-key-failures-open-0 button").wait_for()


def test_link_opens_the_same_case(page, app):
    table = pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")
    (app.runs / ".folders.json").unlink(missing_ok=True)  # folders of other tests
    _open(page, app, f"model=tiny&kind=all&case={table['id'].iloc[0]}")
    page.get_by_role("button", name="Back to the list").wait_for()
    page.get_by_text(table["path"].iloc[0], exact=True).wait_for()
    page.get_by_text("Enter the dataset folder above to see the image and its heatmap.").wait_for()


def test_folder_without_the_images_shows_a_warning(page, app):
    _open(page, app)
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill("/nowhere")
    field.press("Enter")
    page.get_by_text(re.compile("/nowhere does not contain the image")).wait_for()


def test_page_fits_the_screen(page, app):
    _open(page, app)
    page.get_by_role("radio", name="By verdict").wait_for()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
