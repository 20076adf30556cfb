"""The case browser of the failures page in a real browser: keys, likeness, two models, a link."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pandas as pd
import pytest
from playwright.sync_api import expect

from fracture_core.registry.card import ModelCard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def twin(app) -> Iterator[pd.DataFrame]:
    """A copy of the tiny model that says the opposite of every film; what tiny says of its test films."""
    target = app.models / "twin"
    shutil.copytree(app.models / "tiny", target)
    card = ModelCard.load(target / "card.json")
    replace(card, id="twin", title="Twin").save(target / "card.json")
    table = pd.read_csv(target / "predictions.csv")
    table.assign(probability=1 - table["probability"]).to_csv(target / "predictions.csv", index=False)
    yield table.query("split == 'test'")
    shutil.rmtree(target)


def test_keys_lead_from_film_to_film(page, app):
    films = pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")
    ids = sorted(films["id"])
    page.goto(f"{app.url}/failures?model=tiny&kind=all&sort=id")
    page.locator(".st-key-failures-open-0 button").click()
    heading = page.get_by_role("heading", name=re.compile("^Image "))
    for key, at in (("n", 1), ("n", 2), ("p", 1)):
        expect(page.get_by_role("button", name=re.compile("^Next"))).to_be_enabled()
        page.keyboard.press(key)
        expect(heading).to_have_text(f"Image {ids[at].rsplit('/', 1)[-1]}")
    expect(page).to_have_url(re.compile(re.escape(urlencode({"case": ids[1]}))))
    page.keyboard.press("b")
    expect(page.locator(".st-key-failures-open-0 button")).to_be_visible()
    expect(page).not_to_have_url(re.compile("case="))


def test_two_models_on_one_film_and_the_link_to_it(page, app, twin):
    row = twin.iloc[0]
    page.goto(f"{app.url}/failures?model=tiny&kind=all&threshold=0.5&case={row['id']}")
    choice = page.get_by_role("combobox", name="Second model")
    choice.fill("Twin")
    choice.press("Enter")
    table = page.get_by_role("table", name="Two models on this image")
    expect(table).to_contain_text(f"{row['probability']:.3f}")
    expect(table).to_contain_text(f"{1 - row['probability']:.3f}")
    own = ModelCard.load(app.models / "tiny" / "card.json")
    right = (row["probability"] >= 0.5) == bool(row["label"])
    other = (1 - row["probability"] >= own.thresholds.balanced) == bool(row["label"])
    said = {
        (True, True): "Both are correct.",
        (False, False): "Both are wrong.",
        (True, False): f"Only {own.title} is right.",
        (False, True): "Only Twin is right.",
    }[right, other]
    expect(page.get_by_test_id("compared")).to_have_text(said)
    expect(page).to_have_url(re.compile("with=twin"))

    page.get_by_role("button", name="Link", exact=True).click()
    link = page.get_by_test_id("stCode").inner_text().strip()
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_test_id("compared")).to_have_text(said)
    expect(table).to_contain_text("(0.500)")
    expect(page.get_by_text(row["path"], exact=True)).to_be_visible()
    assert page.url == link


def test_films_are_listed_by_likeness_and_their_copies_are_named(page, app, lesson):
    case = lesson["id"].iloc[2]
    page.goto(f"{app.url}/failures?model=lesson&kind=all&case={case}")
    expect(page.get_by_text("No other validation or test image in its group")).to_be_visible()
    field = page.get_by_role("textbox", name="Dataset folder")
    field.fill(str(app.phantoms))
    field.press("Enter")
    page.get_by_role("heading", name="Similar training images").wait_for(
        timeout=120_000
    )  # the model wakes first
    # The model was trained on other films, which are not in this folder.
    expect(page.get_by_text("These images are not in the dataset folder")).to_be_visible()
    page.get_by_role("button", name="Find similar").click()
    first = page.locator(".st-key-failures-open-0 button")
    short = case.rsplit("/", 1)[-1]
    expect(page.get_by_role("combobox", name="Sort by")).to_have_value(f"Most similar to {short} first")
    expect(first).to_have_text(short)
    # Subgroups come last: the page is then whole, and nothing moves under the pointer.
    page.get_by_text("No subgroup has enough images").wait_for()
    # The nearest is another film, and its distance stands on its card.
    expect(page.locator(".st-key-failures-card-1")).to_contain_text("distance")
    expect(page).to_have_url(re.compile("sort=like&like="))
    page.get_by_role("combobox", name="Sort by").click()
    page.keyboard.type("Highest loss")
    page.get_by_role("option", name="Highest loss first").wait_for()
    page.keyboard.press("Enter")
    told = lesson["probability"].where(lesson["label"] == 1, 1 - lesson["probability"])
    expect(first).to_have_text(lesson["id"][told.idxmin()].rsplit("/", 1)[-1])
