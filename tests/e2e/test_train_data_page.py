"""Dataset and settings of a new training in a browser."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browser_steps import choose_option, choose_page, wait_for_rerun
from phantom_files import save_image, small_phantom
from playwright.sync_api import expect

from fracture_core.runs.run import Run

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("stop_runs_after_test")]

# Processes import TensorFlow.
PATIENCE = 180_000


def open_form(page, app) -> None:
    page.goto(f"{app.url}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("radio", name="New training", exact=True).click()
    page.get_by_role("heading", name="Dataset", exact=True).wait_for()
    wait_for_rerun(page)


def enter_folder(page, path) -> None:
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(path))
    field.press("Enter")
    wait_for_rerun(page)


def set_number(page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Enter")
    wait_for_rerun(page)
    expect(field).to_have_value(value)


def test_augmentation_is_previewed_and_stored_in_the_run(page, app):
    open_form(page, app)
    enter_folder(page, app.phantoms)
    page.get_by_text("56 images, 28 with a fracture").wait_for()
    choose_option(page, "Architecture", "Small FCN")
    page.get_by_text("Augmentation", exact=True).click()
    previews = page.get_by_test_id("preview").get_by_role("img")
    expect(previews).to_have_count(8)
    before = previews.nth(2).get_attribute("src")
    assert before != previews.first.get_attribute("src")

    # By keyboard, to the maximum; the preview follows.
    page.get_by_role("slider", name="Rotation (°)").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("slider", name="Rotation (°)")).to_have_value("180")
    expect(previews.nth(2)).not_to_have_attribute("src", before)
    page.get_by_text("Mirror left to right").click()
    wait_for_rerun(page)

    first = previews.first.get_attribute("src")
    page.get_by_role("button", name="Show another image").click()
    expect(previews.first).not_to_have_attribute("src", first)

    set_number(page, "Maximum epochs", "1")
    set_number(page, "Input size (px)", "64")
    page.get_by_text("More settings").click()
    field = page.get_by_role("textbox", name="Run name (optional)")
    field.fill("varied")
    field.press("Enter")
    wait_for_rerun(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("radio", name="Runs", exact=True)).to_be_checked(timeout=PATIENCE)
    augmentation = Run(app.runs / "varied").config().augmentation
    assert (augmentation.rotation, augmentation.flip) == (180.0, False)
    assert augmentation.shift == 0.08  # as usual

    # The usual strengths can be restored.
    Run(app.runs / "varied").request_stop()
    choose_page(page, "Data audit")
    page.get_by_role("heading", name="Data audit", exact=True).wait_for()
    choose_page(page, "Train")
    page.get_by_role("radio", name="New training", exact=True).click()
    page.get_by_text("Augmentation", exact=True).click()
    page.get_by_role("button", name="Reset to usual strengths").click()
    expect(page.get_by_role("slider", name="Rotation (°)")).to_have_value("15")
    expect(page.get_by_role("button", name="Reset to usual strengths")).to_have_count(0)


def test_presets_fill_the_form(page, app):
    open_form(page, app)
    choose_option(page, "Architecture", "Four-block CNN")
    wait_for_rerun(page)
    set_number(page, "Maximum epochs", "7")
    set_number(page, "Input size (px)", "96")
    rate = page.get_by_role("spinbutton", name="Learning rate")
    page.get_by_role("button", name="As published").click()
    expect(rate).to_have_value("0.006000")
    expect(page.get_by_role("spinbutton", name="Maximum epochs")).to_have_value("15")
    expect(page.get_by_role("spinbutton", name="Input size (px)")).to_have_value("224")
    page.get_by_role("button", name="Usual settings").click()
    expect(rate).to_have_value("0.001000")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    # An architecture without a publication has no such button.
    choose_option(page, "Architecture", "Small FCN")
    expect(page.get_by_role("button", name="As published")).to_have_count(0)


def test_speed_is_measured_and_time_estimated(page, app):
    open_form(page, app)
    enter_folder(page, app.phantoms)
    choose_option(page, "Architecture", "Small FCN")
    page.get_by_text("47,000 parameters at 128 px").wait_for()
    set_number(page, "Input size (px)", "64")
    set_number(page, "Batch size", "4")
    page.get_by_role("button", name="Measure speed").click()
    page.get_by_text(re.compile(r"Speed on this computer: \S+ images per second")).wait_for(timeout=PATIENCE)
    page.get_by_text("epochs on this dataset:").wait_for()
    # Stored: another size is not measured yet, and this one is known again.
    set_number(page, "Input size (px)", "96")
    page.get_by_text("not been measured yet for this size and batch").wait_for()
    set_number(page, "Input size (px)", "64")
    page.get_by_role("button", name="Measure again").wait_for()


def upload(page, name: str, content: bytes) -> None:
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
        files=[{"name": name, "mimeType": "application/zip", "buffer": content}]
    )


def test_zip_is_unpacked_shown_and_deleted(page, app):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in app.phantoms.rglob("*.png"):
            archive.write(path, path.relative_to(app.phantoms))
    open_form(page, app)
    page.get_by_role("radio", name="Zip upload", exact=True).click()
    upload(page, "broken.zip", buffer.getvalue()[:-40])
    page.get_by_text("broken.zip is damaged or not a supported zip").wait_for()
    assert page.get_by_role("button", name="Start training").is_disabled()

    upload(page, "mine.zip", buffer.getvalue())
    page.get_by_text("56 images, 28 with a fracture").wait_for()
    sample = page.get_by_test_id("sample")
    expect(sample.get_by_role("img")).to_have_count(16)
    # Alternately with and without a fracture.
    expect(sample.get_by_text("with a fracture", exact=True)).to_have_count(8)
    expect(sample.get_by_text("without a fracture", exact=True)).to_have_count(8)
    first = sample.get_by_role("img").first
    before = first.get_attribute("alt")
    page.get_by_role("button", name="Show other images").click()
    expect(first).not_to_have_attribute("alt", before)
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()

    unpacked_folders = list((app.runs / ".uploads").glob("mine-*"))
    assert len(unpacked_folders) == 1
    page.get_by_role("button", name="Delete dataset").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete dataset").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("The zip is unpacked").wait_for()
    assert not unpacked_folders[0].exists()


def test_public_dataset_needs_consent_and_is_found_on_this_computer(page, app):
    open_form(page, app)
    page.get_by_role("radio", name="Public dataset", exact=True).click()
    page.get_by_text("Not downloaded yet").wait_for()
    page.get_by_text("CC BY 4.0").wait_for()
    download_button = page.get_by_role("button", name="Download", exact=True)
    expect(download_button).to_be_disabled()
    page.get_by_text("I agree to the licence of FracAtlas").click()
    expect(download_button).to_be_enabled()
    download_button.click()
    # There is no internet here.
    page.get_by_text("check the network and try again").wait_for(timeout=PATIENCE)

    choose_option(page, "Public dataset", "MURA")
    page.get_by_text("requires registration").wait_for()
    expect(page.get_by_role("button", name="Download", exact=True)).to_have_count(0)

    folder = app.runs / ".sets" / "fracatlas"
    shutil.copytree(app.phantoms, folder)
    (folder / "SOURCE.txt").write_text("Name: fracatlas (FracAtlas)\n")
    try:
        choose_option(page, "Public dataset", "FracAtlas")
        page.get_by_text("On this computer. 4,083").wait_for()
        page.get_by_text("56 images, 28 with a fracture").wait_for()
    finally:
        shutil.rmtree(folder)


def test_dataset_is_audited_and_trained_on_its_clean_split(page, app, tmp_path):
    for seed in range(30):
        part, kind = ("train", "test")[seed // 18], ("normal", "fractured")[seed % 2]
        save_image(
            tmp_path / "leaky" / part / kind / f"film{seed:02d}.png", small_phantom(seed, seed % 2 == 1)
        )
    leak = np.ascontiguousarray(np.rot90(small_phantom(3, True)))
    save_image(tmp_path / "leaky" / "test" / "fractured" / "turned.png", leak)
    open_form(page, app)
    enter_folder(page, tmp_path / "leaky")
    page.get_by_role("button", name="Audit this dataset").click()
    page.get_by_text("Do not trust scores on this split").wait_for()
    page.get_by_text("Audit findings").click()
    page.get_by_text("of 13 test files is a near-duplicate of a training file").wait_for()
    # With a leak, the clean split is the default, and the other one shows a warning.
    expect(page.get_by_role("radio", name="Clean split")).to_be_checked()
    page.get_by_text("30 images remain").wait_for()
    page.get_by_role("radio", name="As distributed").click()
    page.get_by_text("to validate or test on is in training too").wait_for()
    page.get_by_role("radio", name="Clean split").click()
    page.get_by_text("30 images remain").wait_for()

    choose_option(page, "Architecture", "Small FCN")
    set_number(page, "Input size (px)", "64")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("radio", name="Runs", exact=True)).to_be_checked(timeout=PATIENCE)
    run = Run.all(app.runs)[0]
    manifest = run.config().data
    assert manifest.startswith(str(app.runs / ".splits"))

    # Forgetting the audit does not affect the run.
    page.goto(f"{app.url}/audit")
    page.get_by_text("Earlier audits").wait_for()
    row = page.locator("[class*=st-key-audit_earlier_]", has_text=str(tmp_path / "leaky")).last
    row.get_by_role("button", name="Delete").click()
    expect(page.locator("[class*=st-key-audit_earlier_]", has_text=str(tmp_path / "leaky"))).to_have_count(0)
    assert len(Path(manifest).read_text(encoding="utf-8").splitlines()) == 31


def test_recent_folders_are_offered_again(page, app, tmp_path):
    shutil.copytree(app.phantoms, tmp_path / "mine")
    open_form(page, app)
    enter_folder(page, tmp_path / "mine")
    page.get_by_text("56 images, 28 with a fracture").wait_for()
    enter_folder(page, app.phantoms)
    wait_for_rerun(page)
    page.get_by_text("Dataset contents").wait_for()

    page.reload()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("radio", name="New training", exact=True).click()
    field = page.get_by_role("textbox", name="Dataset folder")
    expect(field).to_have_value(str(app.phantoms))
    choose_option(page, "Recent folders", str(tmp_path / "mine"))
    expect(field).to_have_value(str(tmp_path / "mine"))


def test_new_training_fits_a_phone(page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    open_form(page, app)
    page.get_by_text("Augmentation", exact=True).click()
    for source in ("Zip upload", "Public dataset", "Folder"):
        page.get_by_role("radio", name=source, exact=True).click()
        wait_for_rerun(page)
        if source == "Folder":
            enter_folder(page, app.phantoms)
            page.get_by_test_id("sample").wait_for()
            wait_for_rerun(page)
        page.get_by_role("slider", name="Rotation (°)").wait_for()
        assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390, (
            source
        )
