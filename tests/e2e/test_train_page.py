"""The Train page in a browser."""

import shutil
from dataclasses import replace

import pytest
from browser_steps import choose_page, pick, put_in_use, settled

from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.runs.run import Run
from fracture_core.zoo import find_architecture

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("at_rest")]

# Two processes import TensorFlow on the way.
PATIENCE = 180_000


def open_page(page, app, name: str = "Train") -> None:
    page.goto(app.url)
    choose_page(page, name)
    page.get_by_role("heading", name=name, exact=True).wait_for()


def type_in(page, role: str, label: str, value: str) -> None:
    page.get_by_role(role, name=label).fill(value)
    page.keyboard.press("Enter")
    settled(page)


def part(page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    settled(page)


def wait_for_run(page, words: str) -> None:
    """Waits until the list of runs shows this one as chosen."""
    page.wait_for_function(
        "words => [...document.querySelectorAll('[data-testid=stSelectbox]')]"
        ".some(box => box.innerText.includes(words) || box.querySelector('input')?.value === words)",
        arg=words,
    )


@pytest.fixture
def _model_back(app):
    """Puts the model back in use that was in use before."""
    store = ModelStore(app.models)
    before = store.model_in_use()
    yield
    store.use(before)


def fill_in(page, app, name: str, epochs: int) -> None:
    open_page(page, app)
    part(page, "New training")
    type_in(page, "textbox", "Dataset folder", str(app.phantoms))
    page.get_by_text("56 images, 28 with a fracture").wait_for()
    page.get_by_text("will be split by group").wait_for()
    pick(page, "Architecture", "Four-block CNN")
    page.get_by_text("More settings").click()
    page.get_by_role("spinbutton", name="Patience (epochs)").wait_for()
    settled(page)
    # The expander stays open when the page is drawn again.
    pick(page, "Architecture", "MobileNetV2, frozen")
    pick(page, "Architecture", "Four-block CNN")
    wanted = {"Input size (px)": "64", "Batch size": "8", "Maximum epochs": str(epochs)}
    wanted["Patience (epochs)"] = "1000"
    for label, value in wanted.items():
        type_in(page, "spinbutton", label, value)
    type_in(page, "textbox", "Run name (optional)", name)
    # On a busy machine, the update after one field may overwrite the next.
    for _ in range(5):
        page.wait_for_timeout(1500)
        lost = [
            label
            for label, value in wanted.items()
            if page.get_by_role("spinbutton", name=label).input_value() != value
        ]
        for label in lost:
            type_in(page, "spinbutton", label, wanted[label])
        if not lost:
            break


@pytest.mark.usefixtures("_model_back")
def test_train_and_put_in_use_while_other_pages_are_open(page, app):
    fill_in(page, app, "watched", 2)
    # Two quick clicks start one training.
    page.get_by_role("button", name="Start training").dblclick()
    wait_for_run(page, "in training – watched")
    assert [run.name for run in Run.all(app.runs)].count("watched") == 1

    for other in ("Second opinion", "Failures"):
        choose_page(page, other)
        page.get_by_role("heading", name=other, exact=True).wait_for()
    choose_page(page, "Train")

    # The page updates itself when the run has ended.
    page.get_by_text("On the test split").wait_for(timeout=PATIENCE)
    wait_for_run(page, "finished – watched")
    page.get_by_text("Best epoch:").wait_for()
    assert len(Run(app.runs / "watched").epochs()) == 2
    assert "watched" not in page.locator(".footer").inner_text()

    put_in_use(page)
    page.get_by_text("is now in use on every page").wait_for(timeout=PATIENCE)
    page.locator(".footer", has_text="watched").wait_for()
    choose_page(page, "Failures")
    page.get_by_role("heading", name="Failures", exact=True).wait_for()
    page.locator(".footer", has_text="watched").wait_for()


def test_stop_and_resume(page, app):
    fill_in(page, app, "broken-off", 1000)
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("Best epoch so far").wait_for(timeout=PATIENCE)

    part(page, "New training")
    page.get_by_text("broken-off is being trained").wait_for()
    page.get_by_role("button", name="Show that run").click()

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Resume").wait_for(timeout=PATIENCE)
    page.get_by_text("Completed epochs:").first.wait_for()
    kept = len(Run(app.runs / "broken-off").epochs())
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Training, epoch").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Use the best epoch so far").wait_for(timeout=PATIENCE)
    assert len(Run(app.runs / "broken-off").epochs()) >= kept


def test_invalid_settings_start_nothing(page, app):
    open_page(page, app)
    part(page, "New training")
    type_in(page, "textbox", "Dataset folder", "/no/such/folder")
    page.get_by_text("is not a folder").wait_for()
    type_in(page, "spinbutton", "Input size (px)", "100")
    page.get_by_text("multiple of 32").wait_for()
    assert page.get_by_role("button", name="Start training").is_disabled()


def upload(page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").last.set_input_files(
        files=[{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    page.get_by_text(name).first.wait_for()
    settled(page)


def test_load_weights(page, app, tmp_path):
    row = find_architecture("four_block")
    path = tmp_path / "mine.weights.h5"
    row.build(row.at_size(64)).save_weights(path)

    open_page(page, app)
    part(page, "Models")
    upload(page, "model.pkl", b"never opened")
    page.get_by_text("which executes code when it is opened").wait_for()

    upload(page, "mine.weights.h5", path.read_bytes())
    pick(page, "Weights architecture", "Four-block CNN")
    type_in(page, "textbox", "Model name", "local-mine")
    page.get_by_role("button", name="Check and add").click()
    page.get_by_text("choose the architecture and size").wait_for(timeout=PATIENCE)
    assert "local-mine" not in ModelStore(app.models).ids()

    type_in(page, "spinbutton", "Training input size (px)", "64")
    page.get_by_role("button", name="Check and add").click()
    page.get_by_text("local-mine was added").wait_for(timeout=PATIENCE)
    page.get_by_text("No test results:").wait_for()
    assert ModelStore(app.models).card("local-mine").test is None


@pytest.mark.usefixtures("_model_back")
def test_ensemble(page, app):
    store = ModelStore(app.models)
    shutil.copytree(app.models / "tiny", app.models / "twin")
    try:
        replace(store.card("tiny"), id="twin").save(app.models / "twin" / "card.json")
        open_page(page, app)
        part(page, "Models")
        # Models with different inputs cannot form an ensemble.
        for name in ("tiny", SHIPPED_MODEL):
            pick(page, "Models to average", name)
        page.keyboard.press("Tab")
        type_in(page, "textbox", "Ensemble name", "both")
        page.get_by_role("button", name="Create ensemble").click()
        page.get_by_text("The models have different inputs").wait_for(timeout=PATIENCE)

        page.get_by_role("combobox", name="Models to average").press("Backspace")
        settled(page)
        pick(page, "Models to average", "twin")
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
    page.goto(app.url)
    page.get_by_role("heading", level=1).wait_for()
    page.goto(f"{app.url}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    for name in ("Runs", "New training", "Models"):
        part(page, name)
        wide = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= 390, name
