"""Model cards: JSON form, older cards, and refusal of malformed ones."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fracture_core.errors import ModelError
from fracture_core.published.run_result import load_results
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import SHIPPED_MODEL

ROOT = Path(__file__).resolve().parents[2]


def test_round_trip(trained_card, tmp_path):
    trained_card.save(tmp_path / "card.json")
    assert ModelCard.load(tmp_path / "card.json") == trained_card
    assert json.loads((tmp_path / "card.json").read_text("utf-8")) == trained_card.to_json()


def test_card_without_metrics(trained_card, tmp_path):
    card_without_metrics = replace(trained_card, data=None, test=None, test_states=None, heatmap_scale=None)
    card_without_metrics.save(tmp_path / "card.json")
    reloaded = ModelCard.load(tmp_path / "card.json")
    assert reloaded == card_without_metrics
    assert reloaded.test_summary() is None


def test_metrics_by_region(trained_card):
    both = replace(trained_card, test_regions={"hand": trained_card.test})
    assert both.test_summary() is trained_card.test
    assert both.test_summary("hand") is trained_card.test
    assert both.test_summary("hip") is None
    assert ModelCard.from_json(both.to_json()) == both


def test_other_label_order_is_refused(trained_card, tmp_path):
    replace(trained_card, labels=("fracture", "no_fracture")).save(tmp_path / "card.json")
    with pytest.raises(
        ModelError,
        match=r"has the label order fracture, no_fracture instead of .* would report fractures as normal",
    ):
        ModelCard.load(tmp_path / "card.json")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"card"', "{}"],
)
def test_json_that_is_no_card_is_refused(tmp_path, text):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(ModelError, match=r"The model card .* is not valid: "):
        ModelCard.load(tmp_path / "card.json")


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "input",
        "weights",
        "golden",
        "calibration",
        "thresholds",
        "test",
        "test_regions",
        "labels",
        "limits",
    ],
)
def test_incomplete_card_is_refused(trained_card, tmp_path, name):
    payload = trained_card.to_json()
    del payload[name]
    (tmp_path / "card.json").write_text(json.dumps(payload))
    with pytest.raises(ModelError, match=r"The model card .* is not valid: "):
        ModelCard.load(tmp_path / "card.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("golden", "1"),
        ("golden", float("nan")),
        ("golden", True),
        ("heatmap_scale", float("inf")),
        ("heatmap_scales", {"saliency": "much"}),
        ("title", None),
        ("labels", "fracture"),
        ("limits", [1]),
        ("input", {"height": 10**6, "width": 64, "channels": 1, "scaling": "unit"}),
        ("input", {"height": 0, "width": 64, "channels": 1, "scaling": "unit"}),
        ("input", {"height": 64, "width": 64, "channels": 7, "scaling": "unit"}),
        ("input", {"height": 64, "width": 64, "channels": 1, "scaling": "odd"}),
        ("weights", {"file": "a", "sha256": "b", "bytes": -1}),
        ("weights", {"file": "a", "sha256": "b", "bytes": 10**30}),
        ("data", {"name": "a"}),
        ("training", {"learning_rate": float("nan")}),
        ("input", {"height": 64, "width": 64, "depth": 1}),
        ("thresholds", {"low": 0.9, "high": 0.1, "balanced": 0.5}),
        ("calibration", {"slope": -1.0, "intercept": 0.0}),
        ("weights", None),
        ("test_regions", None),
    ],
)
def test_malformed_value_is_refused(trained_card, tmp_path, name, value):
    (tmp_path / "card.json").write_text(json.dumps({**trained_card.to_json(), name: value}))
    with pytest.raises(ModelError, match=r"The model card .* is not valid: "):
        ModelCard.load(tmp_path / "card.json")


def test_counts_and_rates_that_do_not_fit_are_refused(tmp_path):
    shipped = ROOT / "models" / SHIPPED_MODEL / "card.json"
    for change, words in (
        (lambda card: card["data"]["counts"].update(train=[1]), "two numbers for each split"),
        (lambda card: card["test_findings"]["by_iou"].pop("0.1"), "same rates as by_centre"),
        (lambda card: card["test_findings"]["sizes"].update(huge=card["test"]["auc"]), "one is 'huge'"),
    ):
        payload = json.loads(shipped.read_text("utf-8"))
        change(payload)
        (tmp_path / "card.json").write_text(json.dumps(payload))
        with pytest.raises(ModelError, match=words):
            ModelCard.load(tmp_path / "card.json")


def test_missing_card_is_reported(tmp_path):
    with pytest.raises(ModelError, match=r"There is no model card at .* Add the model again"):
        ModelCard.load(tmp_path / "card.json")


def test_older_card_without_a_finding_is_about_fractures(trained_card, tmp_path):
    payload = trained_card.to_json()
    del payload["data"]["finding"]
    (tmp_path / "card.json").write_text(json.dumps(payload))
    assert ModelCard.load(tmp_path / "card.json").finding == "fracture"
    assert replace(trained_card, data=None).finding == "fracture"


def test_unknown_finding_is_refused(trained_card, tmp_path):
    changed_card = replace(trained_card, data=replace(trained_card.data, finding="abnormality"))
    changed_card.save(tmp_path / "card.json")
    assert ModelCard.load(tmp_path / "card.json").finding == "abnormality"
    payload = trained_card.to_json()
    payload["data"]["finding"] = "tumour"
    (tmp_path / "card.json").write_text(json.dumps(payload))
    with pytest.raises(ModelError, match="but is 'tumour'"):
        ModelCard.load(tmp_path / "card.json")


def test_shipped_card_and_published_results_load():
    path = ROOT / "models" / "mobilenet_v2_map-fracatlas" / "card.json"
    payload = json.loads(path.read_text("utf-8"))
    written = ModelCard.load(path).to_json()
    assert {name: written[name] for name in payload} == payload
    assert len(load_results(ROOT / "assets" / "published" / "results")) >= 12


def test_key_of_a_later_version_is_ignored(trained_card, tmp_path):
    (tmp_path / "card.json").write_text(json.dumps({**trained_card.to_json(), "later": 1}))
    assert ModelCard.load(tmp_path / "card.json") == trained_card


def test_malformed_key_is_named(trained_card, tmp_path):
    weights = {**trained_card.to_json()["weights"], "bytes": "many"}
    (tmp_path / "card.json").write_text(json.dumps({**trained_card.to_json(), "weights": weights}))
    with pytest.raises(ModelError, match=r"is not valid: weights\.bytes: Input should be a valid integer"):
        ModelCard.load(tmp_path / "card.json")
