"""Every page in a real browser: opened again, reloaded, after another page and in a second tab, without an error."""

import re

import pandas as pd
import pytest
from browser_steps import choose_page, settled
from playwright.sync_api import expect

from fracture_core.review import ReviewStore
from fracture_core.teaching.lesson_store import LessonStore

pytestmark = pytest.mark.browser

#: Address of each page with content, and a heading or button of its content.
PAGES = {
    "second-opinion": "Second opinion",
    "failures?model=tiny": "Reviews",
    "failures?model=tiny&kind=all&case={case}": "Review",
    "labels?model=tiny": "Labels",
    "teaching?model=tiny&file=Legs": "Download as PDF",
    "audit": "Data audit",
    "train": "Train",
    "published": "Published systems",
}

_ERRORS = "[data-testid=stException], [data-testid=stAlertContentError]"
_WORDS = re.compile("internal error|Traceback|Ask ChatGPT|CacheReplayClosureError")


@pytest.fixture(scope="module")
def tested(app) -> list[str]:
    """Ids of the test films of `tiny`, two of them in a teaching file."""
    told = pd.read_csv(app.models / "tiny" / "predictions.csv")
    ids = list(told["id"][told["split"] == "test"])
    shelf = LessonStore.for_model(app.runs, "tiny")
    shelf.update("Legs", lambda found: found.with_cases(tuple(ids[:2])))
    yield ids
    shelf.delete("Legs")


def _check(page, words: str) -> None:
    """The page is drawn, has its content, and shows no error."""
    settled(page)
    heading = page.get_by_role("heading", name=words, exact=True)
    # A model may have to be loaded first.
    heading.or_(page.get_by_role("button", name=words, exact=True)).first.wait_for(timeout=120_000)
    settled(page)
    assert page.locator(_ERRORS).all_inner_texts() == []
    assert not _WORDS.search(page.locator("[data-testid=stApp]").inner_text())


def _check_opened(page, app, address: str, words: str) -> None:
    """As `_check`; enters the dataset folder where the page asks for it, because every visit is a new session."""
    if address.startswith(("failures", "labels", "teaching")):
        field = page.get_by_role("textbox", name="Dataset folder")
        field.fill(str(app.phantoms))
        field.press("Enter")
    _check(page, words)


def test_no_page_shows_an_error_when_it_is_opened_again(page, app, tested):
    second = page.context.new_page()
    for address, words in PAGES.items():
        url = f"{app.url}/{address.format(case=tested[0])}"
        page.goto(url)
        _check_opened(page, app, address, words)
        page.reload()
        _check_opened(page, app, address, words)
        second.goto(url)
        _check_opened(second, app, address, words)
    second.close()


def test_no_page_shows_an_error_after_another_page(page, app, tested):
    page.goto(f"{app.url}/published")
    names = ("Failures", "Labels", "Teaching", "Data audit", "Train", "Second opinion", "Published systems")
    for name in (*names, *names):
        choose_page(page, name)
        _check(page, name)


def test_lesson_is_shown_again_after_another_page(page, app, tested):
    page.goto(f"{app.url}/teaching?model=tiny&file=Legs")
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")
    for name in ("Failures", "Published systems"):
        page.frame_locator("iframe").get_by_role("button", name="Start").wait_for(timeout=120_000)
        choose_page(page, name)
        settled(page)
        choose_page(page, "Teaching")
        _check(page, "Download as PDF")
    page.get_by_text("Order and notes").click()
    page.get_by_role("textbox", name="Note on image 2").wait_for()
    page.get_by_text("Show", exact=True).click()
    _check(page, "Download as PDF")


def test_keys_after_enter_are_shortcuts_and_no_text(page, app, tested):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    page.goto(f"{app.url}/failures?model=tiny&kind=all&case={tested[0]}")
    name = page.get_by_role("textbox", name="Your name")
    name.fill("Anna")
    name.press("Enter")
    expect(name).not_to_be_focused()
    expect(page.get_by_role("button", name=re.compile("^subtle"))).to_be_enabled()
    page.keyboard.press("2")
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    expect(name).to_have_value("Anna")
    assert [(review.mark, review.reviewer) for review in reviews.all()] == [("subtle", "Anna")]
    # A note is kept, and the next key belongs to the page.
    note = page.get_by_role("textbox", name="Note")
    note.fill("2 lines")
    note.press("Enter")
    expect(note).not_to_be_focused()
    settled(page)
    page.keyboard.press("3")
    expect(page.get_by_role("button", name=re.compile("^artefact"))).to_have_attribute("kind", "primary")
    expect(note).to_have_value("2 lines")
    # A list whose options can be typed is a field, too, whether Enter or the mouse chooses.
    collect = page.get_by_role("combobox", name="Collect for teaching")
    collect.fill("Hands")
    collect.press("Enter")
    expect(collect).not_to_be_focused()
    page.get_by_role("button", name="Add this image").wait_for()
    settled(page)  # a redraw would close the list
    other = page.get_by_role("combobox", name="Second model")
    other.click()
    page.get_by_role("option", name="none").click()
    expect(other).not_to_be_focused()
    settled(page)
    page.keyboard.press("b")
    page.get_by_text("Marks, agreement, export").wait_for()
    reviews.undo("Anna")
    reviews.undo("Anna")


@pytest.mark.parametrize("width", [1280, 390])
def test_reviewer_is_renamed_on_any_screen(page, app, tested, width):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    reviews.add_annotation(tested[0], "subtle", "Anna2")
    reviews.add_annotation(tested[0], "correct", "Anna")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app.url}/failures?model=tiny")
    page.get_by_text("Marks, agreement, export").click()
    page.get_by_role("textbox", name="New name").wait_for()
    settled(page)  # a redraw would close the list
    page.get_by_role("combobox", name="Reviewer").click()
    page.keyboard.type("Anna2")
    page.get_by_role("option", name="Anna2").click()
    page.get_by_role("textbox", name="New name").fill("Anna")
    page.get_by_role("button", name="Rename").click()
    page.get_by_text("1 mark of “Anna2” will move to “Anna”.").wait_for()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    page.get_by_role("button", name="Merge").click()
    page.get_by_text("Renamed “Anna2” to “Anna”.").wait_for()
    assert [(review.mark, review.reviewer) for review in reviews.all()] == [("correct", "Anna")]
    while reviews.undo("Anna"):
        pass
