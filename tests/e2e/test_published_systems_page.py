"""The page Published systems in a browser."""

import json

import pytest
from browser_steps import put_in_use, wait_for_rerun

from fracture_core import paths
from fracture_core.published.published_report import load_reports

pytestmark = pytest.mark.browser


def _open(page, app) -> None:
    page.goto(f"{app.url}/published")
    page.get_by_role("heading", name="Published systems", exact=True).wait_for()
    page.get_by_text("Two-block CNN, multi-region").wait_for()
    wait_for_rerun(page)


def _open_details(page, title: str) -> None:
    page.get_by_text(title).click()
    wait_for_rerun(page)


def test_published_figures_and_own_results_are_shown(page, app):
    _open(page, app)
    for report in load_reports(paths.published_dir()):
        page.get_by_role("rowheader", name=report.title).first.wait_for()
    result = json.loads((paths.published_dir() / "results" / "three_block-fracatlas.json").read_text("utf-8"))
    page.get_by_role("cell", name=f"{result['test']['auc']['value']:.3f}").first.wait_for()
    _open_details(page, "Three-block CNN, FracAtlas")
    page.get_by_text("python -m fracture_core train").first.wait_for()


def test_model_is_put_in_use(page, app):
    from fracture_core.registry.store import ModelStore

    store = ModelStore(app.models)
    before = store.model_in_use()
    try:
        _open(page, app)
        _open_details(page, "Four-block CNN, multi-region")
        page.get_by_text("(tiny)").wait_for()
        # Other browser tests may have left models of the same architecture.
        put_in_use(page, model="tiny")
        page.get_by_text("(tiny) is now in use on every page").wait_for(timeout=180_000)
        page.get_by_role("heading", name="Published systems", exact=True).wait_for()
        assert store.model_in_use() == "tiny"
    finally:
        store.use(before)


def test_architecture_opens_in_the_training_form(page, app):
    _open(page, app)
    _open_details(page, "Two-block CNN, multi-region")
    page.get_by_role("button", name="Train Two-block CNN here").click()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stSelectbox]')]"
        ".some(box => box.innerText.includes('Two-block CNN') || box.querySelector('input')?.value === 'Two-block CNN')"
    )


def test_page_fits_a_phone(page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    _open(page, app)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
