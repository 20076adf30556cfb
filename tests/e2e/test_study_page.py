"""Studies in a browser: zip and folder uploads, early verdicts, bad files and privacy."""

import io
import re
import warnings
import zipfile
from pathlib import Path

import psutil
import pydicom
import pytest
from browser_steps import choose_page, wait_for_rerun
from playwright.sync_api import expect

from fracture_core.phantom import draw_phantom, encode_png

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def large_image_files(tmp_path_factory) -> list[Path]:
    """60 large images."""
    folder = tmp_path_factory.mktemp("films")
    phantoms = [draw_phantom(seed, ("leg", "hand")[seed % 2], False, (400, 320)).pixels for seed in range(4)]
    paths = []
    for number in range(60):
        path = folder / f"film{number:02d}.png"
        pixels = phantoms[number % 4].repeat(4, axis=0).repeat(4, axis=1)
        pixels[0, 0] = number  # every image is different
        path.write_bytes(encode_png(pixels))
        paths.append(path)
    return paths


def _upload(page, *files: Path) -> None:
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
        [str(file) for file in files]
    )


def _image_buttons(page):
    return page.locator(".st-key-strip [data-testid=stButton] button")


def _zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_server_gives_a_verdict_without_tensorflow(page, app):
    page.goto(app.url)
    _upload(page, SAMPLES / "synthetic_leg_fracture.dcm")
    expect(page.get_by_test_id("verdict")).to_be_visible(timeout=60_000)
    libraries = {Path(region.path).name for region in psutil.Process(app.pid).memory_maps()}
    assert any("interpreter_wrapper" in name for name in libraries), "LiteRT is not loaded"
    assert not any("tensorflow_framework" in name for name in libraries)


def test_zip_is_a_study_and_bad_files_do_not_affect_others(page, app, tmp_path):
    nested_zip = io.BytesIO()
    with zipfile.ZipFile(nested_zip, "w") as archive:
        archive.writestr("deep.png", b"x")
    study = _zip(
        tmp_path / "study.zip",
        **{
            "a/hand.png": (SAMPLES / "synthetic_hand_fracture.png").read_bytes(),
            "a/LEG": (SAMPLES / "synthetic_leg_fracture.dcm").read_bytes(),
            "letter.pdf": b"%PDF-1.7\n1 0 obj\n",
            "empty.png": b"",
            "inner.zip": nested_zip.getvalue(),
            "__MACOSX/._hand.png": b"x",
        },
    )
    page.goto(app.url)
    _upload(page, study)
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 5 images", timeout=60_000)
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Most suspicious")
    expect(page.get_by_test_id("study-verdict")).to_contain_text("not readable 3")
    expect(_image_buttons(page)).to_have_count(5)
    for name, message in (
        ("letter.pdf", "PDF document"),
        ("empty.png", "empty"),
        ("inner.zip", "This is a zip archive within a zip archive"),
    ):
        _image_buttons(page).filter(has_text=name).click()
        expect(page.get_by_test_id("stAlert")).to_contain_text(message)
    _image_buttons(page).filter(has_text="LEG").click()
    expect(page.get_by_role("heading", name="a/LEG")).to_be_visible()
    expect(page.get_by_test_id("verdict")).to_be_visible()


def test_folder_is_a_study(page, app, tmp_path):
    folder = tmp_path / "patient"
    (folder / "deep").mkdir(parents=True)
    (folder / ".DS_Store").write_bytes(b"x")
    for name in ("one.png", "deep/two.png"):
        (folder / name).write_bytes((SAMPLES / "synthetic_leg_normal.png").read_bytes() + name.encode())
    page.goto(app.url)
    page.locator("input[type=file][webkitdirectory]").set_input_files(str(folder))
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images", timeout=60_000)
    expect(_image_buttons(page)).to_have_count(2)
    expect(_image_buttons(page).filter(has_text="two.png")).to_be_visible()


def test_first_verdict_is_shown_while_the_rest_is_analysed(page, app, large_image_files):
    page.goto(app.url)
    _upload(page, *large_image_files)
    page.get_by_test_id("verdict").wait_for()
    stop_button = page.get_by_role("button", name="Stop analysis")
    expect(stop_button).to_be_visible()
    expect(page.get_by_text(re.compile(r"Analysed \d+ of 60 images"))).to_be_visible()
    stop_button.click()
    heading = page.get_by_role("heading", level=3).first.inner_text()
    page.get_by_role("slider", name="Heatmap opacity").first.press("End")
    page.get_by_role("button", name="Continue analysis").click()
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 60 images:", timeout=120_000)
    # The displayed image stayed, and every image was analysed.
    assert page.get_by_role("heading", level=3).first.inner_text() == heading
    expect(page.get_by_test_id("study-verdict")).not_to_contain_text("stopped")
    expect(_image_buttons(page)).to_have_count(16)
    page.get_by_role("button", name="Next page").click()
    expect(_image_buttons(page)).to_have_count(16)
    expect(page.get_by_text("Images 17–32 of 60")).to_be_visible()


def test_keys_select_the_next_and_previous_image(page, app, large_image_files):
    page.goto(app.url)
    _upload(page, *large_image_files[:3])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 3 images:", timeout=60_000)
    _image_buttons(page).filter(has_text="film00").click()
    expect(page.get_by_text("Image 1 of 3")).to_be_visible()
    wait_for_rerun(page)
    page.keyboard.press("n")
    expect(page.get_by_text("Image 2 of 3")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="film02.png")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_text("Image 2 of 3")).to_be_visible()


def test_similar_images_show_labels_and_synthetic_images(page, app):
    page.goto(app.url)
    _upload(page, SAMPLES / "synthetic_hand_fracture.png")
    expect(page.get_by_role("heading", name="Similar training images")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile(r"of the 5 nearest training images show a fracture"))).to_be_visible()
    expect(page.locator(".near").first.locator("figure")).to_have_count(5)
    synthetic = page.get_by_test_id("synthetic")
    expect(synthetic.locator("img")).to_have_count(4, timeout=60_000)
    expect(synthetic).to_contain_text("Synthetic")


def test_study_fits_a_phone(page, app, large_image_files):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    _upload(page, *large_image_files[:4])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 4 images:", timeout=60_000)
    expect(page.get_by_role("heading", name="Similar training images")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _dicom_with_identity(tmp_path: Path) -> Path:
    """Write a DICOM image of an invented patient with an invalid date of birth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(SAMPLES / "synthetic_leg_fracture.dcm")
        dataset.PatientName = "Quibblesworth^Zaphira"
        dataset.PatientID = "ID-77341-XQ"
        dataset.PatientBirthDate = "born 1931-QQ"
        dataset.save_as(tmp_path / "zq-upload.dcm")
    return tmp_path / "zq-upload.dcm"


def _files_containing(app, *traces: bytes) -> list[str]:
    """Return files of the app, including its log, that contain one of the traces."""
    paths = []
    for root in (app.runs, app.models, app.home):
        for path in root.rglob("*"):
            if path.is_file() and any(trace in path.read_bytes() for trace in traces):
                paths.append(str(path))
    return paths


def test_upload_is_neither_written_nor_shown_nor_logged(page, app, tmp_path):
    path = _dicom_with_identity(tmp_path)
    content = path.read_bytes()
    pixels = content[len(content) // 2 :][:64]
    assert len(set(pixels)) > 8
    decoded = bytes(pixel >> 4 & 255 for pixel in memoryview(content[-200_000:-100_000]).cast("H"))[
        20_000:20_064
    ]
    # The helper finds text that exists: a line of the log.
    assert _files_containing(app, b"You can now view your Streamlit app")
    page.goto(app.url)
    _upload(page, path)
    page.get_by_test_id("verdict").wait_for()
    expect(page.get_by_role("heading", name="Similar training images")).to_be_visible()
    html = page.content()
    for secret in ("Quibblesworth", "Zaphira", "ID-77341-XQ", "1931-QQ"):
        assert secret not in html
    assert (
        _files_containing(app, b"Quibblesworth", b"ID-77341-XQ", b"1931-QQ", b"zq-upload", pixels, decoded)
        == []
    )

    page.get_by_role("button", name="Clear study").click()
    expect(page.get_by_text("Study cleared")).to_be_visible()
    expect(page.get_by_test_id("verdict")).to_have_count(0)
    expect(page.get_by_text("zq-upload")).to_have_count(0)
    # Opening another page and returning does not restore it.
    choose_page(page, "Failures")
    page.get_by_text("Confusion matrix").first.wait_for()
    choose_page(page, "Second opinion")
    page.get_by_text("Samples").wait_for()
    expect(page.get_by_test_id("verdict")).to_have_count(0)


def test_two_users_never_see_each_others_images(page, app, large_image_files, browser):
    other_context = browser.new_context()
    other_page = other_context.new_page()
    other_page.goto(app.url)
    page.goto(app.url)
    _upload(page, *large_image_files[:3])
    _upload(other_page, *large_image_files[12:14])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 3 images:", timeout=60_000)
    expect(other_page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images:", timeout=60_000)
    assert "film12" not in page.content()
    assert "film00" not in other_page.content()
    other_page.get_by_role("button", name="Clear study").click()
    expect(other_page.get_by_text("Study cleared")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_test_id("verdict")).to_be_visible()
    other_context.close()
