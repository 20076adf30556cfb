"""Single cases on the Failures page in a browser: keys, similarity, second model and link."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pandas as pd
import pytest
from browser_steps import choose_option, choose_page, wait_for_rerun
from playwright.sync_api import expect

from fracture_core.registry.card import ModelCard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def inverted_model_predictions(app) -> Iterator[pd.DataFrame]:
    """Test predictions of `tiny`, beside the model `twin` with the opposite probability for every image."""
    target = app.models / "twin"
    shutil.copytree(app.models / "tiny", target)
    card = ModelCard.load(target / "card.json")
    replace(card, id="twin", title="Twin").save(target / "card.json")
    table = pd.read_csv(target / "predictions.csv")
    table.assign(probability=1 - table["probability"]).to_csv(target / "predictions.csv", index=False)
    yield table.query("split == 'test'")
    shutil.rmtree(target)


def test_keys_open_the_next_and_previous_case(page, app):
    tiny_predictions = pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")
    ids = sorted(tiny_predictions["id"])
    page.goto(f"{app.url}/failures?model=tiny&kind=all&sort=id")
    page.locator(".st-key-failures-open-0 button").click()
    heading = page.get_by_role("heading", name=re.compile("^Image "))
    for key, index in (("n", 1), ("n", 2), ("p", 1)):
        expect(page.get_by_role("button", name=re.compile("^Next"))).to_be_enabled()
        page.keyboard.press(key)
        expect(heading).to_have_text(f"Image {ids[index].rsplit('/', 1)[-1]}")
    expect(page).to_have_url(re.compile(re.escape(urlencode({"case": ids[1]}))))
    page.keyboard.press("b")
    expect(page.locator(".st-key-failures-open-0 button")).to_be_visible()
    expect(page).not_to_have_url(re.compile("case="))


def test_back_and_forward_of_the_browser_change_the_view(page, app):
    page.goto(f"{app.url}/failures?model=tiny&kind=all&sort=id")
    first = page.locator(".st-key-failures-open-0 button")
    heading = page.get_by_role("heading", name=re.compile("^Image "))
    first.click()
    expect(heading).to_be_visible()
    wait_for_rerun(page)
    page.go_back()
    expect(first).to_be_visible()
    expect(heading).to_have_count(0)
    page.go_forward()
    expect(heading).to_be_visible()
    wait_for_rerun(page)
    page.go_back()
    expect(first).to_be_visible()
    wait_for_rerun(page)
    page.get_by_role("tab", name="Metrics").click()
    expect(page).to_have_url(re.compile("tab=Metrics"))
    wait_for_rerun(page)
    choose_page(page, "Data audit")
    expect(page.get_by_role("heading", name="Data audit", exact=True)).to_be_visible()
    wait_for_rerun(page)
    page.go_back()
    expect(page.get_by_role("tab", name="Metrics")).to_have_attribute("aria-selected", "true")
    wait_for_rerun(page)
    page.go_back()
    expect(first).to_be_visible()


def test_second_model_is_compared_on_one_case_and_kept_in_the_link(page, app, inverted_model_predictions):
    row = inverted_model_predictions.iloc[0]
    page.goto(f"{app.url}/failures?model=tiny&kind=all&threshold=0.5&case={row['id']}")
    choice = page.get_by_role("combobox", name="Second model")
    choice.fill("Twin")
    choice.press("Enter")
    table = page.get_by_role("table", name="Two models on this image")
    expect(table).to_contain_text(f"{row['probability']:.3f}")
    expect(table).to_contain_text(f"{1 - row['probability']:.3f}")
    card = ModelCard.load(app.models / "tiny" / "card.json")
    is_correct = (row["probability"] >= 0.5) == bool(row["label"])
    is_second_correct = (1 - row["probability"] >= card.thresholds.balanced) == bool(row["label"])
    agreement = {
        (True, True): "Both are correct.",
        (False, False): "Both are wrong.",
        (True, False): f"Only {card.title} is correct.",
        (False, True): "Only Twin is correct.",
    }[is_correct, is_second_correct]
    expect(page.get_by_test_id("compared")).to_have_text(agreement)
    expect(page).to_have_url(re.compile("with=twin"))

    page.get_by_role("button", name="Link", exact=True).click()
    link = page.get_by_test_id("stCode").inner_text().strip()
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_test_id("compared")).to_have_text(agreement)
    expect(table).to_contain_text("(0.500)")
    expect(page.get_by_text(row["path"], exact=True)).to_be_visible()
    assert page.url == link


def test_cases_are_sorted_by_similarity_and_duplicates_are_named(page, app, shipped_copy_predictions):
    case = shipped_copy_predictions["id"].iloc[2]
    page.goto(f"{app.url}/failures?model=shipped-copy&kind=all&case={case}")
    expect(page.get_by_text("No other validation or test image in its group")).to_be_visible()
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")
    page.get_by_role("heading", name="Similar training images").wait_for(
        timeout=120_000
    )  # the model is loaded first
    # The model was trained on other images, which are not in this folder.
    expect(page.get_by_text("These images are not in the dataset folder")).to_be_visible()
    page.get_by_role("button", name="Find similar").click()
    first = page.locator(".st-key-failures-open-0 button")
    file_name = case.rsplit("/", 1)[-1]
    expect(page.get_by_role("combobox", name="Sort by")).to_have_value(f"Most similar to {file_name} first")
    expect(first).to_have_text(file_name)
    wait_for_rerun(page)
    # The second card is the nearest other image, with its distance.
    expect(page.locator(".st-key-failures-card-1")).to_contain_text("distance")
    expect(page).to_have_url(re.compile("sort=like&like="))
    choose_option(page, "Sort by", "Highest loss first")
    probability_of_label = shipped_copy_predictions["probability"].where(
        shipped_copy_predictions["label"] == 1, 1 - shipped_copy_predictions["probability"]
    )
    expect(first).to_have_text(
        shipped_copy_predictions["id"][probability_of_label.idxmin()].rsplit("/", 1)[-1]
    )
