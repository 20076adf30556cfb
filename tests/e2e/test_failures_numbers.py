"""Metrics of the Failures page in a browser, compared with scikit-learn."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from fracture_core.registry.card import ModelCard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tiny_test_predictions(app) -> pd.DataFrame:
    """Predictions of the test images in the file of `tiny`."""
    return pd.read_csv(app.models / "tiny" / "predictions.csv").query("split == 'test'")


def _cell(page, label: str):
    return page.get_by_role("button", name=re.compile(rf"^\d+\s*{label}"))


def _positive_predictive_value(predictions: pd.DataFrame, threshold: float, prevalence: float) -> float:
    """Positive predictive value at a prevalence."""
    flagged = predictions["probability"] >= threshold
    sensitivity = recall_score(predictions["label"], flagged)
    false_positive_rate = 1 - recall_score(predictions["label"], flagged, pos_label=0)
    return sensitivity * prevalence / (sensitivity * prevalence + false_positive_rate * (1 - prevalence))


def test_threshold_updates_every_metric(page, app, tiny_test_predictions):
    # A threshold between two probabilities, so that rounding has no effect.
    sorted_probabilities = tiny_test_predictions["probability"].sort_values().to_list()
    threshold = round(sum(sorted_probabilities[len(sorted_probabilities) // 2 - 1 :][:2]) / 2, 3)
    page.goto(
        f"{app.url}/failures?model=tiny&matrix=threshold&tab=Metrics&threshold={threshold:.3f}&prevalence=8"
    )
    tn, fp, fn, tp = confusion_matrix(
        tiny_test_predictions["label"], tiny_test_predictions["probability"] >= threshold
    ).ravel()
    for label, count in {
        "true positives": tp,
        "missed fractures": fn,
        "false alarms": fp,
        "true negatives": tn,
    }.items():
        expect(_cell(page, label)).to_have_text(re.compile(rf"^{count}\s*{label}"))
    precision = precision_score(
        tiny_test_predictions["label"], tiny_test_predictions["probability"] >= threshold
    )
    expect(page.get_by_role("row", name=re.compile(rf"^Precision.*{precision:.2f}"))).to_be_visible()
    page.get_by_role("tab", name="Predictive values").click()
    ppv = _positive_predictive_value(tiny_test_predictions, threshold, 0.08)
    predictive_values = page.get_by_test_id("clinic")
    ppv_text = f"{100 * ppv:.{0 if 0.1 <= ppv <= 0.9 else 1}f}%"
    expect(predictive_values).to_contain_text(f"At a prevalence of 8.0%: PPV {ppv_text} (")
    slider = page.get_by_role("slider", name="Prevalence")
    slider.press("ArrowRight")
    expect(predictive_values).to_contain_text("At a prevalence of 8.5%")
    expect(page).to_have_url(re.compile("prevalence=8.5"))
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_text(re.compile(r"failures\?model=tiny.*prevalence=8\.5"))).to_be_visible()
    page.keyboard.press("Escape")
    slider = page.get_by_role("slider", name="Operating threshold")
    slider.press("End")
    flagged = tiny_test_predictions["probability"] >= 1
    assert not flagged.any()
    expect(_cell(page, "true positives")).to_have_text(re.compile(r"^0\s*true positives"))
    expect(predictive_values).to_contain_text("PPV not measurable")
    page.get_by_role("button", name="Reset").click()
    threshold_of_card = ModelCard.load(app.models / "tiny" / "card.json").thresholds.balanced
    true_positives = int(
        (tiny_test_predictions["label"] * (tiny_test_predictions["probability"] >= threshold_of_card)).sum()
    )
    expect(_cell(page, "true positives")).to_have_text(re.compile(rf"^{true_positives}\s*true positives"))
    expect(page).not_to_have_url(re.compile("threshold="))


def test_uncertain_column_lists_its_cases(page, app, tiny_test_predictions):
    thresholds = ModelCard.load(app.models / "tiny" / "card.json").thresholds
    uncertain = tiny_test_predictions["probability"].between(
        thresholds.low, thresholds.high, inclusive="left"
    ) & (tiny_test_predictions["label"] == 0)
    page.goto(f"{app.url}/failures?model=tiny")
    cell = page.locator(".st-key-failures-cell-uncertain-other button")
    expect(cell).to_have_text(re.compile(rf"^{int(uncertain.sum())}"))
    cell.click()
    expect(page.get_by_text(f"Uncertain, without a fracture: {int(uncertain.sum())} of")).to_be_visible()
    expect(page).to_have_url(re.compile("kind=uncertain-other"))


def test_plots_and_their_data_are_downloaded(page, app, tiny_test_predictions, tmp_path):
    page.goto(f"{app.url}/failures?model=tiny")
    page.get_by_role("tab", name="Curves").click()
    downloads = {}
    for name in ("roc.csv", "decision.csv", "decision.svg", "calibration.png"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        downloads[name] = tmp_path / name
        download.value.save_as(downloads[name])
        assert download.value.suggested_filename == f"tiny-{name}"
    roc = pd.read_csv(downloads["roc.csv"])
    for row in roc.itertuples():
        flagged = tiny_test_predictions["probability"] >= row.threshold
        assert row.true_positive_rate == pytest.approx(recall_score(tiny_test_predictions["label"], flagged))
    curve = pd.read_csv(downloads["decision.csv"]).set_index("threshold")
    flagged = tiny_test_predictions["probability"] >= 0.2
    net_benefit = ((tiny_test_predictions["label"] == 1) & flagged).mean() - 0.25 * (
        (tiny_test_predictions["label"] == 0) & flagged
    ).mean()
    assert curve["net_benefit"][0.2] == pytest.approx(net_benefit)
    assert downloads["decision.svg"].read_text("utf-8").lstrip().startswith("<?xml")
    assert downloads["calibration.png"].read_bytes().startswith(b"\x89PNG")
