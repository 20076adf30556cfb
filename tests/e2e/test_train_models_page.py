"""Models on the Train page in a browser: compare, load, export, rename and delete."""

import csv
import io
import shutil
from dataclasses import replace

import pytest
from browser_steps import choose_option, choose_page, wait_for_rerun
from playwright.sync_api import expect

from fracture_core.evaluation import predictions
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

pytestmark = pytest.mark.browser

# A process imports TensorFlow.
PATIENCE = 180_000


def open_part(page, app, name: str) -> None:
    page.goto(f"{app.url}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("radio", name=name, exact=True).click()
    wait_for_rerun(page)


def click(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    wait_for_rerun(page)


def rename(page, name: str) -> None:
    wait_for_rerun(page)
    field = page.get_by_role("textbox", name="New name", exact=True)
    field.fill(name)
    field.press("Enter")
    wait_for_rerun(page)


def download_file(page, label: str) -> tuple[str, bytes]:
    """Return name and content of the file that a button downloads."""
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


@pytest.fixture
def second_model(app):
    """A second model with the test images of `tiny` and one probability for all."""
    folder = app.models / "twin"
    shutil.copytree(app.models / "tiny", folder)
    table = predictions.read_predictions(folder / "predictions.csv")
    predictions.write_predictions(folder / "predictions.csv", table.assign(probability=0.5, logit=0.0))
    replace(ModelCard.load(folder / "card.json"), id="twin", title="Twin").save(folder / "card.json")
    yield "twin"
    shutil.rmtree(folder, ignore_errors=True)


def test_models_are_compared_and_the_table_downloaded(page, app, second_model):
    open_part(page, app, "Compare")
    choose_option(page, "First model", "tiny")
    choose_option(page, "Second model", second_model)
    count = ModelStore(app.models).card("tiny").test.n
    page.get_by_text(f"On {count:,} shared test images in").wait_for(timeout=PATIENCE)
    page.get_by_role("img", name="ROC curves of tiny and twin: roc").wait_for()
    name, content = download_file(page, "Download table (CSV)")
    assert name == "comparison.csv"
    lines = {line["Name"]: line for line in csv.DictReader(io.StringIO(content.decode()))}
    assert {"tiny", "twin", SHIPPED_MODEL} <= set(lines)
    assert float(lines["tiny"]["AUC"]) == pytest.approx(
        ModelStore(app.models).card("tiny").test.auc.value, rel=1e-4
    )
    assert download_file(page, "ROC as SVG")[1].startswith(b"<?xml")
    assert download_file(page, "ROC as PNG")[1].startswith(b"\x89PNG")

    choose_option(page, "Second model", SHIPPED_MODEL)
    page.get_by_text("share no test images").wait_for(timeout=PATIENCE)

    page.get_by_role("button", name="Measure speed").click()
    page.get_by_role("button", name="Measure speed").wait_for(state="detached", timeout=PATIENCE)


def test_model_is_exported_imported_renamed_and_deleted(page, app, second_model, tmp_path):
    store = ModelStore(app.models)
    open_part(page, app, "Models")
    choose_option(page, "Model", second_model)
    page.get_by_text("Export, rename, delete").click()
    name, content = download_file(page, "Export as zip")
    assert name == "twin.zip"
    assert content.startswith(b"PK")

    # A taken name is an error; another name is accepted.
    rename(page, "tiny")
    page.get_by_text("A model named tiny already exists").wait_for()
    rename(page, "renamed")
    page.get_by_text("twin was renamed to renamed").wait_for()
    assert store.card("renamed").title == "Twin"
    try:
        # The exported model is imported under its own name.
        page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
            files=[{"name": "twin.zip", "mimeType": "application/zip", "buffer": content}]
        )
        page.get_by_role("button", name="Check and import").click()
        page.get_by_text("twin was imported").wait_for(timeout=PATIENCE)
        assert store.card("twin").test == store.card("renamed").test

        # Deletion asks for confirmation.
        wait_for_rerun(page)
        click(page, "Delete")
        page.get_by_text("permanently?").wait_for()
        click(page, "Cancel")
        page.get_by_text("permanently?").wait_for(state="detached")
        click(page, "Delete")
        # Wait until the previous elements are gone.
        page.get_by_role("button", name="Delete", exact=True).wait_for(state="detached")
        click(page, "Delete permanently")
        page.get_by_text("twin was deleted").wait_for()
        assert "twin" not in store.ids()
    finally:
        shutil.rmtree(app.models / "renamed", ignore_errors=True)

    # The model in use stays.
    choose_option(page, "Model", store.model_in_use())
    page.get_by_text("cannot be deleted").or_(
        page.get_by_text("put another model in use first")
    ).first.wait_for()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_disabled()


@pytest.fixture
def synthetic_model(app):
    """A model that passes every check but one: it was trained on synthetic images."""
    folder = app.models / "synthetic"
    shutil.copytree(app.models / SHIPPED_MODEL, folder)
    card = ModelCard.load(folder / "card.json")
    data = replace(card.data, layout="phantom")
    replace(card, id="synthetic", title="Synthetic", data=data).save(folder / "card.json")
    store = ModelStore(app.models)
    before = store.model_in_use()
    yield "synthetic"
    store.use(before)
    shutil.rmtree(folder, ignore_errors=True)


def test_model_that_fails_a_check_needs_a_reason(page, app, synthetic_model):
    store = ModelStore(app.models)
    store.use(SHIPPED_MODEL)
    open_part(page, app, "Models")
    choose_option(page, "Model", synthetic_model)
    click(page, "Put in use")
    page.get_by_text("The model was trained on synthetic images").wait_for(timeout=PATIENCE)
    page.get_by_text("On the 529 test images").wait_for()
    click(page, "Put it in use")
    page.get_by_text("Enter a reason first").wait_for()
    assert store.model_in_use() == SHIPPED_MODEL

    page.get_by_role("textbox", name="Reason for using it anyway").fill("for a course")
    click(page, "Put it in use")
    page.get_by_text("is now in use on every page").wait_for(timeout=PATIENCE)
    assert (store.model_in_use(), store.history()[-1].reason) == (synthetic_model, "for a course")

    # The warning stays on Second opinion, and leads back to the models.
    choose_page(page, "Second opinion")
    page.get_by_text("was trained on synthetic images: do not rely on its verdicts").wait_for()
    wait_for_rerun(page)
    page.get_by_role("button", name="Choose a model").click()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    wait_for_rerun(page)
    click(page, f"Return to {SHIPPED_MODEL}")
    page.locator(".footer", has_text=SHIPPED_MODEL).wait_for(timeout=PATIENCE)
    assert store.model_in_use() == SHIPPED_MODEL
    choose_page(page, "Second opinion")
    page.get_by_role("heading", name="Second opinion", exact=True).wait_for()
    wait_for_rerun(page)
    assert page.get_by_role("button", name="Choose a model").count() == 0


def test_release_comparison_fits_a_phone(page, app, synthetic_model):
    page.set_viewport_size({"width": 390, "height": 844})
    open_part(page, app, "Models")
    choose_option(page, "Model", synthetic_model)
    click(page, "Put in use")
    page.get_by_role("button", name="Put it in use", exact=True).wait_for(timeout=PATIENCE)
    for selector in ("[data-testid=stMain]", ".release"):
        assert page.evaluate("name => document.querySelector(name).scrollWidth", selector) <= 390
    click(page, "Cancel")
    page.get_by_role("button", name="Put in use", exact=True).wait_for()


def test_damaged_zip_gives_an_error_message(page, app):
    open_part(page, app, "Models")
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
        files=[{"name": "mine.zip", "mimeType": "application/zip", "buffer": b"never mind"}]
    )
    page.get_by_role("button", name="Check and import").click()
    page.get_by_text("mine.zip is damaged or not a zip file").wait_for(timeout=PATIENCE)


def test_model_is_evaluated_on_a_folder(page, app):
    record = (app.models / "tiny" / "predictions.csv").read_bytes()
    open_part(page, app, "Models")
    choose_option(page, "Model", "tiny")
    page.get_by_text("Test on other images").click()
    field = page.get_by_role("textbox", name="Folder of labelled images")
    for folder, expected in (("/nowhere", "is not a folder"), (str(app.phantoms), None)):
        field.fill(folder)
        field.press("Enter")
        wait_for_rerun(page)
        click(page, "Evaluate these images")
        if expected:
            expect(page.get_by_text(expected).first).to_be_visible()
    expect(page.get_by_role("button", name="Metrics (JSON)")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("trained on some of these images")).to_be_visible()
    name, content = download_file(page, "Predictions (CSV)")
    assert name == "tiny-predictions.csv"
    assert len(list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))) == 56
    assert (app.models / "tiny" / "predictions.csv").read_bytes() == record
    # The card keeps the results under a name that the user chooses.
    page.get_by_role("button", name="Add to the card").click()
    page.get_by_role("textbox", name="Name of the dataset").fill("Phantoms 2026")
    page.keyboard.press("Enter")
    wait_for_rerun(page)
    click(page, "Add")
    expect(page.get_by_role("button", name="Remove Phantoms 2026 from the card")).to_be_visible()
    (test,) = ModelStore(app.models).card("tiny").external_tests
    assert (test.name, test.summary.n) == ("Phantoms 2026", 56)
    click(page, "Remove Phantoms 2026 from the card")
    expect(page.get_by_role("button", name="Remove Phantoms 2026 from the card")).to_have_count(0)
    assert ModelStore(app.models).card("tiny").external_tests == ()
    click(page, "Remove")
    expect(page.get_by_role("button", name="Metrics (JSON)")).to_have_count(0)
