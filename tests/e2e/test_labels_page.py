"""The Labels page in a browser: search, cancel, list, open, mark and export."""

import csv
import io
import re
import shutil

import pytest
from browser_steps import mark_button, wait_for_rerun
from PIL import Image
from playwright.sync_api import expect

from fracture_core.review import ReviewStore

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dataset_with_contradiction(app, tmp_path_factory):
    """The phantoms, with a rotated copy of one of them under the other label."""
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
    wait_for_rerun(page)  # the folder of another test may have been filled in


def test_search_cancel_list_mark_and_export(page, app, dataset_with_contradiction, tmp_path):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    _open(page, app, dataset_with_contradiction)
    page.get_by_role("button", name="Find label errors").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The search was cancelled.").wait_for()
    page.get_by_role("button", name="Find label errors").click()
    summary = page.get_by_test_id("suspects")
    expect(summary).to_contain_text("of 57", timeout=120_000)
    expect(summary).to_contain_text("Images with both labels: 1.")

    page.locator(".st-key-labels-issue-0 img").wait_for()
    # The two images with both labels are listed first.
    for number in (0, 1):
        expect(page.locator(f".st-key-labels-issue-{number}")).to_contain_text(
            "same image with the other label"
        )
    expect(page.get_by_test_id("marked")).to_contain_text(re.compile("^(.*) 0 of"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download list (CSV)").click()
    path = tmp_path / "list.csv"
    download.value.save_as(path)
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    duplicates = [row["path"] for row in rows if row["why"] == "picture under both labels"]
    assert sorted(duplicates) == ["fractured/synthetic_01.png", "not fractured/other.png"]

    page.locator(".st-key-labels-open-0 button").click()
    expect(page.locator(".facts")).to_contain_text("Same image with the other label")
    page.get_by_role("img", name=re.compile("^Image ")).first.wait_for(timeout=120_000)
    name = page.get_by_role("textbox", name="Your name")
    name.fill("B")
    name.press("Enter")
    expect(mark_button(page, "label wrong")).to_be_enabled()
    name.blur()
    page.keyboard.press("1")
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    (review,) = reviews.all()
    assert (review.mark, review.reviewer) == ("label wrong", "B")
    assert re.search(r"film=[^&]+", page.url)

    page.get_by_role("button", name="Back to the list").click()
    page.locator(".badge", has_text="label wrong").wait_for()
    expect(page.get_by_test_id("marked")).to_contain_text(re.compile(" 1 of"))
    page.get_by_text("Wrong labels left out: 1").or_(
        page.get_by_text("Wrong labels in the test split: 1")
    ).wait_for()
    reviews.undo("B")

    # The list remains for later sessions, and keys open the next and previous case.
    _open(page, app, dataset_with_contradiction)
    expect(page.get_by_test_id("suspects")).to_contain_text("of 57")
    page.locator(".st-key-labels-open-0 button").click()
    # The list, which has a button “Next page”, may still be on the page.
    steps = page.locator(".st-key-labels-steps")
    counter = steps.locator(".count")
    first = counter.inner_text()
    previous_button, next_button = (
        steps.get_by_role("button", name=re.compile(f"^{label}")) for label in ("Previous", "Next")
    )
    page.get_by_role("button", name="Back to the list").wait_for()
    page.keyboard.press("n" if next_button.is_enabled() else "p")
    expect(counter).not_to_have_text(first)
    page.keyboard.press("p" if previous_button.is_enabled() else "n")


def test_folder_without_the_images_shows_a_warning(page, app, tmp_path):
    _open(page, app, tmp_path)
    page.get_by_text(
        re.compile(f"{tmp_path} does not contain the image .*Enter the folder of the dataset")
    ).wait_for()


def test_list_fits_the_screen(page, app, dataset_with_contradiction):
    _open(page, app, dataset_with_contradiction)
    page.get_by_role("button", name="Find label errors").or_(
        page.get_by_role("button", name="Search again")
    ).click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_role("button", name="Search again").wait_for(timeout=120_000)
    page.locator(".st-key-labels-open-0 button").wait_for()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.locator(".st-key-labels-open-0 button").wait_for()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


def test_page_is_marked_and_next_image_opens_after_a_mark(page, app, dataset_with_contradiction):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    _open(page, app, dataset_with_contradiction)
    search = page.get_by_role("button", name="Find label errors")
    first = page.locator(".st-key-labels-open-0 button")
    expect(search.or_(first)).to_be_visible()
    if search.is_visible():
        search.click()
    expect(first).to_be_visible(timeout=120_000)
    name = page.get_by_role("textbox", name="Your name")
    name.fill("B")
    name.press("Enter")
    wait_for_rerun(page)
    listed = page.locator("[class*=st-key-labels-open-] button").count()
    page.get_by_role("button", name="Mark this page").click()
    page.get_by_role("button", name="Mark all as “correct”").click()
    wait_for_rerun(page)
    assert {(review.mark, review.reviewer) for review in reviews.all()} == {("correct", "B")}
    assert len(reviews.all()) == listed
    page.keyboard.press("Escape")
    first.click()
    heading = page.get_by_role("heading", name=re.compile("^Image "))
    opened = heading.inner_text()
    page.get_by_text("Open the next image after a mark").click()
    wait_for_rerun(page)
    mark_button(page, "subtle").click()
    expect(heading).not_to_have_text(opened)
    assert sorted({review.mark for review in reviews.all()}) == ["correct", "subtle"]
    while reviews.all():
        reviews.undo("B")
