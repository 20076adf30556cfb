"""Suspected labels in a real browser: searched, cancelled, listed, opened, marked, and taken along."""

import csv
import io
import re
import shutil

import pytest
from PIL import Image
from playwright.sync_api import expect

from fracture_core.review import ReviewStore

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def odd(app, tmp_path_factory):
    """The phantoms, one of them also turned and under the other label."""
    root = tmp_path_factory.mktemp("odd") / "set"
    shutil.copytree(app.phantoms, root)
    with Image.open(root / "fractured" / "synthetic_01.png") as film:
        film.transpose(Image.Transpose.ROTATE_90).save(root / "not fractured" / "other.png")
    return root


def _open(page, app, folder):
    page.goto(f"{app.url}/labels?model=tiny")
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(folder))
    field.press("Enter")


def test_from_the_search_to_a_mark_and_the_files(page, app, odd, tmp_path):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    _open(page, app, odd)
    page.get_by_role("button", name="Find label errors").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The search was cancelled.").wait_for()
    page.get_by_role("button", name="Find label errors").click()
    said = page.get_by_test_id("suspects")
    expect(said).to_contain_text("of 57", timeout=120_000)
    expect(said).to_contain_text("Images with both labels: 1.")

    page.get_by_role("heading", name="Images with both labels").wait_for()
    page.locator(".st-key-labels-contradiction-0 img").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download list (CSV)").click()
    path = tmp_path / "list.csv"
    download.value.save_as(path)
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    both = [row["path"] for row in rows if row["why"] == "picture under both labels"]
    assert sorted(both) == ["fractured/synthetic_01.png", "not fractured/other.png"]

    page.locator(".st-key-labels-open-contradiction-0 button").click()
    expect(page.locator(".facts")).to_contain_text("Same image with the other label")
    page.get_by_role("img", name=re.compile("^Image ")).first.wait_for(timeout=120_000)
    name = page.get_by_role("textbox", name="Your name")
    name.fill("B")
    name.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^label wrong"))).to_be_enabled()
    name.blur()
    page.keyboard.press("1")
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    (stands,) = reviews.all()
    assert (stands.mark, stands.reviewer) == ("label wrong", "B")
    assert re.search(r"film=[^&]+", page.url)

    page.get_by_role("button", name="Back to the list").click()
    page.get_by_text("marked: label wrong").wait_for()
    page.get_by_text("Marks, agreement, export").click()
    page.get_by_text("Wrong labels left out: 1").or_(
        page.get_by_text("Wrong labels in the test split: 1")
    ).wait_for()
    reviews.undo("B")

    # The same list is there for the next who comes, and its films can be stepped through with keys.
    _open(page, app, odd)
    expect(page.get_by_test_id("suspects")).to_contain_text("of 57")
    page.locator(".st-key-labels-open-contradiction-0 button").click()
    # The list, which has pages with a button “Next page”, can still be there.
    steps = page.locator(".st-key-labels-steps")
    counted = steps.locator(".count")
    first = counted.inner_text()
    back, on = (steps.get_by_role("button", name=re.compile(f"^{words}")) for words in ("Previous", "Next"))
    page.get_by_role("button", name="Back to the list").wait_for()
    page.keyboard.press("n" if on.is_enabled() else "p")
    expect(counted).not_to_have_text(first)
    page.keyboard.press("p" if back.is_enabled() else "n")


def test_what_cannot_be_searched_is_said(page, app, tmp_path):
    _open(page, app, tmp_path)
    page.get_by_text(
        re.compile(f"{tmp_path} does not contain the image .*Enter the folder of the dataset")
    ).wait_for()


def test_the_list_is_not_wider_than_the_screen(page, app, odd):
    _open(page, app, odd)
    page.get_by_role("button", name="Find label errors").or_(
        page.get_by_role("button", name="Search again")
    ).click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_role("button", name="Search again").wait_for(timeout=120_000)
    page.get_by_role("heading", name="Images with both labels").wait_for()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.get_by_role("heading", name="Images with both labels").wait_for()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
