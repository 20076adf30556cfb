"""The page Data audit in a browser."""

import csv
import re

import numpy as np
import pytest
from phantom_files import save_image, small_phantom
from playwright.sync_api import expect

from fracture_core.audit import audit_dataset
from fracture_core.audit.html_report import to_html
from fracture_core.audit.split_comparison import compare_with_clean_split

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def leaky_dataset(tmp_path_factory):
    """24 images: one test image is a training image, another is a rotated one, and one image has both labels."""
    root = tmp_path_factory.mktemp("leaky")
    for seed in range(24):
        split, kind = ("train", "test")[seed // 16], ("normal", "fractured")[seed % 2]
        save_image(root / split / kind / f"film{seed:02d}.png", small_phantom(seed, seed % 2 == 1))
    (root / "test" / "fractured" / "same.png").write_bytes(
        (root / "train" / "fractured" / "film01.png").read_bytes()
    )
    save_image(
        root / "test" / "fractured" / "turned.png", np.ascontiguousarray(np.rot90(small_phantom(3, True)))
    )
    save_image(root / "train" / "normal" / "both.png", small_phantom(5, True))
    return root


def _open(page, app, path):
    page.goto(f"{app.url}/audit")
    _enter_path(page, path)


def _enter_path(page, path):
    page.get_by_role("heading", name="Data audit").wait_for()
    field = page.get_by_role("textbox", name="Dataset folder or manifest")
    field.fill(str(path))
    field.press("Enter")


def _audit(page, app, path):
    """Show the results of an audit; start it if it was not made before."""
    _open(page, app, path)
    button = page.get_by_role("button", name=re.compile("^Audit( again)?$"))
    button.wait_for()
    if button.inner_text() == "Audit":
        button.click()
    page.get_by_text("Distinct images per split").wait_for()
    # The page is complete when the last heading is drawn.
    page.get_by_role("heading", name="Duplicates").wait_for()


def test_findings_are_shown_with_their_images(page, app, leaky_dataset):
    _audit(page, app, leaky_dataset)
    page.get_by_text("1 of 10 test files is an exact copy of a training file.").wait_for()
    page.get_by_text("1 more of 10 test files is a near-duplicate of a training file").wait_for()
    page.get_by_text("1 image has both labels, fracture and no fracture").wait_for()
    page.get_by_role("img", name="train/normal/both.png").wait_for()
    page.get_by_text("Images in more than one split (2)").click()
    page.get_by_role("img", name="test/fractured/turned.png").wait_for()
    expect(page.get_by_text("Evaluation images also in training, as distributed")).to_be_visible()


def test_manifest_and_report_are_downloaded(page, app, leaky_dataset, tmp_path):
    _audit(page, app, leaky_dataset)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download manifest (CSV)").click()
    manifest_path = tmp_path / "manifest.csv"
    download.value.save_as(manifest_path)
    with manifest_path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 23  # all but the image with both labels
    assert {row["split"] for row in rows} == {"train", "val", "test"}
    names = [row["id"].split("/")[-1] for row in rows]
    assert "both.png" not in names
    assert sum(name in ("same.png", "film01.png") for name in names) == 1
    assert sum(name in ("turned.png", "film03.png") for name in names) == 1
    with page.expect_download() as download:
        page.get_by_role("button", name="Report with thumbnails (HTML)").click()
    download.value.save_as(tmp_path / "audit.html")
    assert "data:image/jpeg;base64," in (tmp_path / "audit.html").read_text("utf-8")


def test_clean_split_can_be_used_for_training(page, app, leaky_dataset):
    _audit(page, app, leaky_dataset)
    page.get_by_role("button", name="Train on the clean split").click()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_text(re.compile(r": 23 images")).wait_for()
    page.get_by_role("button", name="Audit this dataset").click()
    page.get_by_text("Audit findings").click()
    page.get_by_role("button", name="Open the full audit").click()
    page.get_by_role("heading", name="Data audit").wait_for()
    expect(page.get_by_role("textbox", name="Dataset folder or manifest")).to_have_value(
        re.compile(r"\.csv$")
    )


def test_audit_continues_after_a_reload_and_can_be_cancelled(page, app, leaky_dataset, tmp_path):
    large_dataset = tmp_path / "many"
    for number in range(400):
        pixels = np.random.default_rng(number).integers(0, 255, (300, 240)).astype(np.uint8)
        save_image(large_dataset / ("normal", "fractured")[number % 2] / f"{number}.png", pixels)
    _open(page, app, large_dataset)
    page.get_by_role("button", name="Audit", exact=True).click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.reload()  # the URL contains the folder
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The audit was cancelled.").wait_for()
    page.get_by_role("button", name="Audit again").wait_for()


def test_invalid_folder_gives_an_error_message_and_no_audit(page, app):
    page.goto(f"{app.url}/audit")
    for path, message in (
        ("/nowhere/at/all", "/nowhere/at/all is not a folder: check the path"),
        ("/" + 300 * "a", r"cannot be read \(File name too long\): check the path"),
    ):
        _enter_path(page, path)
        page.get_by_role("button", name="Audit", exact=True).click()
        page.get_by_text(re.compile(message)).wait_for()
        assert not any(state.read_text().count(path) for state in (app.runs / ".audits").glob("*/state.json"))


def test_page_fits_the_screen(page, app, leaky_dataset):
    _audit(page, app, leaky_dataset)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(1000)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


@pytest.fixture(scope="module")
def report_file(phantoms, tmp_path_factory):
    """The report on a dataset that is large enough to measure shortcuts."""
    audit = audit_dataset(phantoms)
    payload = {**audit.to_json(), "mended": compare_with_clean_split(audit)[1]}
    assert payload["shortcuts"]
    path = tmp_path_factory.mktemp("report") / "audit.html"
    path.write_text(to_html(payload), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "media"), [(1280, "screen"), (390, "screen"), (718, "print")])
def test_report_fits_screens_and_paper(page, report_file, width, media):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(media=media)
    page.goto(report_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # No column is too narrow for its text.
    rows = page.evaluate(
        "[...document.querySelectorAll('li, tr')].map(row => row.getBoundingClientRect().height)"
    )
    assert max(rows) < 200
