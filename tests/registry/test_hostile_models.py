"""Cards, auxiliary heads and tables of an imported model with hostile values are read or refused with a sentence.

`python -m benchmarks.hostile_models` tries far more of them.
"""

import json
import zipfile
from pathlib import Path

import pytest

from benchmarks import hostile_models
from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import predictions
from fracture_core.registry.card import ModelCard
from fracture_core.registry.check_arrays import check_arrays
from fracture_core.registry.store import CARD_NAME


@pytest.mark.parametrize(
    ("read", "contents"),
    [
        (hostile_models.read_card, hostile_models.hostile_cards(250)),
        (hostile_models.read_heads, hostile_models.hostile_heads(60)),
        (hostile_models.read_table, hostile_models.hostile_tables(60)),
    ],
    ids=["cards", "heads", "tables"],
)
def test_hostile_content_is_read_or_refused(read, contents):
    outcomes, faults = hostile_models.attack(read, contents)
    assert faults == []
    assert outcomes["accepted"] > 0
    assert outcomes["refused"] > 0


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "1e-320", "-1", "0", "1e300", "true", '"1"', "[" * 3000 + "]" * 3000]
)
@pytest.mark.parametrize("key", ["heatmap_scale", "heatmap_scales"])
def test_heatmap_scale_must_be_in_a_sensible_range(tmp_path, key, value):
    card = json.loads((hostile_models.SHIPPED / CARD_NAME).read_text("utf-8"))
    card[key] = "@" if key == "heatmap_scale" else {"layer_cam": "@"}
    path = tmp_path / CARD_NAME
    path.write_text(json.dumps(card).replace('"@"', value), "utf-8")
    with pytest.raises(ModelError, match="not valid"):
        ModelCard.load(path)


def test_text_that_is_not_unicode_is_refused(tmp_path):
    text = (hostile_models.SHIPPED / CARD_NAME).read_text("utf-8")
    path = tmp_path / CARD_NAME
    path.write_text(text.replace('"title": "', '"title": "\\ud800', 1), "utf-8")
    with pytest.raises(ModelError, match="not valid"):
        ModelCard.load(path)


def _npz(path: Path, kind: str, shape: str, content: bytes = b"") -> Path:
    """Write a file with one array, whose header may not fit its content."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("region_names.npy", b"\x93NUMPY\x01\0\x76\0" + header + content)
    return path


@pytest.mark.parametrize(
    ("kind", "shape", "content"),
    [
        ("<U0", "(100000000,)", b""),
        ("|V8", "(5,)", bytes(40)),
        ("<M8[s]", "(5,)", bytes(40)),
        ("<c16", "(5,)", bytes(80)),
        ("|O", "(1,)", bytes(8)),
        ("<f4", "(100000000,)", b""),
        ("<f4", "(-1,)", b""),
        ("<f4", "(1,", b""),
    ],
)
def test_arrays_of_other_kinds_and_sizes_are_refused(tmp_path, kind, shape, content):
    with pytest.raises(ModelError, match="not a valid file of arrays"):
        check_arrays(_npz(tmp_path / "heads.npz", kind, shape, content))


def test_table_with_far_too_many_columns_is_refused_at_once(tmp_path):
    path = tmp_path / "predictions.csv"
    header = ",".join(predictions.PREDICTION_COLUMNS)
    path.write_text(header + "," * 200_000 + "\n")
    with pytest.raises(DataError, match="far more columns"):
        predictions.read_predictions(path)
