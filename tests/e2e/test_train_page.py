"""The Train page in a browser."""

import shutil
from dataclasses import replace

import pytest
from browser_steps import choose_option, put_in_use, wait_for_rerun

from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.zoo import find_architecture

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("stop_runs_after_test")]

# Two processes import TensorFlow.
PATIENCE = 180_000


def open_page(page, app) -> None:
    page.goto(f"{app.url}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()


def fill_field(page, role: str, label: str, value: str) -> None:
    page.get_by_role(role, name=label).fill(value)
    page.keyboard.press("Enter")
    wait_for_rerun(page)


def open_part(page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    wait_for_rerun(page)


@pytest.fixture
def restore_model_in_use(app):
    """Restore the model in use after the test."""
    store = ModelStore(app.models)
    before = store.model_in_use()
    yield
    store.use(before)


def test_settings_stay_when_the_architecture_changes(page, app):
    open_page(page, app)
    open_part(page, "New training")
    fill_field(page, "textbox", "Dataset folder", str(app.phantoms))
    page.get_by_text("56 images, 28 with a fracture").wait_for()
    page.get_by_text("will be split by group").wait_for()
    choose_option(page, "Architecture", "Four-block CNN")
    page.get_by_text("More settings").click()
    fill_field(page, "spinbutton", "Patience (epochs)", "1000")
    # The expander stays open when the page is drawn again.
    choose_option(page, "Architecture", "MobileNetV2, frozen")
    choose_option(page, "Architecture", "Four-block CNN")
    field = page.get_by_role("spinbutton", name="Patience (epochs)")
    field.wait_for()
    assert field.input_value() == "1000"


def test_training_is_stopped_and_resumed(page, app):
    config = TrainingConfig(
        str(app.phantoms), "four_block", size=64, epochs=1000, batch=8, learning_rate=1e-3, patience=1000
    )
    process.create_and_start(app.runs, "broken-off", config)
    open_page(page, app)
    open_part(page, "Runs")
    page.get_by_text("Best epoch so far").wait_for(timeout=PATIENCE)

    open_part(page, "New training")
    page.get_by_text("broken-off is being trained").wait_for()
    page.get_by_role("button", name="Show that run").click()

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Resume").wait_for(timeout=PATIENCE)
    page.get_by_text("Completed epochs:").first.wait_for()
    epochs_before = len(Run(app.runs / "broken-off").epochs())
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Training, epoch").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Use the best epoch so far").wait_for(timeout=PATIENCE)
    assert len(Run(app.runs / "broken-off").epochs()) >= epochs_before


def test_invalid_settings_start_nothing(page, app):
    open_page(page, app)
    open_part(page, "New training")
    fill_field(page, "textbox", "Dataset folder", "/no/such/folder")
    page.get_by_text("is not a folder").wait_for()
    fill_field(page, "spinbutton", "Input size (px)", "100")
    page.get_by_text("multiple of 32").wait_for()
    assert page.get_by_role("button", name="Start training").is_disabled()


def upload(page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").last.set_input_files(
        files=[{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    page.get_by_text(name).first.wait_for()
    wait_for_rerun(page)


def test_weight_file_is_added_as_a_model(page, app, tmp_path):
    architecture = find_architecture("four_block")
    path = tmp_path / "mine.weights.h5"
    architecture.build(architecture.at_size(64)).save_weights(path)

    open_page(page, app)
    open_part(page, "Models")
    upload(page, "model.pkl", b"never opened")
    page.get_by_text("which executes code when it is opened").wait_for()

    upload(page, "mine.weights.h5", path.read_bytes())
    choose_option(page, "Weights architecture", "Four-block CNN")
    fill_field(page, "textbox", "Model name", "local-mine")
    page.get_by_role("button", name="Check and add").click()
    page.get_by_text("choose the architecture and size").wait_for(timeout=PATIENCE)
    assert "local-mine" not in ModelStore(app.models).ids()

    fill_field(page, "spinbutton", "Training input size (px)", "64")
    page.get_by_role("button", name="Check and add").click()
    page.get_by_text("local-mine was added").wait_for(timeout=PATIENCE)
    page.get_by_text("No test results:").wait_for()
    assert ModelStore(app.models).card("local-mine").test is None


@pytest.mark.usefixtures("restore_model_in_use")
def test_ensemble_is_created_and_put_in_use(page, app):
    store = ModelStore(app.models)
    shutil.copytree(app.models / "tiny", app.models / "twin")
    try:
        replace(store.card("tiny"), id="twin").save(app.models / "twin" / "card.json")
        open_page(page, app)
        open_part(page, "Models")
        # Models with different inputs cannot form an ensemble.
        for name in ("tiny", SHIPPED_MODEL):
            choose_option(page, "Models to average", name)
        page.keyboard.press("Tab")
        fill_field(page, "textbox", "Ensemble name", "both")
        page.get_by_role("button", name="Create ensemble").click()
        page.get_by_text("The models have different inputs").wait_for(timeout=PATIENCE)

        page.get_by_role("combobox", name="Models to average").press("Backspace")
        wait_for_rerun(page)
        choose_option(page, "Models to average", "twin")
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Create ensemble").click()
        page.get_by_text("both was added").wait_for(timeout=PATIENCE)
        page.get_by_text("Average of tiny, twin").wait_for()
        put_in_use(page)
        page.locator(".footer", has_text="both").wait_for(timeout=PATIENCE)
    finally:
        store.use("tiny")
        for name in ("twin", "both"):
            shutil.rmtree(app.models / name, ignore_errors=True)


def test_page_fits_a_phone(page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, app)
    for name in ("Runs", "New training", "Models"):
        open_part(page, name)
        width = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
        assert width <= 390, name
