"""The films and the choices of a new training, driven as a user drives them."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browser_steps import choose_page, pick, settled
from phantom_files import film, save
from playwright.sync_api import expect

from fracture_core.runs.run import Run

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("at_rest")]

# Processes import TensorFlow on the way.
PATIENCE = 180_000


def new_training(page, app) -> None:
    page.goto(f"{app.url}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("radio", name="New training", exact=True).click()
    page.get_by_role("heading", name="Films", exact=True).wait_for()
    settled(page)


def folder(page, path) -> None:
    field = page.get_by_role("textbox", name="Folder of labelled films")
    field.fill(str(path))
    field.press("Enter")
    settled(page)


def number(page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Enter")
    settled(page)
    expect(field).to_have_value(value)


def test_variations_are_seen_at_once_and_go_into_the_run(page, app):
    new_training(page, app)
    folder(page, app.phantoms)
    page.get_by_text("56 films, 28 with a fracture").wait_for()
    pick(page, "Architecture", "Small FCN")
    page.get_by_text("Variations of the films").click()
    looks = page.get_by_test_id("preview").get_by_role("img")
    expect(looks).to_have_count(8)
    before = looks.nth(2).get_attribute("src")
    assert before != looks.first.get_attribute("src")

    # By keyboard, as far as it goes: the films of the page follow.
    page.get_by_role("slider", name="Rotation, degrees").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("slider", name="Rotation, degrees")).to_have_value("180")
    expect(looks.nth(2)).not_to_have_attribute("src", before)
    page.get_by_text("Mirror left to right, half of the time").click()
    settled(page)

    first = looks.first.get_attribute("src")
    page.get_by_role("button", name="Another film").click()
    expect(looks.first).not_to_have_attribute("src", first)

    number(page, "Epochs, at most", "1")
    number(page, "Input size, px", "64")
    page.get_by_text("More settings").click()
    field = page.get_by_role("textbox", name="Name of the run")
    field.fill("varied")
    field.press("Enter")
    settled(page)
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("varied").first.wait_for(timeout=PATIENCE)
    expect(page.get_by_role("radio", name="Runs", exact=True)).to_be_checked()
    how = Run(app.runs / "varied").config().augmentation
    assert (how.rotation, how.flip) == (180.0, False)
    assert how.shift == 0.08  # as usual

    # The usual strengths are a click away.
    Run(app.runs / "varied").request_stop()
    choose_page(page, "Data audit")
    page.get_by_role("heading", name="Data audit", exact=True).wait_for()
    choose_page(page, "Train")
    page.get_by_role("radio", name="New training", exact=True).click()
    page.get_by_text("Variations of the films").click()
    page.get_by_role("button", name=re.compile("Back to what Small FCN")).click()
    expect(page.get_by_role("slider", name="Rotation, degrees")).to_have_value("15")
    expect(page.get_by_role("button", name=re.compile("Back to what"))).to_have_count(0)


def test_the_form_is_filled_with_usual_and_published_settings(page, app):
    new_training(page, app)
    pick(page, "Architecture", "Four-block CNN")
    number(page, "Epochs, at most", "7")
    number(page, "Input size, px", "96")
    rate = page.get_by_role("spinbutton", name="Learning rate")
    page.get_by_role("button", name="As published").click()
    expect(rate).to_have_value("0.006000")
    expect(page.get_by_role("spinbutton", name="Epochs, at most")).to_have_value("15")
    expect(page.get_by_role("spinbutton", name="Input size, px")).to_have_value("224")
    page.get_by_role("button", name="Usual settings").click()
    expect(rate).to_have_value("0.001000")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    # What nobody published has no such button.
    pick(page, "Architecture", "Small FCN")
    expect(page.get_by_role("button", name="As published")).to_have_count(0)


def test_the_speed_here_is_measured_and_the_time_estimated(page, app):
    new_training(page, app)
    folder(page, app.phantoms)
    pick(page, "Architecture", "Small FCN")
    page.get_by_text("47,000 parameters at 128 px").wait_for()
    number(page, "Input size, px", "64")
    number(page, "Films a step (batch)", "4")
    page.get_by_role("button", name="Measure it").click()
    page.get_by_text(re.compile(r"On this computer it learns from \S+ films a second")).wait_for(
        timeout=PATIENCE
    )
    page.get_by_text("epochs on these films:").wait_for()
    # Kept: another size asks anew, and this one is known when it comes back, also after a reload.
    number(page, "Input size, px", "96")
    page.get_by_text("not measured yet at this size and batch").wait_for()
    number(page, "Input size, px", "64")
    page.get_by_role("button", name="Measure again").wait_for()


def drop(page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").first.set_input_files(
        files=[{"name": name, "mimeType": "application/zip", "buffer": content}]
    )


def test_a_zip_is_unpacked_looked_at_and_deleted(page, app):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in app.phantoms.rglob("*.png"):
            archive.write(path, path.relative_to(app.phantoms))
    new_training(page, app)
    page.get_by_role("radio", name="A zip", exact=True).click()
    drop(page, "broken.zip", buffer.getvalue()[:-40])
    page.get_by_text("Expected a whole zip archive, but broken.zip is damaged").wait_for()
    assert page.get_by_role("button", name="Start training").is_disabled()

    drop(page, "mine.zip", buffer.getvalue())
    page.get_by_text("56 films, 28 with a fracture").wait_for()
    films = page.get_by_test_id("sample")
    expect(films.get_by_role("img")).to_have_count(16)
    # With and without a fracture by turns.
    expect(films.get_by_text("with a fracture", exact=True)).to_have_count(8)
    expect(films.get_by_text("without a fracture", exact=True)).to_have_count(8)
    first = films.get_by_role("img").first
    before = first.get_attribute("alt")
    page.get_by_role("button", name="Other films").click()
    expect(first).not_to_have_attribute("alt", before)
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()

    kept = list((app.runs / ".uploads").glob("mine-*"))
    assert len(kept) == 1
    page.get_by_role("button", name="Delete these films").click()
    page.get_by_role("button", name="Keep them").click()
    page.get_by_role("button", name="Delete these films").click()
    page.get_by_role("button", name="Delete them").click()
    page.get_by_text("A zip of at most").wait_for()
    assert not kept[0].exists()


def test_a_public_set_shows_its_terms_before_it_is_fetched_and_is_found_when_it_is_here(page, app):
    new_training(page, app)
    page.get_by_role("radio", name="A public set", exact=True).click()
    page.get_by_text("Not here yet").wait_for()
    page.get_by_text("CC BY 4.0").wait_for()
    fetch = page.get_by_role("button", name="Fetch it")
    expect(fetch).to_be_disabled()
    page.get_by_text("I agree to the licence of FracAtlas").click()
    expect(fetch).to_be_enabled()
    fetch.click()
    # There is no internet here.
    page.get_by_text("check the network and try again").wait_for(timeout=PATIENCE)

    pick(page, "Public data set", "MURA")
    page.get_by_text("is given to those who register").wait_for()
    expect(page.get_by_role("button", name="Fetch it")).to_have_count(0)

    folder = app.runs / ".sets" / "fracatlas"
    shutil.copytree(app.phantoms, folder)
    (folder / "SOURCE.txt").write_text("Name: fracatlas (FracAtlas)\n")
    try:
        pick(page, "Public data set", "FracAtlas")
        page.get_by_text("On this computer. 4,083").wait_for()
        page.get_by_text("56 films, 28 with a fracture").wait_for()
    finally:
        shutil.rmtree(folder)


def test_the_audit_is_made_here_and_the_mended_split_trained_on(page, app, tmp_path):
    for seed in range(30):
        part, kind = ("train", "test")[seed // 18], ("normal", "fractured")[seed % 2]
        save(tmp_path / "leaky" / part / kind / f"film{seed:02d}.png", film(seed, seed % 2 == 1))
    leak = np.ascontiguousarray(np.rot90(film(3, True)))
    save(tmp_path / "leaky" / "test" / "fractured" / "turned.png", leak)
    new_training(page, app)
    folder(page, tmp_path / "leaky")
    page.get_by_role("button", name="Audit these films first").click()
    page.get_by_text("Do not trust a test score on this set as it is").wait_for()
    page.get_by_text("What the audit found").click()
    page.get_by_text("of 13 test files shows a picture that is also in training").wait_for()
    # With a leak the mended split is proposed; the other way is open and warned of.
    expect(page.get_by_role("radio", name="Mended split")).to_be_checked()
    page.get_by_text("30 films are left").wait_for()
    page.get_by_role("radio", name="As distributed").click()
    page.get_by_text("1 film to judge on is in training too").wait_for()
    page.get_by_role("radio", name="Mended split").click()
    page.get_by_text("30 films are left").wait_for()

    pick(page, "Architecture", "Small FCN")
    number(page, "Input size, px", "64")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("radio", name="Runs", exact=True)).to_be_checked(timeout=PATIENCE)
    run = Run.all(app.runs)[0]
    manifest = run.config().data
    assert manifest.startswith(str(app.runs / ".splits"))

    # Forgetting the audit takes nothing from the run.
    page.goto(f"{app.url}/audit")
    page.get_by_text("Earlier audits").wait_for()
    row = page.locator("[class*=st-key-audit_earlier_]", has_text=str(tmp_path / "leaky")).last
    row.get_by_role("button", name="Forget").click()
    expect(page.locator("[class*=st-key-audit_earlier_]", has_text=str(tmp_path / "leaky"))).to_have_count(0)
    assert len(Path(manifest).read_text(encoding="utf-8").splitlines()) == 31


def test_a_folder_is_remembered_by_the_next_visit(page, app, tmp_path):
    shutil.copytree(app.phantoms, tmp_path / "mine")
    new_training(page, app)
    folder(page, tmp_path / "mine")
    page.get_by_text("56 films, 28 with a fracture").wait_for()
    folder(page, app.phantoms)
    settled(page)
    page.get_by_text("What is in it").wait_for()

    page.reload()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("radio", name="New training", exact=True).click()
    field = page.get_by_role("textbox", name="Folder of labelled films")
    expect(field).to_have_value(str(app.phantoms))
    pick(page, "Used before", str(tmp_path / "mine"))
    expect(field).to_have_value(str(tmp_path / "mine"))


@pytest.mark.parametrize("source", ["A folder", "A public set", "A zip"])
def test_nothing_is_wider_than_a_phone(page, app, source):
    page.set_viewport_size({"width": 390, "height": 844})
    new_training(page, app)
    page.get_by_role("radio", name=source, exact=True).click()
    settled(page)
    if source == "A folder":
        folder(page, app.phantoms)
        page.get_by_test_id("sample").wait_for()
    page.get_by_text("Variations of the films").click()
    settled(page)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
