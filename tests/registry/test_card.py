import json
from dataclasses import replace

import pytest

from fracture_core.errors import ModelError
from fracture_core.registry.card import ModelCard


@pytest.fixture(scope="module")
def card(trained):
    return ModelCard.load(trained.result / "card.json")


def test_round_trip(card, tmp_path):
    card.save(tmp_path / "card.json")
    assert ModelCard.load(tmp_path / "card.json") == card
    assert json.loads((tmp_path / "card.json").read_text("utf-8")) == card.to_json()


def test_a_card_without_record(card, tmp_path):
    bare = replace(card, data=None, test=None, test_states=None, heatmap_scale=None)
    bare.save(tmp_path / "card.json")
    again = ModelCard.load(tmp_path / "card.json")
    assert again == bare
    assert again.test_summary() is None


def test_records_by_region(card):
    both = replace(card, test_regions={"hand": card.test})
    assert both.test_summary() is card.test
    assert both.test_summary("hand") is card.test
    assert both.test_summary("hip") is None
    assert ModelCard.from_json(both.to_json()) == both


def test_another_label_order_is_refused(card, tmp_path):
    replace(card, labels=("fracture", "no_fracture")).save(tmp_path / "card.json")
    with pytest.raises(
        ModelError, match="says fracture, no_fracture: the model would call fractures healthy"
    ):
        ModelCard.load(tmp_path / "card.json")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"card"', "{}"],
)
def test_what_is_no_card(tmp_path, text):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(ModelError, match="Expected a complete model card in"):
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
def test_an_incomplete_card(card, tmp_path, name):
    payload = card.to_json()
    del payload[name]
    (tmp_path / "card.json").write_text(json.dumps(payload))
    with pytest.raises(ModelError, match="Expected a complete model card in"):
        ModelCard.load(tmp_path / "card.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input", {"height": 64, "width": 64, "depth": 1}),
        ("thresholds", {"low": 0.9, "high": 0.1, "balanced": 0.5}),
        ("calibration", {"slope": -1.0, "intercept": 0.0}),
        ("weights", None),
        ("test_regions", None),
    ],
)
def test_values_that_mean_nothing(card, tmp_path, name, value):
    (tmp_path / "card.json").write_text(json.dumps({**card.to_json(), name: value}))
    with pytest.raises(ModelError, match="Expected a complete model card in"):
        ModelCard.load(tmp_path / "card.json")


def test_a_missing_card(tmp_path):
    with pytest.raises(ModelError, match="but there is none: add the model again"):
        ModelCard.load(tmp_path / "card.json")


def test_a_card_from_before_findings_had_names_is_about_fractures(card, tmp_path):
    payload = card.to_json()
    del payload["data"]["finding"]
    (tmp_path / "card.json").write_text(json.dumps(payload))
    assert ModelCard.load(tmp_path / "card.json").finding == "fracture"
    assert replace(card, data=None).finding == "fracture"


def test_the_finding_is_kept_and_an_unknown_one_refused(card, tmp_path):
    found = replace(card, data=replace(card.data, finding="abnormality"))
    found.save(tmp_path / "card.json")
    assert ModelCard.load(tmp_path / "card.json").finding == "abnormality"
    payload = card.to_json()
    payload["data"]["finding"] = "tumour"
    (tmp_path / "card.json").write_text(json.dumps(payload))
    with pytest.raises(ModelError, match="not 'tumour'"):
        ModelCard.load(tmp_path / "card.json")
