"""Runs on the Train page in a browser: queue, live progress, clone, rename and delete."""

import shutil
import subprocess
import sys

import pytest
from browser_steps import choose_option, wait_for_rerun
from playwright.sync_api import expect

from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("stop_runs_after_test")]

# Two processes import TensorFlow.
PATIENCE = 180_000


@pytest.fixture(autouse=True)
def _delete_new_runs(app):
    """Delete the new runs of a test; set up first, so that it runs after `stop_runs_after_test`."""
    before = {run.name for run in Run.all(app.runs)}
    yield
    for run in Run.all(app.runs):
        if run.name not in before:
            shutil.rmtree(run.folder)


def make_config(app, seed: int) -> TrainingConfig:
    return TrainingConfig(
        str(app.phantoms),
        "four_block",
        size=64,
        epochs=1000,
        batch=8,
        learning_rate=1e-3,
        patience=1000,
        seed=seed,
    )


def open_runs(page, app) -> None:
    page.goto(f"{app.url}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("radio", name="Runs", exact=True).click()


def click(page, key: str) -> None:
    """Click the button with this key; a button of the previous run may still be on the page."""
    # A button with a tooltip has a second, invisible one for narrow screens.
    button = page.locator(f".st-key-{key}").get_by_role("button").filter(visible=True)
    expect(button).to_have_count(1)
    button.click()


def fill(page, role: str, label: str, text: str) -> None:
    """Fill in a field and wait until the app has taken it."""
    field = page.get_by_role(role, name=label, exact=True)
    field.fill(text)
    field.press("Enter")
    wait_for_rerun(page)


def expect_selected(page, text: str) -> None:
    """Wait until this run is selected in the list of runs."""
    expect(page.get_by_role("combobox", name="Run")).to_have_value(text, timeout=PATIENCE)


def select_run(page, text: str) -> None:
    choose_option(page, "Run", text)
    expect_selected(page, text)


def test_run_is_queued_watched_cloned_renamed_and_deleted(page, app):
    process.create_and_start(app.runs, "one", make_config(app, 1))
    for number, name in enumerate(("two", "three"), 2):
        process.create_and_start(app.runs, name, make_config(app, number))
    open_runs(page, app)
    queue_list = page.locator(".st-key-train_queue")
    expect(queue_list).to_contain_text("1. two")
    expect(queue_list).to_contain_text("2. three")

    # Change the queue.
    click(page, "train_up_three")
    expect(queue_list).to_contain_text("1. three")
    click(page, "train_out_three")
    expect(queue_list).not_to_contain_text("three")
    expect(page.get_by_text("three is no longer in the queue")).to_be_visible()

    # Watch the first run.
    select_run(page, "in training – one")
    expect(page.get_by_text("Best epoch so far")).to_be_visible(timeout=PATIENCE)
    for text in ("Images per second", "Memory", "Time left (maximum)"):
        expect(page.get_by_text(text)).to_be_visible()
    expect(page.get_by_text("training, step by step").first).to_be_visible()
    expect(page.locator("canvas, svg.marks")).to_have_count(3)
    expect(page.get_by_test_id("stPopoverButton").filter(has_text="Delete", visible=True)).to_be_disabled()

    # Stop it; the next run starts automatically.
    click(page, "train_stop_one")
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Completed epochs:").first).to_be_visible()
    expect(queue_list).to_have_count(0, timeout=PATIENCE)
    assert process.active_run(app.runs).name == "two"

    # Clone it with another seed, and rename the clone, which waits in the queue.
    click(page, "train_clone_one")
    name = page.get_by_role("textbox", name="Run name (optional)")
    expect(name).to_have_value("one-2")
    expect(page.get_by_role("combobox", name="Architecture")).to_have_value("Four-block CNN")
    expect(page.get_by_role("textbox", name="Dataset folder")).to_have_value(str(app.phantoms))
    fill(page, "textbox", "Run name (optional)", "copy")
    page.get_by_text("More settings").click()
    fill(page, "spinbutton", "Seed", "9")
    page.get_by_role("button", name="Add to queue").click()
    expect_selected(page, "waiting – copy")
    assert Run(app.runs / "copy").config() == make_config(app, 9)

    click(page, "train_rename_copy")
    page.get_by_role("textbox", name="New name").fill("one")
    page.get_by_role("button", name="Rename run").click()
    expect(page.get_by_text("A run named one already exists")).to_be_visible()
    page.get_by_role("textbox", name="New name").fill("better")
    page.get_by_role("button", name="Rename run").click()
    expect_selected(page, "waiting – better")
    expect(queue_list).to_contain_text("1. better")

    # Notes on it are in the table of all runs, whose rows open a run.
    click(page, "train_notes_better")
    page.get_by_role("textbox", name="Notes").fill("other seed")
    page.get_by_role("button", name="Save notes").click()
    expect(page.get_by_text("The notes on better were saved")).to_be_visible()
    assert Run(app.runs / "better").notes() == "other seed"

    # Deletion asks for confirmation.
    click(page, "train_delete_better")
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("better was deleted")).to_be_visible()
    expect(queue_list).to_have_count(0)
    assert not (app.runs / "better").exists()


@pytest.fixture
def active_run(app):
    """The run `one` in training, with a process that only waits."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as training:
        run = Run.create(app.runs, "one", make_config(app, 1))
        run.set_state("running", pid=training.pid)
        yield run


def test_form_states_that_a_new_training_waits(page, app, active_run):
    # The form starts with the most recent folder, which another test may have left.
    (app.runs / ".folders.json").unlink(missing_ok=True)
    page.goto(f"{app.url}/train")
    page.get_by_role("radio", name="New training", exact=True).click()
    expect(page.get_by_text("one is being trained. One run is trained at a time")).to_be_visible()
    expect(page.get_by_role("button", name="Add to queue")).to_be_disabled()
    click(page, "train_watch_other")
    expect_selected(page, "in training – one")


def test_run_without_settings_can_be_deleted(page, app):
    run = Run.create(app.runs, "half", make_config(app, 1))
    run.set_state("stopped", "Stopped.")
    (run.folder / "config.json").unlink()
    open_runs(page, app)
    expect(page.get_by_text("config.json is missing. Delete the run")).to_be_visible()
    click(page, "train_delete_half")
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("half was deleted")).to_be_visible()
    assert not run.folder.exists()
