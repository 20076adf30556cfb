"""Reviewing in a browser: open a case from the confusion matrix, mark, export and import."""

import csv
import io
import re

import pandas as pd
import pytest
from browser_steps import mark_button, wait_for_rerun
from playwright.sync_api import expect

from fracture_core.review import ReviewStore

pytestmark = pytest.mark.browser


def _button(page, label: str):
    return page.get_by_role("button", name=re.compile(label))


def test_case_is_marked_exported_and_imported(page, app, tmp_path):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    page.goto(f"{app.url}/failures?model=tiny&matrix=threshold")
    cells = ("true positives", "missed fractures", "false alarms", "true negatives")
    _button(page, cells[0]).wait_for()
    counts = {
        label: int(re.match(r"\d+", _button(page, rf"^\d+\s*{label}").inner_text()).group())
        for label in cells
    }
    _button(page, rf"^\d+\s*{max(counts, key=counts.__getitem__)}").click()
    expect(page).to_have_url(re.compile("kind="))
    wait_for_rerun(page)
    page.locator(".st-key-failures-open-0 button").click()
    name = page.get_by_role("textbox", name="Your name")
    name.fill("Reader Ä")
    name.press("Enter")
    expect(mark_button(page, "subtle")).to_be_enabled()
    wait_for_rerun(page)
    note = page.get_by_role("textbox", name="Note")
    note.press_sequentially("=2+2, u")
    note.press("Enter")
    page.wait_for_timeout(500)
    assert reviews.all() == []  # keys in a text field are not shortcuts
    name.focus()
    name.blur()
    page.keyboard.press("2")
    expect(_button(page, "^Undo")).to_be_enabled()
    page.keyboard.press("5")
    expect(mark_button(page, "growth plate")).to_have_attribute("kind", "primary")
    page.keyboard.press("u")
    expect(mark_button(page, "subtle")).to_have_attribute("kind", "primary")
    case = re.search(r"case=([^&]*)", page.url)
    assert case is not None
    (review,) = reviews.all()
    assert (review.mark, review.note, review.reviewer) == ("subtle", "=2+2, u", "Reader Ä")

    page.get_by_role("button", name="Back to the list").click()
    page.get_by_role("tab", name="Reviews").click()
    page.get_by_text("1 mark on 1 image by 1 reviewer.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export reviews (CSV)").click()
    path = tmp_path / "reviews.csv"
    download.value.save_as(path)
    (row,) = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    assert (row["id"], row["mark"], row["note"]) == (review.case, "subtle", "'=2+2, u")

    reviews.undo("Reader Ä")
    assert reviews.all() == []
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_text("Imported reviews: 1. Already present: 0.").wait_for()
    assert reviews.all() == [review]
    page.get_by_text("1 mark on 1 image by 1 reviewer.").wait_for()

    invalid_file = tmp_path / "wrong.csv"
    invalid_file.write_text("id,mark\n1,subtle\n")
    page.get_by_role("button", name=re.compile("^Remove")).click()
    wait_for_rerun(page)  # the removal would discard a file that is chosen at the same time
    page.locator("input[type=file]").set_input_files(invalid_file)
    page.get_by_text("the columns id, mark, note, reviewer, time are required").wait_for()
    assert reviews.all() == [review]
    reviews.undo("Reader Ä")


def test_reviewed_training_set_excludes_wrong_labels(page, app, tmp_path):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    predictions = pd.read_csv(app.models / "tiny" / "predictions.csv")
    validation_id, test_id = (
        predictions["id"][predictions["split"] == split].iloc[0] for split in ("val", "test")
    )
    for case in (validation_id, test_id):
        reviews.add_annotation(case, "label wrong", "A")
    page.goto(f"{app.url}/failures?model=tiny")
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")
    page.get_by_role("img", name=re.compile("^Image ")).first.wait_for()
    page.get_by_role("tab", name="Reviews").click()
    page.get_by_text("Images: 56. Wrong labels left out: 1.").wait_for()
    page.get_by_text("Wrong labels in the test split: 1.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download manifest (CSV)").click()
    path = tmp_path / "next.csv"
    download.value.save_as(path)
    ids = set(pd.read_csv(path)["id"])
    assert (len(ids), validation_id in ids, test_id in ids) == (55, False, True)
    for _ in range(2):
        reviews.undo("A")


def test_page_fits_the_screen(page, app):
    case = pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")["id"].iloc[0]
    page.goto(f"{app.url}/failures?model=tiny&kind=all&case={case}")
    page.get_by_role("textbox", name="Your name").wait_for()
    _check_widths(page)
    page.get_by_role("button", name="Back to the list").click()
    page.get_by_role("tab", name="Reviews").click()
    page.get_by_role("heading", name="Reviewed training set").wait_for()
    _check_widths(page)


def _check_widths(page) -> None:
    """Check that a wide and a narrow screen show the page without scrolling sideways."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
