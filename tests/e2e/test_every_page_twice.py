"""Every page in a browser, without errors: opened twice, reloaded, after another page and in a second tab."""

import re

import pytest
from browser_steps import choose_page, mark_button, wait_for_rerun
from playwright.sync_api import expect

from fracture_core.review import ReviewStore
from fracture_core.teaching.lesson_store import LessonStore

pytestmark = pytest.mark.browser

#: Address of each page with content, and a heading or button of its content.
PAGES = {
    "second-opinion": "Second opinion",
    "failures?model=tiny": "Link",
    "failures?model=tiny&tab=Reviews": "Reviewed training set",
    "failures?model=tiny&kind=all&case={case}": "Review",
    "labels?model=tiny": "Data audit",
    "teaching?model=tiny&file=Legs": "Download as PDF",
    "audit": "Data audit",
    "train": "Train",
    "published": "Published systems",
}

_ERRORS = "[data-testid=stException], [data-testid=stAlertContentError]"
_ERROR_TEXT = re.compile("internal error|Traceback|Ask ChatGPT|CacheReplayClosureError")


@pytest.fixture(scope="module", autouse=True)
def _lesson_of_two_images(app, ids_of_test_images):
    """The lesson `Legs` of the model `tiny`; it is deleted after the tests."""
    lesson_store = LessonStore.for_model(app.runs, "tiny")
    lesson_store.update("Legs", lambda lesson: lesson.with_cases(tuple(ids_of_test_images[:2])))
    yield
    lesson_store.delete("Legs")


def _check(page, content: str) -> None:
    """Wait until the page shows its content, and check that it shows no error."""
    wait_for_rerun(page)
    heading = page.get_by_role("heading", name=content, exact=True)
    # A model may have to be loaded first.
    heading.or_(page.get_by_role("button", name=content, exact=True)).first.wait_for(timeout=120_000)
    wait_for_rerun(page)
    assert page.locator(_ERRORS).all_inner_texts() == []
    assert not _ERROR_TEXT.search(page.locator("[data-testid=stApp]").inner_text())


def _check_opened(page, app, address: str, content: str) -> None:
    """Enter the dataset folder if the page has such a field, because each visit is a new session; then `_check`."""
    if address.startswith(("failures", "labels", "teaching")) and "tab=" not in address:
        field = page.get_by_role("textbox", name="Dataset folder")
        field.fill(str(app.phantoms))
        field.press("Enter")
    _check(page, content)


def test_no_page_shows_an_error_when_it_is_opened_again(page, app, ids_of_test_images):
    second = page.context.new_page()
    for address, content in PAGES.items():
        url = f"{app.url}/{address.format(case=ids_of_test_images[0])}"
        page.goto(url)
        _check_opened(page, app, address, content)
        page.reload()
        _check_opened(page, app, address, content)
        second.goto(url)
        _check_opened(second, app, address, content)
    second.close()


def test_no_page_shows_an_error_after_another_page(page, app, ids_of_test_images):
    page.goto(f"{app.url}/published")
    names = ("Failures", "Labels", "Teaching", "Data audit", "Train", "Second opinion", "Published systems")
    for name in (*names, *names):
        choose_page(page, name)
        expect(page).to_have_title(f"{name} – Second Look")
        _check(page, "Data audit" if name == "Labels" else name)


def test_lesson_is_shown_again_after_another_page(page, app, ids_of_test_images):
    page.goto(f"{app.url}/teaching?model=tiny&file=Legs")
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")
    for name in ("Failures", "Published systems"):
        page.frame_locator("iframe").get_by_role("button", name="Start").wait_for(timeout=120_000)
        choose_page(page, name)
        wait_for_rerun(page)
        choose_page(page, "Teaching")
        _check(page, "Download as PDF")
    page.get_by_text("Order and notes").click()
    page.get_by_role("textbox", name="Note on image 2").wait_for()
    page.get_by_text("Show", exact=True).click()
    _check(page, "Download as PDF")


def test_keys_after_enter_are_shortcuts(page, app, ids_of_test_images):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    page.goto(f"{app.url}/failures?model=tiny&kind=all&case={ids_of_test_images[0]}")
    name = page.get_by_role("textbox", name="Your name")
    name.fill("Anna")
    name.press("Enter")
    expect(name).not_to_be_focused()
    expect(mark_button(page, "subtle")).to_be_enabled()
    page.keyboard.press("2")
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    expect(name).to_have_value("Anna")
    assert [(review.mark, review.reviewer) for review in reviews.all()] == [("subtle", "Anna")]
    # Enter stores the note, and the next key is a shortcut.
    note = page.get_by_role("textbox", name="Note")
    note.fill("2 lines")
    note.press("Enter")
    expect(note).not_to_be_focused()
    wait_for_rerun(page)
    page.keyboard.press("3")
    expect(mark_button(page, "artefact")).to_have_attribute("kind", "primary")
    expect(note).to_have_value("2 lines")
    # The same applies to a select box, whether Enter or the mouse chooses an option.
    collect = page.get_by_role("combobox", name="Collect for teaching")
    collect.fill("Hands")
    collect.press("Enter")
    expect(collect).not_to_be_focused()
    page.get_by_role("button", name="Add this image").wait_for()
    wait_for_rerun(page)  # a redraw would close the list
    other = page.get_by_role("combobox", name="Second model")
    other.click()
    page.get_by_role("option", name="none").click()
    expect(other).not_to_be_focused()
    wait_for_rerun(page)
    page.keyboard.press("b")
    page.get_by_role("tab", name="Reviews").wait_for()
    reviews.undo("Anna")
    reviews.undo("Anna")


@pytest.mark.parametrize("width", [1280, 390])
def test_reviewer_is_renamed_on_any_screen(page, app, ids_of_test_images, width):
    reviews = ReviewStore.for_model(app.runs, "tiny")
    reviews.add_annotation(ids_of_test_images[0], "subtle", "Anna2")
    reviews.add_annotation(ids_of_test_images[0], "correct", "Anna")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app.url}/failures?model=tiny")
    page.get_by_role("tab", name="Reviews").click()
    page.get_by_role("textbox", name="New name").wait_for()
    wait_for_rerun(page)  # a redraw would close the list
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
