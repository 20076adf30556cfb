"""The page Teaching in a browser: collect, order, present and download."""

import io
import re

import pypdf
import pytest
from playwright.sync_api import expect

from fracture_core.teaching.lesson_store import LessonStore

pytestmark = pytest.mark.browser


@pytest.fixture
def lesson_store(app):
    """The lessons of the model `tiny`; none before and after the test."""
    store = LessonStore.for_model(app.runs, "tiny")
    yield store
    for name in store.names():
        store.delete(name)


def _enter_folder(page, app):
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")


def _wait_until(page, condition):
    """Wait for a condition that no element shows."""
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the condition was not met")


def test_cases_are_collected_ordered_renamed_and_deleted(page, app, lesson_store, ids_of_test_images):
    page.goto(f"{app.url}/failures?model=tiny&kind=all")
    field = page.get_by_role("combobox", name="Collect for teaching")
    field.fill("Wrists, first year")
    field.press("Enter")
    page.locator(".st-key-teaching-add-0 button").click()
    expect(page.locator(".st-key-teaching-add-0 button")).to_have_text("Remove")
    page.locator(".st-key-failures-open-1 button").click()
    page.get_by_role("button", name="Add this image").wait_for()
    page.keyboard.press("t")
    page.get_by_role("button", name="Remove this image").wait_for()
    first, second = lesson_store.load("Wrists, first year").cases
    page.get_by_role("link", name=re.compile("2 images")).click()

    page.get_by_role("combobox", name=re.compile("Teaching file")).wait_for()
    page.get_by_text("Order and notes").click()
    note = page.get_by_role("textbox", name="Note on image 2")
    note.fill("Look at the ulna")
    note.press("Enter")
    _wait_until(page, lambda: lesson_store.load("Wrists, first year").entries[1].note == "Look at the ulna")
    page.get_by_role("button", name="Later").first.click()
    expect(page.locator(".teaching-film").first).to_contain_text(second.rsplit("/", 1)[-1])
    assert lesson_store.load("Wrists, first year").cases == (second, first)

    page.goto(f"{app.url}/teaching?model=tiny")
    page.get_by_text("Order and notes").click()
    name = page.get_by_role("textbox", name="Name of this teaching file")
    name.fill("Wrists, second year")
    name.press("Enter")
    _wait_until(page, lambda: lesson_store.names() == ["Wrists, second year"])
    page.wait_for_url(re.compile("second"))  # the address is written last: the page is drawn
    page.get_by_role("button", name="Delete teaching file").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete teaching file").click()
    page.get_by_role("button", name="Delete permanently").click()
    page.get_by_text("This model has no teaching file yet.").wait_for()
    page.get_by_role("button", name=re.compile("^Start with the 10 most confident errors")).click()
    expect(page.get_by_role("combobox", name=re.compile("Teaching file"))).to_have_value(
        "Most confident errors"
    )
    assert lesson_store.names() == ["Most confident errors"]


def test_lesson_is_presented_with_keys_online_and_offline(
    page, app, lesson_store, ids_of_test_images, tmp_path
):
    lesson_store.update(
        "Legs",
        lambda lesson: lesson.with_cases(tuple(ids_of_test_images[:2])).with_note(
            ids_of_test_images[0], "Look again"
        ),
    )
    page.goto(f"{app.url}/teaching?model=tiny&file=Legs")
    _enter_folder(page, app)
    presentation = page.frame_locator("iframe")
    presentation.get_by_role("button", name="Start").click(timeout=120_000)
    expect(presentation.get_by_text("What do you see?")).to_be_visible()
    page.keyboard.press("f")
    expect(presentation.locator("#panel")).to_contain_text("Your answer")
    page.get_by_text("These images show real patients.").last.wait_for()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download as HTML").click()
    path = tmp_path / "legs.html"
    download.value.save_as(path)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as PDF").click()
    pdf = tmp_path / "legs.pdf"
    download.value.save_as(pdf)
    pages = [
        page_of_pdf.extract_text() for page_of_pdf in pypdf.PdfReader(io.BytesIO(pdf.read_bytes())).pages
    ]
    assert len(pages) == 6
    names = [word for case in ids_of_test_images[:2] for word in (case, case.rsplit("/", 1)[-1])]
    assert not any(name in path.read_text("utf-8") or name in " ".join(pages) for name in names)

    # The downloaded page, without a network and with keys only.
    page.context.set_offline(True)
    requested_urls: list[str] = []
    page.on("request", lambda request: requested_urls.append(request.url))
    page.goto(path.as_uri())
    panel = page.locator("#panel")
    expect(panel).to_contain_text("These images show real patients.")
    page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("What do you see?")
    expect(page.locator("#film rect")).to_have_count(0)
    page.keyboard.press("n")
    expect(panel).to_contain_text("Model: probability")
    expect(panel).not_to_contain_text("Ground truth")
    page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("Ground truth")
    page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("Look again")
    page.keyboard.press("ArrowLeft")
    expect(panel).not_to_contain_text("Look again")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("Image 2 of 2")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("Correct answers: you")
    expect(panel.locator("tbody tr")).to_have_count(2)
    page.keyboard.press("Home")
    expect(panel).to_contain_text("2 images")
    assert all(url.startswith(("file:", "data:")) for url in requested_urls)
    page.context.set_offline(False)
    page.goto(f"{app.url}/teaching?model=tiny&file=Nobody")
    page.get_by_text("This model has no teaching file of that name").wait_for()


def test_page_fits_the_screen(page, app, lesson_store, ids_of_test_images):
    lesson_store.update("Legs", lambda lesson: lesson.with_cases(tuple(ids_of_test_images[:2])))
    page.goto(f"{app.url}/teaching?model=tiny&file=Legs")
    page.get_by_text("Order and notes").click()
    page.get_by_role("textbox", name="Note on image 2").wait_for()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
