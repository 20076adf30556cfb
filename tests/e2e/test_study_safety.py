"""Separation of patients and images out of scope, in a browser."""

import io
import json
import re
from pathlib import Path

import pytest
from browser_steps import choose_page, image_button, upload, wait_for_rerun
from patient_data import make_patient_image
from PIL import Image
from playwright.sync_api import expect
from pypdf import PdfReader

from fracture_core.phantom import draw_phantom, encode_png

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def files_of_two_patients(tmp_path_factory) -> dict[str, Path]:
    """Phantoms of two patients, without a patient, and with a header that names the chest."""
    folder = tmp_path_factory.mktemp("films")
    contents = {
        "a1.dcm": make_patient_image("A", "1", 1),
        "a2.dcm": make_patient_image("A", "1", 2),
        "b1.dcm": make_patient_image("B", "2", 3),
        "b2.dcm": make_patient_image("B", "2", 4),
        "chest.dcm": make_patient_image("A", "1", 5, BodyPartExamined="CHEST"),
        "one.png": encode_png(draw_phantom(6, "hand", False, (400, 320)).pixels),
        "two.png": encode_png(draw_phantom(7, "hand", True, (400, 320)).pixels),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def _wait_for_verdict(page, name: str) -> None:
    """Wait for the verdict on an image."""
    expect(page.get_by_test_id("image-name")).to_have_text(name, timeout=60_000)
    expect(page.get_by_test_id("verdict")).to_be_visible()


def _expect_no_verdict(page) -> None:
    wait_for_rerun(page)
    expect(page.get_by_test_id("verdict")).to_have_count(0)
    expect(page.get_by_test_id("study-verdict")).to_have_count(0)


def _image_buttons(page):
    return page.locator(".rail button")


def test_images_of_two_patients_are_two_studies(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(
        page,
        files_of_two_patients["a1.dcm"],
        files_of_two_patients["b1.dcm"],
        files_of_two_patients["a2.dcm"],
        files_of_two_patients["b2.dcm"],
    )
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(_image_buttons(page)).to_have_count(2)
    excluded_images = page.locator(".st-key-study-apart")
    expect(excluded_images).to_contain_text("Another patient or study")
    expect(excluded_images).to_contain_text("b1.dcm, b2.dcm")
    page.get_by_role("button", name="Open these 2 images").click()
    expect(image_button(page, "b1.dcm")).to_be_visible(timeout=60_000)
    expect(image_button(page, "b2.dcm")).to_be_visible()
    expect(_image_buttons(page)).to_have_count(2)
    # The first study is the other one now, and can be opened again.
    expect(excluded_images).to_contain_text("a1.dcm, a2.dcm")
    wait_for_rerun(page)
    page.get_by_role("button", name="Open these 2 images").click()
    expect(image_button(page, "a1.dcm")).to_be_visible(timeout=60_000)
    expect(excluded_images).to_contain_text("b1.dcm, b2.dcm")
    # A new study removes both; not even a file name remains.
    wait_for_rerun(page)
    page.get_by_role("button", name="New study").click()
    expect(page.get_by_text("Study cleared")).to_be_visible()
    for name in ("a1.dcm", "b1.dcm"):
        expect(page.get_by_text(name)).to_have_count(0)


def test_image_of_another_patient_hides_the_previous_verdict(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(page, files_of_two_patients["a1.dcm"])
    _wait_for_verdict(page, "a1.dcm")
    upload(page, files_of_two_patients["b1.dcm"])
    expect(page.locator(".st-key-study-question")).to_contain_text("Another patient or study: b1.dcm")
    _expect_no_verdict(page)
    page.get_by_role("button", name="Keep the current study").click()
    _wait_for_verdict(page, "a1.dcm")
    expect(page.locator(".st-key-study-apart")).to_contain_text("b1.dcm")
    wait_for_rerun(page)
    page.get_by_role("button", name="Open this image").click()
    _wait_for_verdict(page, "b1.dcm")
    expect(page.locator(".st-key-study-apart")).to_contain_text("a1.dcm")


def test_later_image_of_the_same_study_joins_without_a_question(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(page, files_of_two_patients["a1.dcm"])
    _wait_for_verdict(page, "a1.dcm")
    upload(page, files_of_two_patients["a2.dcm"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(page.locator(".st-key-study-question")).to_have_count(0)


@pytest.mark.parametrize("answer", ["Same study", "New study"])
def test_later_image_without_identity_needs_an_answer(page, app, files_of_two_patients, answer):
    page.goto(app.url)
    upload(page, files_of_two_patients["one.png"])
    _wait_for_verdict(page, "one.png")
    upload(page, files_of_two_patients["two.png"])
    expect(page.get_by_text("Same study or new study?")).to_be_visible()
    _expect_no_verdict(page)
    page.get_by_role("button", name=answer).click()
    if answer == "Same study":
        expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
        expect(page.get_by_text(re.compile("no patient and no study"))).to_have_count(0)
    else:
        _wait_for_verdict(page, "two.png")
        expect(page.get_by_text("one.png")).to_have_count(0)


def test_mixed_study_lists_the_images_without_identity(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(page, files_of_two_patients["a1.dcm"], files_of_two_patients["one.png"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(page.get_by_text("one.png names no patient and no study.")).to_be_visible()


def test_study_accepts_images_after_another_page_was_opened(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(page, files_of_two_patients["one.png"])
    _wait_for_verdict(page, "one.png")
    choose_page(page, "Labels")
    expect(page).to_have_title("Labels – Second Look")
    choose_page(page, "Second opinion")
    _wait_for_verdict(page, "one.png")
    upload(page, files_of_two_patients["two.png"])
    expect(page.get_by_text("Same study or new study?")).to_be_visible()
    page.get_by_role("button", name="Same study").click()
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(_image_buttons(page)).to_have_count(2)


def test_restarted_server_asks_for_the_images_again(page, server, files_of_two_patients):
    page.goto(server.url)
    upload(page, files_of_two_patients["one.png"], files_of_two_patients["two.png"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=90_000)
    server.stop()
    server.start()
    expect(page.get_by_text("The images of your study are no longer in memory")).to_be_visible(timeout=90_000)
    _expect_no_verdict(page)
    # The names of the lost files are no longer shown.
    expect(page.get_by_text("one.png")).to_have_count(0)
    upload(page, files_of_two_patients["one.png"], files_of_two_patients["two.png"])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=90_000)
    expect(page.get_by_text("The images of your study are no longer in memory")).to_have_count(0)


def test_chest_gets_a_verdict_only_on_request_and_with_a_warning(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(page, files_of_two_patients["chest.dcm"])
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_have_text(re.compile("out of scope, no verdict", re.IGNORECASE), timeout=60_000)
    expect(page.get_by_text("gives the body part as chest").first).to_be_visible()
    assert _download_result(page)["verdict"] is None
    page.get_by_role("button", name="Show the answer anyway").click()
    expect(verdict).to_contain_text("(out of scope)", timeout=60_000)
    expect(page.get_by_text("Probability of a fracture:")).to_be_visible()
    row = _download_result(page)
    assert 0 <= row["probability"] <= 1
    assert row["gate"]["reasons"][0].startswith("Out of scope: ")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Image report (PDF)").click()
    report = PdfReader(io.BytesIO(Path(saved.value.path()).read_bytes())).pages[0].extract_text()
    assert "(out of scope)" in report
    assert "body part as chest" in report


def test_truncated_file_gets_a_verdict_only_on_request(page, app, tmp_path):
    content = io.BytesIO()
    Image.fromarray(draw_phantom(8, "hand", True, (400, 320)).pixels).save(content, "JPEG", quality=90)
    half = content.getvalue()[: content.tell() // 2]
    (tmp_path / "half.jpg").write_bytes(half)
    page.goto(app.url)
    upload(page, tmp_path / "half.jpg")
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_have_text("Poor image, verdict withheld", timeout=60_000)
    expect(page.get_by_text("of its lines are missing")).to_be_visible()
    assert _download_result(page)["gate"]["refusal"] == "poor image"
    page.get_by_role("button", name="Show the answer anyway").click()
    expect(verdict).to_contain_text("(poor image)", timeout=60_000)
    expect(page.get_by_test_id("trust")).to_contain_text("not tested on such images")
    assert _download_result(page)["probability"] is not None


def _download_result(page) -> dict:
    wait_for_rerun(page)  # until then the button holds the result before the last click
    with page.expect_download() as saved:
        page.get_by_role("button", name="Results (JSON)").click()
    (row,) = json.loads(Path(saved.value.path()).read_text())
    return row


def test_study_counts_images_out_of_scope(page, app, files_of_two_patients):
    page.goto(app.url)
    upload(page, files_of_two_patients["a1.dcm"], files_of_two_patients["chest.dcm"])
    study = page.get_by_test_id("study-verdict")
    expect(study).to_contain_text("1 out of scope", timeout=60_000)
    expect(study).not_to_contain_text("so far", timeout=60_000)
    chest = image_button(page, "chest.dcm")
    expect(chest).to_contain_text("Out of scope")
    chest.click()
    before = study.text_content()
    page.get_by_role("button", name="Show the answer anyway").click()
    expect(chest).to_contain_text("(out of scope)", timeout=60_000)
    # A verdict out of scope does not change the verdict of the study.
    expect(study).to_have_text(before)


def test_study_with_images_out_of_scope_fits_a_phone(page, app, files_of_two_patients):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    upload(
        page,
        files_of_two_patients["a1.dcm"],
        files_of_two_patients["chest.dcm"],
        files_of_two_patients["b1.dcm"],
    )
    expect(page.get_by_test_id("study-verdict")).to_contain_text("out of scope", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
