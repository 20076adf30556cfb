"""Training settings: validation, JSON form and combination with a protocol."""

import json
from pathlib import Path

import pytest

from fracture_core.errors import ModelError, TrainingError
from fracture_core.imaging import InputSpec
from fracture_core.runs.config import TrainingConfig
from fracture_core.zoo import Augmentation, find_architecture

ROOT = Path(__file__).resolve().parents[2]

CONFIG = TrainingConfig(
    "/images",
    "mobilenet_v2",
    size=96,
    epochs=7,
    head_epochs=2,
    augmentation=Augmentation(flip=False, zoom=0.0),
)


def test_round_trip(tmp_path):
    CONFIG.save(tmp_path / "config.json")
    assert TrainingConfig.load(tmp_path / "config.json") == CONFIG


def test_settings_of_an_older_card_load():
    card = json.loads((ROOT / "models" / "mobilenet_v2_map-fracatlas" / "card.json").read_text("utf-8"))
    assert "crop_share" not in card["training"]
    config = TrainingConfig.from_dict(card["training"])
    assert (config.size, config.augmentation.rotation, config.augmentation.noise) == (384, 20.0, 0.0)


def test_input_spec_follows_size_and_architecture():
    assert CONFIG.input == InputSpec(96, 96, 3, "signed")
    assert TrainingConfig("/images", "four_block").input == InputSpec(224, 224, 1, "unit")
    with pytest.raises(ModelError, match="multiple of 32"):
        _ = TrainingConfig("/images", "four_block", size=100).input


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("epochs", 0, "Maximum epochs"),
        ("epochs", 1001, "Maximum epochs"),
        ("batch", 0, "Batch size"),
        ("batch", 2000, "Batch size"),
        ("learning_rate", 0.0, "Learning rate"),
        ("learning_rate", -1e-3, "Learning rate"),
        ("learning_rate", float("nan"), "Learning rate"),
        ("learning_rate", float("inf"), "Learning rate"),
        ("learning_rate", "fast", "Learning rate"),
        ("head_epochs", -1, "Head-only epochs"),
        ("head_epochs", 16, "Head-only epochs"),
        ("patience", 0, "Patience"),
        ("box_weight", -1.0, "Box loss weight"),
        ("negatives", float("nan"), "Negatives per positive"),
        ("seed", -1, "Seed"),
        ("seed", 2**31, "Seed"),
        ("crop_min", 2.0, "Smallest crop"),
        ("fold", 1, "Held-out fold"),
    ],
)
def test_number_out_of_range_is_refused(name, value, label):
    with pytest.raises(TrainingError, match=f"^{label} must be from .* to .*, but is .*Enter a number"):
        TrainingConfig("/images", "four_block", **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("rotation", -1.0), ("rotation", 181.0), ("shift", 0.6), ("zoom", float("nan")), ("contrast", 1.0)],
)
def test_augmentation_out_of_range_is_refused(name, value):
    with pytest.raises(TrainingError, match=f"^{name.capitalize()} must be from 0 to .*, but is "):
        TrainingConfig("/images", "four_block", augmentation=Augmentation(**{name: value}))


@pytest.mark.parametrize("name", ["sampling", "schedule", "precision"])
def test_unknown_choice_is_refused(name):
    with pytest.raises(TrainingError, match=r"must be one of .*, but is 'other'\. Choose one of these"):
        TrainingConfig("/images", "four_block", **{name: "other"})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"negatives": 2.0, "sampling": "under"}, "exclude each other"),
        ({"region_balance": 0.5, "doubled": True}, "excludes class sampling and mirrored copies"),
        ({"crop_share": 0.5}, "Set a box loss weight above 0"),
        ({"folds": 1, "fold": 1}, "Choose at least 2 folds"),
        ({"folds": 3, "fold": 1}, "Choose a cosine or constant schedule"),
        ({"box_weight": 1.0}, "need a network with a fracture map, but four_block has none"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(values, message):
    with pytest.raises(TrainingError, match=message):
        TrainingConfig("/images", "four_block", **values)


def test_box_weight_is_accepted_with_a_fracture_map():
    assert TrainingConfig("/images", "mobilenet_v2_map", box_weight=1.0).box_weight == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"colour": 2}, "colour"),
        ({"epochs": "7"}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"epochs": 1.5}, "epochs"),
        ({"doubled": 1}, "doubled"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"augmentation": {"spin": 1}}, "augmentation.spin"),
        ({"augmentation": None}, "augmentation"),
        ({"data": None}, "data"),
    ],
)
def test_malformed_json_names_the_field(values, field):
    with pytest.raises(TrainingError, match=f"not valid: {field}: "):
        TrainingConfig.from_dict({**CONFIG.to_json(), **values})


def test_missing_field_is_named():
    with pytest.raises(TrainingError, match="not valid: architecture: "):
        TrainingConfig.from_dict({"data": "DIR"})


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"data": "x"}', json.dumps(CONFIG.to_json()).replace("0.001", "NaN"), "[" * 100_000],
)
def test_malformed_file_is_refused(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(
        TrainingError, match=r"The settings of the run in .*cannot be read: .*Start a new run"
    ):
        TrainingConfig.load(path)


def test_missing_file_is_reported(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        TrainingConfig.load(tmp_path / "config.json")


def test_settings_from_a_protocol():
    architecture = find_architecture("mobilenet_v2")
    protocol = architecture.protocol
    config = TrainingConfig.from_protocol("/images", architecture, protocol, {"zoom": 0.05, "batch": 5})
    assert (config.batch, config.epochs, config.augmentation.zoom) == (5, protocol.epochs, 0.05)
    assert config.augmentation.rotation == protocol.augmentation.rotation
    short = TrainingConfig.from_protocol("/images", architecture, protocol, {"epochs": 1, "head_epochs": 3})
    assert (short.epochs, short.head_epochs) == (1, 1)


def test_settings_with_changed_options():
    changed = CONFIG.with_options({"epochs": 1, "rotation": 5.0})
    assert (changed.epochs, changed.head_epochs, changed.augmentation.rotation) == (1, 1, 5.0)
    assert (changed.augmentation.flip, changed.architecture) == (False, "mobilenet_v2")
