"""The numbers of the failures page in a real browser, against scikit-learn alone."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from fracture_core.registry.card import ModelCard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def films(app) -> pd.DataFrame:
    """The test films of the tiny model as its file tells them."""
    return pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")


def _cell(page, words: str):
    return page.get_by_role("button", name=re.compile(rf"^\d+\s*{words}"))


def _bayes(films: pd.DataFrame, threshold: float, prevalence: float) -> float:
    """What a positive means at a prevalence."""
    called = films["probability"] >= threshold
    sensitivity = recall_score(films["label"], called)
    alarms = 1 - recall_score(films["label"], called, pos_label=0)
    return sensitivity * prevalence / (sensitivity * prevalence + alarms * (1 - prevalence))


def test_a_moved_threshold_moves_every_number(page, app, films):
    # A threshold between two films, so that neither rounding nor ties decide.
    ordered = films["probability"].sort_values().to_list()
    threshold = round(sum(ordered[len(ordered) // 2 - 1 :][:2]) / 2, 3)
    page.goto(f"{app.url}/failures?model=tiny&threshold={threshold:.3f}&prevalence=8")
    tn, fp, fn, tp = confusion_matrix(films["label"], films["probability"] >= threshold).ravel()
    for words, count in {
        "true positives": tp,
        "missed fractures": fn,
        "false alarms": fp,
        "true negatives": tn,
    }.items():
        expect(_cell(page, words)).to_have_text(re.compile(rf"^{count}\s*{words}"))
    precision = precision_score(films["label"], films["probability"] >= threshold)
    expect(page.get_by_role("row", name=re.compile(rf"^Precision.*{precision:.2f}"))).to_be_visible()
    page.get_by_role("tab", name="Predictive values").click()
    share = _bayes(films, threshold, 0.08)
    said = page.get_by_test_id("clinic")
    ppv = f"{100 * share:.{0 if 0.1 <= share <= 0.9 else 1}f}%"
    expect(said).to_contain_text(f"At a prevalence of 8.0%: PPV {ppv} (")
    slider = page.get_by_role("slider", name="Prevalence")
    slider.press("ArrowRight")
    expect(said).to_contain_text("At a prevalence of 8.5%")
    expect(page).to_have_url(re.compile("prevalence=8.5"))
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_text(re.compile(r"failures\?model=tiny.*prevalence=8\.5"))).to_be_visible()
    page.keyboard.press("Escape")
    slider = page.get_by_role("slider", name="Operating threshold")
    slider.press("End")
    called = films["probability"] >= 1
    assert not called.any()
    expect(_cell(page, "true positives")).to_have_text(re.compile(r"^0\s*true positives"))
    expect(said).to_contain_text("PPV not measurable")
    page.get_by_role("button", name="Reset").click()
    own = ModelCard.load(app.models / "tiny" / "card.json").thresholds.balanced
    found = int((films["label"] * (films["probability"] >= own)).sum())
    expect(_cell(page, "true positives")).to_have_text(re.compile(rf"^{found}\s*true positives"))
    expect(page).not_to_have_url(re.compile("threshold="))


def test_uncertain_films_are_a_column_that_lists_them(page, app, films):
    cut = ModelCard.load(app.models / "tiny" / "card.json").thresholds
    between = films["probability"].between(cut.low, cut.high, inclusive="left") & (films["label"] == 0)
    page.goto(f"{app.url}/failures?model=tiny")
    cell = _cell(page, "uncertain").last
    expect(cell).to_have_text(re.compile(rf"^{int(between.sum())}\s*uncertain"))
    cell.click()
    expect(page.get_by_text(f"Uncertain, without a fracture: {int(between.sum())} of")).to_be_visible()
    expect(page).to_have_url(re.compile("kind=uncertain-other"))


def test_plots_are_taken_away_with_their_figures(page, app, films, tmp_path):
    page.goto(f"{app.url}/failures?model=tiny")
    page.get_by_role("tab", name="Curves").click()
    kept = {}
    for name in ("roc.csv", "decision.csv", "decision.svg", "calibration.png"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        kept[name] = tmp_path / name
        download.value.save_as(kept[name])
        assert download.value.suggested_filename == f"tiny-{name}"
    roc = pd.read_csv(kept["roc.csv"])
    for row in roc.itertuples():
        called = films["probability"] >= row.threshold
        assert row.true_positive_rate == pytest.approx(recall_score(films["label"], called))
    curve = pd.read_csv(kept["decision.csv"]).set_index("threshold")
    called = films["probability"] >= 0.2
    gained = ((films["label"] == 1) & called).mean() - 0.25 * ((films["label"] == 0) & called).mean()
    assert curve["net_benefit"][0.2] == pytest.approx(gained)
    assert kept["decision.svg"].read_text("utf-8").lstrip().startswith("<?xml")
    assert kept["calibration.png"].read_bytes().startswith(b"\x89PNG")
