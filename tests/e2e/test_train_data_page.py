"""The films and the choices of a new training, driven as a user drives them."""

import re

import pytest
from playwright.sync_api import expect

from fracture_core.training.run import ACTIVE, Run

pytestmark = pytest.mark.browser

# Processes import TensorFlow on the way.
PATIENCE = 180_000


def settled(page) -> None:
    """Waits until the app has answered the last input."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
    )


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


def pick(page, label: str, words: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(words)
    page.get_by_role("option", name=words).first.wait_for()
    page.keyboard.press("Enter")
    settled(page)


def number(page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Enter")
    settled(page)
    expect(field).to_have_value(value)


@pytest.fixture(autouse=True)
def _at_rest(app):
    """Leaves no training behind, whatever happened."""
    yield
    for run in Run.all(app.runs):
        if run.state().status in ACTIVE:
            run.request_stop()


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
    page.get_by_role("radio", name="New training", exact=True).click()
    page.get_by_role("button", name=re.compile("Back to what Small FCN")).click()
    expect(page.get_by_role("slider", name="Rotation, degrees")).to_have_value("15")
    expect(page.get_by_role("button", name=re.compile("Back to what"))).to_have_count(0)


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
