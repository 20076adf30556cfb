"""One study, one patient, one scope: in a real browser."""

import io
import json
import re
from pathlib import Path

import pytest
from browser_steps import choose_page, settled
from patient_data import film_of
from playwright.sync_api import expect
from pypdf import PdfReader

from fracture_core.phantom import draw_phantom, encode_png

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[str, Path]:
    """Phantoms of two patients, of nobody, and of a chest by their header."""
    folder = tmp_path_factory.mktemp("films")
    contents = {
        "a1.dcm": film_of("A", "1", 1),
        "a2.dcm": film_of("A", "1", 2),
        "b1.dcm": film_of("B", "2", 3),
        "b2.dcm": film_of("B", "2", 4),
        "chest.dcm": film_of("A", "1", 5, BodyPartExamined="CHEST"),
        "one.png": encode_png(draw_phantom(6, "hand", False, (400, 320)).pixels),
        "two.png": encode_png(draw_phantom(7, "hand", True, (400, 320)).pixels),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def _drop(page, *paths: Path) -> None:
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])


def _shows(page, name: str) -> None:
    """Waits for the answer on one image."""
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("verdict")).to_be_visible()


def _shows_no_answer(page) -> None:
    settled(page)
    expect(page.get_by_test_id("verdict")).to_have_count(0)
    expect(page.get_by_test_id("study-verdict")).to_have_count(0)


def _chips(page):
    return page.locator(".st-key-strip [data-testid=stButton] button")


def test_images_of_two_patients_are_two_studies(page, app, films):
    page.goto(app.url)
    _drop(page, films["a1.dcm"], films["b1.dcm"], films["a2.dcm"], films["b2.dcm"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(_chips(page)).to_have_count(2)
    apart = page.locator(".st-key-study-apart")
    expect(apart).to_contain_text("Another patient or study")
    expect(apart).to_contain_text("b1.dcm, b2.dcm")
    page.get_by_role("button", name="Start a new study with these 2 images").click()
    expect(_chips(page).filter(has_text="b1.dcm")).to_be_visible(timeout=60_000)
    expect(_chips(page).filter(has_text="b2.dcm")).to_be_visible()
    expect(_chips(page)).to_have_count(2)
    expect(page.locator(".st-key-study-apart")).to_have_count(0)
    # Nothing of the first patient stays, not even the name of a file.
    expect(page.get_by_text("a1.dcm")).to_have_count(0)


def test_next_patient_hides_the_answer_on_the_one_before(page, app, films):
    page.goto(app.url)
    _drop(page, films["a1.dcm"])
    _shows(page, "a1.dcm")
    _drop(page, films["b1.dcm"])
    expect(page.locator(".st-key-study-question")).to_contain_text("Another patient or study: b1.dcm")
    _shows_no_answer(page)
    page.get_by_role("button", name="Keep the current study").click()
    _shows(page, "a1.dcm")
    expect(page.locator(".st-key-study-apart")).to_contain_text("b1.dcm")
    page.get_by_role("button", name="Start a new study with this image").click()
    _shows(page, "b1.dcm")
    expect(page.get_by_text("a1.dcm")).to_have_count(0)


def test_later_image_of_the_same_study_joins_without_a_question(page, app, films):
    page.goto(app.url)
    _drop(page, films["a1.dcm"])
    _shows(page, "a1.dcm")
    _drop(page, films["a2.dcm"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(page.locator(".st-key-study-question")).to_have_count(0)


@pytest.mark.parametrize("answer", ["Same study", "New study"])
def test_later_image_without_identity_needs_an_answer(page, app, films, answer):
    page.goto(app.url)
    _drop(page, films["one.png"])
    _shows(page, "one.png")
    _drop(page, films["two.png"])
    expect(page.get_by_text("Same study or new study?")).to_be_visible()
    _shows_no_answer(page)
    page.get_by_role("button", name=answer).click()
    if answer == "Same study":
        expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
        expect(page.get_by_text(re.compile("no patient and no study"))).to_have_count(0)
    else:
        _shows(page, "two.png")
        expect(page.get_by_text("one.png")).to_have_count(0)


def test_mixed_study_names_the_images_without_identity(page, app, films):
    page.goto(app.url)
    _drop(page, films["a1.dcm"], films["one.png"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(page.get_by_text("one.png names no patient and no study.")).to_be_visible()


def test_study_outlives_a_look_at_another_page(page, app, films):
    page.goto(app.url)
    _drop(page, films["one.png"])
    _shows(page, "one.png")
    choose_page(page, "Labels")
    expect(page.get_by_role("heading", name="Labels", exact=True)).to_be_visible()
    choose_page(page, "Second opinion")
    _shows(page, "one.png")
    _drop(page, films["two.png"])
    expect(page.get_by_text("Same study or new study?")).to_be_visible()
    page.get_by_role("button", name="Same study").click()
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(_chips(page)).to_have_count(2)


def test_restarted_server_asks_for_the_images_again(page, server, films):
    page.goto(server.url)
    _drop(page, films["one.png"], films["two.png"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=90_000)
    server.stop()
    server.start()
    expect(page.get_by_text("The images of your study are no longer in memory")).to_be_visible(timeout=90_000)
    _shows_no_answer(page)
    # The names of the lost files are gone too, so that nothing looks as if it were there.
    expect(page.get_by_text("one.png")).to_have_count(0)
    _drop(page, films["one.png"], films["two.png"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=90_000)
    expect(page.get_by_text("The images of your study are no longer in memory")).to_have_count(0)


def test_chest_gets_a_verdict_only_on_request_and_with_a_warning(page, app, films):
    page.goto(app.url)
    _drop(page, films["chest.dcm"])
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_have_text(re.compile("out of scope, no verdict", re.IGNORECASE), timeout=60_000)
    expect(page.get_by_text("gives the body part as chest").first).to_be_visible()
    assert _saved_row(page)["verdict"] is None
    page.get_by_role("button", name="Show the answer anyway").click()
    expect(verdict).to_contain_text("(out of scope)", timeout=60_000)
    expect(page.get_by_text("Probability of a fracture")).to_be_visible()
    row = _saved_row(page)
    assert 0 <= row["probability"] <= 1
    assert row["gate"]["reasons"][0].startswith("Out of scope: ")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Report (PDF)").click()
    report = PdfReader(io.BytesIO(Path(saved.value.path()).read_bytes())).pages[0].extract_text()
    assert "(out of scope)" in report
    assert "body part as chest" in report


def _saved_row(page) -> dict:
    with page.expect_download() as saved:
        page.get_by_role("button", name="Results (JSON)").click()
    (row,) = json.loads(Path(saved.value.path()).read_text())
    return row


def test_study_counts_images_out_of_scope(page, app, films):
    page.goto(app.url)
    _drop(page, films["a1.dcm"], films["chest.dcm"])
    study = page.get_by_test_id("study-verdict")
    expect(study).to_contain_text("1 of 2 images out of scope", timeout=60_000)
    chip = _chips(page).filter(has_text="chest.dcm")
    expect(chip).to_contain_text("Out of scope")
    chip.click()
    before = study.inner_text()
    page.get_by_role("button", name="Show the answer anyway").click()
    expect(chip).to_contain_text("(out of scope)", timeout=60_000)
    # An answer out of scope does not decide on the study.
    expect(study).to_have_text(before)


def test_a_study_out_of_scope_on_a_phone(page, app, films):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    _drop(page, films["a1.dcm"], films["chest.dcm"], films["b1.dcm"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("out of scope", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
