"""From a dataset with a leak to a released model, and back to the shipped one, as one user does it in a browser."""

import re
import shutil

import numpy as np
import pytest
from browser_steps import choose_option, choose_page, mark_button, wait_for_rerun
from phantom_files import save_image, small_phantom
from playwright.sync_api import expect

from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.review import ReviewStore
from fracture_core.runs.run import Run
from fracture_core.teaching.lesson_store import LessonStore

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("stop_runs_after_test")]

# Processes import TensorFlow.
PATIENCE = 180_000

NAME = "line"


@pytest.fixture
def leaky_dataset(tmp_path):
    """Sixty phantoms; a fractured one of the training images is also in the test images, turned."""
    folder = tmp_path / "leaky"
    for seed in range(60):
        part, kind = ("train", "test")[seed // 40], ("normal", "fractured")[seed % 2]
        save_image(folder / part / kind / f"film{seed:02d}.png", small_phantom(seed, seed % 2 == 1))
    turned = np.ascontiguousarray(np.rot90(small_phantom(3, True)))
    save_image(folder / "test" / "fractured" / "turned.png", turned)
    return folder


@pytest.fixture
def models(app):
    """The models of the app with the shipped one in use; the new model is deleted after the test."""
    store = ModelStore(app.models)
    before = store.model_in_use()
    store.use(SHIPPED_MODEL)
    yield store
    store.use(before)
    for name in LessonStore.for_model(app.runs, NAME).names():
        LessonStore.for_model(app.runs, NAME).delete(name)
    for folder in (app.models / NAME, app.runs / NAME):
        shutil.rmtree(folder, ignore_errors=True)


def fill(page, role: str, label: str, value: str) -> None:
    field = page.get_by_role(role, name=label, exact=True)
    field.fill(value)
    field.press("Enter")
    wait_for_rerun(page)
    expect(field).to_have_value(value)


def wait_for_page(page, title: str) -> None:
    """Wait until a page is drawn whole; before, fields of the previous one may still be there."""
    page.get_by_role("heading", name=title, exact=True).wait_for(timeout=PATIENCE)
    wait_for_rerun(page)


def test_leaky_dataset_becomes_a_released_model(page, app, models, leaky_dataset):
    # Audit, and the clean split.
    page.goto(f"{app.url}/audit")
    fill(page, "textbox", "Dataset folder or manifest", str(leaky_dataset))
    page.get_by_role("button", name="Audit", exact=True).click()
    page.get_by_text("Do not trust scores on this split").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Train on the clean split").click()

    # Two epochs on it. Two quick clicks start one training.
    page.get_by_text("60 images").first.wait_for(timeout=PATIENCE)
    choose_option(page, "Architecture", "Four-block CNN")
    for label, value in (("Input size (px)", "64"), ("Batch size", "8"), ("Maximum epochs", "2")):
        fill(page, "spinbutton", label, value)
    fill(page, "textbox", "Run name (optional)", NAME)
    page.get_by_role("button", name="Start training").dblclick()
    run_list = page.get_by_role("combobox", name="Run")
    expect(run_list).to_have_value(f"in training – {NAME}", timeout=PATIENCE)
    assert [run.name for run in Run.all(app.runs)].count(NAME) == 1
    for other in ("Second opinion", "Failures"):
        choose_page(page, other)
        page.get_by_role("heading", name=other, exact=True).wait_for()
    choose_page(page, "Train")
    wait_for_page(page, "Train")
    page.get_by_text("On the test split").wait_for(timeout=PATIENCE)
    expect(run_list).to_have_value(f"finished – {NAME}")
    assert len(Run(app.runs / NAME).epochs()) == 2
    assert NAME not in page.locator(".footer").inner_text()

    # The errors of the run, before it is in use.
    page.get_by_role("button", name="Open in Failures").click()
    wait_for_page(page, "Failures")
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value(
        re.compile(rf"\({NAME}\)"), timeout=PATIENCE
    )
    fill(page, "textbox", "Your name", "Ada")
    choose_option(page, "Outcome", "All images")
    fill(page, "combobox", "Collect for teaching", "Leaks")
    for number in (0, 1):
        page.locator(f".st-key-teaching-add-{number} button").click()
        expect(page.locator(f".st-key-teaching-add-{number} button")).to_have_text("Remove")
    wait_for_rerun(page)
    page.locator(".st-key-failures-open-0 button").click()
    expect(mark_button(page, "subtle")).to_be_enabled()
    wait_for_rerun(page)
    page.keyboard.press("2")
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    page.get_by_role("button", name="Back to the list").click()
    wait_for_rerun(page)
    expect(page.locator(".card .badge")).to_have_text("subtle")
    (review,) = ReviewStore.for_model(app.runs, NAME).all()
    assert (review.mark, review.reviewer) == ("subtle", "Ada")

    # The lesson, shown twice.
    page.get_by_role("link", name=re.compile("2 images")).click()
    wait_for_page(page, "Teaching")
    for other in ("Published systems", "Teaching"):
        page.frame_locator("iframe").get_by_role("button", name="Start").wait_for(timeout=PATIENCE)
        choose_page(page, other)
        wait_for_rerun(page)
        if other != "Teaching":
            choose_page(page, "Teaching")
    assert len(LessonStore.for_model(app.runs, NAME).load("Leaks").cases) == 2

    # Release: refused without a reason.
    choose_page(page, "Train")
    wait_for_page(page, "Train")
    page.get_by_role("radio", name="Models", exact=True).click()
    wait_for_rerun(page)
    choose_option(page, "Model", NAME)
    page.get_by_role("button", name="Put in use", exact=True).first.click()
    confirm = page.get_by_role("button", name="Put it in use", exact=True)
    confirm.wait_for(timeout=PATIENCE)
    wait_for_rerun(page)
    confirm.click()
    page.get_by_text("Enter a reason first").wait_for()
    assert models.model_in_use() == SHIPPED_MODEL
    page.get_by_role("textbox", name="Reason for using it anyway").fill("a demonstration")
    confirm.click()
    page.get_by_text("is now in use on every page").wait_for(timeout=PATIENCE)
    page.locator(".footer", has_text=NAME).wait_for()
    assert models.history()[-1].reason == "a demonstration"

    # The warning on Second opinion leads back to the shipped model.
    choose_page(page, "Second opinion")
    page.get_by_text("do not rely on its verdicts").wait_for(timeout=PATIENCE)
    wait_for_rerun(page)
    page.get_by_role("button", name="Choose a model").click()
    wait_for_page(page, "Train")
    page.get_by_role("button", name=f"Return to {SHIPPED_MODEL}").click()
    page.locator(".footer", has_text=SHIPPED_MODEL).wait_for(timeout=PATIENCE)
    choose_page(page, "Second opinion")
    page.get_by_role("heading", name="Second opinion", exact=True).wait_for()
    wait_for_rerun(page)
    expect(page.get_by_role("button", name="Choose a model")).to_have_count(0)
