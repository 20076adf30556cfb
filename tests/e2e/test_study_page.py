"""Studies in a browser: zip and folder uploads, early verdicts, bad files and privacy."""

import io
import re
import warnings
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pydicom
import pytest
from browser_steps import choose_page, image_button, save, upload, wait_for_rerun
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


def _image_buttons(page):
    return page.locator(".rail button")


def _zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_server_gives_a_verdict_without_tensorflow(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_leg_fracture.dcm")
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
    upload(page, study)
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 5 images", timeout=60_000)
    expect(page.get_by_test_id("study-verdict")).to_contain_text("3 not readable")
    expect(_image_buttons(page)).to_have_count(5)
    for name, message in (
        ("letter.pdf", "PDF document"),
        ("empty.png", "empty"),
        ("inner.zip", "This is a zip archive within a zip archive"),
    ):
        image_button(page, name).click()
        expect(page.get_by_test_id("image-error")).to_contain_text(message)
    image_button(page, "LEG").click()
    expect(page.get_by_test_id("image-name")).to_have_text("a/LEG")
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
    expect(image_button(page, "two.png")).to_be_visible()


def test_first_verdict_is_shown_while_the_rest_is_analysed(page, app, large_image_files):
    page.goto(app.url)
    upload(page, *large_image_files)
    page.get_by_test_id("verdict").wait_for()
    stop_button = page.get_by_role("button", name="Stop analysis")
    expect(stop_button).to_be_visible()
    expect(page.get_by_text(re.compile(r"Analysed \d+ of 60 images"))).to_be_visible()
    stop_button.click()
    # The user has chosen this image by touching it.
    page.locator(".stage").click()
    name = page.get_by_test_id("image-name").inner_text()
    page.get_by_role("button", name="Continue analysis").click()
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 60 images:", timeout=120_000)
    # The displayed image stayed, and every image was analysed.
    expect(page.get_by_test_id("image-name")).to_have_text(name)
    expect(page.get_by_test_id("study-verdict")).not_to_contain_text("not analysed")
    expect(_image_buttons(page)).to_have_count(60)


def _names_in_rail(page) -> list[str]:
    return [button.get_attribute("title") for button in _image_buttons(page).all()]


def _open_name(page) -> str:
    """The name of the open image, once verdict and pixels are shown."""
    expect(page.locator(".workspace")).to_have_attribute("aria-busy", "false")
    return page.get_by_test_id("image-name").inner_text()


def test_study_opens_at_its_most_suspicious_image(page, app, tmp_path):
    names = ("a_normal.png", "b_fracture.png", "c_normal.png")
    for name, source in zip(names, ("hand_normal", "hand_fracture", "leg_normal"), strict=True):
        (tmp_path / name).write_bytes((SAMPLES / f"synthetic_{source}.png").read_bytes())
    page.goto(app.url)
    upload(page, *(tmp_path / name for name in names))
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 3 images:", timeout=60_000)
    expect(page.get_by_test_id("image-name")).to_have_text("b_fracture.png")
    assert _names_in_rail(page)[0] == "b_fracture.png"
    shares = [button.locator(".share").inner_text() for button in _image_buttons(page).all()]
    values = [float(re.sub("[^0-9]", "", share)) for share in shares]
    assert values == sorted(values, reverse=True)
    assert "Fracture suspected" in _image_buttons(page).first.get_attribute("aria-label")


def test_every_key_press_counts_once(page, app, large_image_files):
    page.goto(app.url)
    upload(page, *large_image_files[:8])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 8 images:", timeout=60_000)
    names = _names_in_rail(page)
    assert _open_name(page) == names[0]
    for _ in range(4):
        page.keyboard.press("n")
    assert _open_name(page) == names[4]
    page.keyboard.press("p")
    page.keyboard.press("p")
    page.keyboard.press("n")
    assert _open_name(page) == names[3]
    # Arrow keys move along the rail, and the focus with them.
    page.locator('.rail button[tabindex="0"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert _open_name(page) == names[6]
    focused = page.locator(".workspace").evaluate("root => root.getRootNode().activeElement.title")
    assert focused == names[6]
    for _ in range(20):
        page.keyboard.press("ArrowUp")
    assert _open_name(page) == names[0]
    # The server follows: its part of the page belongs to the open image.
    saved = save(page, "Image report (PDF)")
    number = large_image_files.index(next(path for path in large_image_files if path.name == names[0])) + 1
    assert saved.suggested_filename.startswith(f"film-{number}.")


def test_verdict_and_pixels_change_in_the_same_frame(page, app, tmp_path):
    """In every frame the name in the panel belongs to the picture on the canvas."""
    for number in range(4):
        pixels = np.full((300, 240), 40, np.uint8)
        pixels[30:-30, 30:-30] = draw_phantom(number, "leg", True, (240, 180)).pixels
        pixels[:12, :12] = 60 * number  # the corner says which image it is
        (tmp_path / f"{number}.png").write_bytes(encode_png(pixels))
    page.goto(app.url)
    upload(page, *(tmp_path / f"{number}.png" for number in range(4)))
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 4 images:", timeout=60_000)
    _open_name(page)
    page.evaluate(
        """() => {
            const root = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
            window.frames_seen = [];
            const look = () => {
                const viewer = root.querySelector('.viewer');
                const [a, , , d, e, f] = viewer.dataset.matrix.split(',').map(Number);
                const canvas = root.querySelector('canvas');
                const [grey] = canvas.getContext('2d').getImageData(e + 6 * a, f + 6 * d, 1, 1).data;
                window.frames_seen.push([root.querySelector('[data-testid=image-name]').textContent, grey]);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    for key in "nnnpnp":
        page.keyboard.press(key)
        _open_name(page)  # a busy machine would skip images
        page.wait_for_timeout(50)
    seen = page.evaluate("window.frames_seen")
    assert len({name for name, _ in seen}) == 4
    for name, grey in seen:
        assert abs(grey - 60 * int(name[0])) <= 3, (name, grey)


@pytest.mark.parametrize("count", [1, 12])
def test_verdict_image_and_finding_are_visible_without_scrolling(page, app, tmp_path, count):
    paths = [tmp_path / f"{number:02d}.png" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(encode_png(draw_phantom(number, "hand", number == count - 1, (400, 320)).pixels))
    (tmp_path / "fracture.png").write_bytes((SAMPLES / "synthetic_hand_fracture.png").read_bytes())
    page.goto(app.url)
    upload(page, *paths[: count - 1], tmp_path / "fracture.png")
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_have_text("Fracture suspected", timeout=60_000)
    expect(page.locator(".workspace")).to_have_attribute("data-images", str(count))
    wait_for_rerun(page)
    if count > 1:
        image_button(page, "fracture.png").click()
    expect(page.get_by_test_id("image-name")).to_have_text("fracture.png")
    for width, height, others in (
        (1280, 900, (".finding", "[data-testid=trust]")),
        (1920, 1080, (".finding",)),
        (390, 844, ()),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        for place in ("[data-testid=verdict]", ".stage", *others):
            box = page.locator(place).first.bounding_box()
            assert box["y"] >= 0, (width, place)
            assert box["y"] + box["height"] <= height, (width, place, box)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # On a phone: verdict, image, findings, rest.
    tops = [
        page.locator(place).first.bounding_box()["y"]
        for place in ("[data-testid=verdict]", ".stage", ".findings", ".trust")
    ]
    assert tops == sorted(tops)
    assert page.locator(".stage").bounding_box()["width"] > 340


def test_findings_in_list_and_image_are_linked(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    finding = page.locator(".finding").first
    expect(finding).to_contain_text(re.compile(r"1\s*Definite\s*\d+%"), timeout=60_000)
    canvas = page.locator(".stage canvas")
    page.mouse.move(5, 5)
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    finding.hover()
    page.wait_for_timeout(200)
    assert canvas.evaluate("canvas => canvas.toDataURL()") != before
    page.mouse.move(5, 5)
    page.wait_for_timeout(200)
    assert canvas.evaluate("canvas => canvas.toDataURL()") == before
    # The fracture of the fifth metacarpal is at 192, 486.
    a, _, _, d, e, f = map(float, page.locator(".viewer").get_attribute("data-matrix").split(","))
    stage = page.locator(".stage").bounding_box()
    page.mouse.move(stage["x"] + 192 * a + e, stage["y"] + 486 * d + f)
    expect(finding).to_have_class(re.compile("active"))
    page.mouse.move(stage["x"] + 4, stage["y"] + 4)
    expect(finding).not_to_have_class(re.compile("active"))


def test_images_dropped_anywhere_join_the_study(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    expect(page.get_by_test_id("verdict")).to_be_visible(timeout=60_000)
    wait_for_rerun(page)
    content = list((SAMPLES / "synthetic_leg_normal.png").read_bytes())
    page.evaluate(
        """content => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(content)], 'dropped.png', {type: 'image/png'}));
            for (const name of ['dragenter', 'dragover', 'drop']) {
                document.querySelector('.st-key-workspace').dispatchEvent(
                    new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer}));
            }
        }""",
        content,
    )
    expect(page.get_by_text("Same study or new study?")).to_be_visible()
    page.get_by_role("button", name="Same study").click()
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images:", timeout=60_000)
    expect(image_button(page, "dropped.png")).to_be_visible()


def test_new_study_is_confirmed_on_the_screen_of_a_phone(page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    expect(page.get_by_test_id("verdict")).to_be_visible(timeout=60_000)
    wait_for_rerun(page)
    page.get_by_role("button", name="New study").click()
    message = page.get_by_text("Study cleared")
    expect(message).to_be_visible()
    wait_for_rerun(page)
    box = message.bounding_box()
    assert 0 <= box["y"] <= 844 - box["height"]


def test_similar_images_show_labels_and_synthetic_images(page, app):
    page.goto(app.url)
    upload(page, SAMPLES / "synthetic_hand_fracture.png")
    expect(page.get_by_test_id("verdict")).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Similar images").click()
    expect(page.get_by_role("heading", name="Similar training images")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile(r"of the 5 nearest training images show a fracture"))).to_be_visible()
    expect(page.locator(".near").first.locator("figure")).to_have_count(5)
    synthetic = page.get_by_test_id("synthetic")
    expect(synthetic.locator("img")).to_have_count(4, timeout=60_000)
    expect(synthetic).to_contain_text("Synthetic")


def test_study_fits_a_phone(page, app, large_image_files):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    upload(page, *large_image_files[:4])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 4 images:", timeout=60_000)
    page.get_by_role("tab", name="Similar images").click()
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


def test_upload_is_neither_written_nor_logged_and_the_patient_can_be_hidden(page, app, tmp_path):
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
    upload(page, path)
    page.get_by_test_id("verdict").wait_for()
    patient = page.get_by_test_id("patient")
    expect(patient).to_have_text("Quibblesworth Zaphira, ID ID-77341-XQ")
    assert "1931-QQ" not in page.content()
    wait_for_rerun(page)
    page.get_by_role("button", name="Hide patient").click()
    expect(patient).to_have_text("Patient hidden")
    for secret in ("Quibblesworth", "Zaphira", "ID-77341-XQ"):
        assert secret not in page.content()
    assert (
        _files_containing(app, b"Quibblesworth", b"ID-77341-XQ", b"1931-QQ", b"zq-upload", pixels, decoded)
        == []
    )

    page.get_by_role("button", name="New study").click()
    expect(page.get_by_text("Study cleared")).to_be_visible()
    expect(page.get_by_test_id("verdict")).to_have_count(0)
    expect(page.get_by_text("zq-upload")).to_have_count(0)
    # Opening another page and returning does not restore it.
    choose_page(page, "Failures")
    expect(page.get_by_role("heading", name="Failures", exact=True)).to_be_visible()
    choose_page(page, "Second opinion")
    page.get_by_text("Samples").wait_for()
    expect(page.get_by_test_id("verdict")).to_have_count(0)


def test_two_users_never_see_each_others_images(page, app, large_image_files, browser):
    other_context = browser.new_context()
    other_page = other_context.new_page()
    other_page.goto(app.url)
    page.goto(app.url)
    upload(page, *large_image_files[:3])
    upload(other_page, *large_image_files[12:14])
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 3 images:", timeout=60_000)
    expect(other_page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images:", timeout=60_000)
    assert "film12" not in page.content()
    assert "film00" not in other_page.content()
    other_page.get_by_role("button", name="New study").click()
    expect(other_page.get_by_text("Study cleared")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_test_id("verdict")).to_be_visible()
    other_context.close()
