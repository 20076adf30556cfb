import json
from dataclasses import asdict

import pytest

from fracture_core.errors import ModelError, TrainingError
from fracture_core.imaging import InputSpec
from fracture_core.runs.config import TrainingConfig
from fracture_core.zoo import Augmentation

CONFIG = TrainingConfig(
    "/films",
    "mobilenet_v2",
    size=96,
    epochs=7,
    head_epochs=2,
    augmentation=Augmentation(flip=False, zoom=0.0),
)


def test_round_trip(tmp_path):
    CONFIG.save(tmp_path / "config.json")
    assert TrainingConfig.load(tmp_path / "config.json") == CONFIG


def test_input():
    assert CONFIG.input == InputSpec(96, 96, 3, "signed")
    assert TrainingConfig("/films", "four_block").input == InputSpec(224, 224, 1, "unit")
    with pytest.raises(ModelError, match="multiple of 32"):
        _ = TrainingConfig("/films", "four_block", size=100).input


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 1001),
        ("batch", 0),
        ("batch", 2000),
        ("learning_rate", 0.0),
        ("learning_rate", -1e-3),
        ("learning_rate", float("nan")),
        ("learning_rate", 2.0),
        ("head_epochs", -1),
        ("head_epochs", 16),
        ("patience", 0),
        ("box_weight", -1.0),
        ("negatives", float("nan")),
        ("seed", -1),
        ("seed", 2**31),
    ],
)
def test_impossible_numbers(name, value):
    with pytest.raises(
        TrainingError, match=f"Expected {name.replace('_', ' ')} from .* but got .*: change it"
    ):
        TrainingConfig("/films", "four_block", **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("rotation", -1.0), ("rotation", 181.0), ("shift", 0.6), ("zoom", float("nan")), ("contrast", 1.0)],
)
def test_impossible_variations(name, value):
    with pytest.raises(TrainingError, match=f"Expected {name} from 0 to .* but got .*: change it"):
        TrainingConfig("/films", "four_block", augmentation=Augmentation(**{name: value}))


def test_unknown_fields_are_refused():
    with pytest.raises(TrainingError, match="but it has colour, shape: start a new run"):
        TrainingConfig.from_dict({**asdict(CONFIG), "shape": 1, "colour": 2})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"data": "x"}', json.dumps({**asdict(CONFIG), "augmentation": {"spin": 1}})]
)
def test_broken_files(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(TrainingError, match="Expected the settings of a run"):
        TrainingConfig.load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        TrainingConfig.load(tmp_path / "config.json")


def test_boxes_need_a_network_with_a_map():
    assert TrainingConfig("/films", "mobilenet_v2_map", box_weight=1.0).box_weight == 1
    with pytest.raises(TrainingError, match=r"network with a fracture map .* but four_block has none"):
        TrainingConfig("/films", "four_block", box_weight=1.0)
