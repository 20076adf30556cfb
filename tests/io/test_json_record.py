"""JSON records: round trip, and refusal of malformed JSON."""

import math
from dataclasses import dataclass
from typing import Annotated

import pytest

from fracture_core.errors import DataError
from fracture_core.io import json_record
from fracture_core.io.json_record import Count, HasJsonMethods, JsonRecord, MeasuredNumber, read_json


@dataclass(frozen=True)
class Measurement(JsonRecord):
    value: MeasuredNumber
    images: Count
    limit: float = 1.0
    names: tuple[str, ...] = ()


class Legacy:
    def __init__(self, text: str):
        self.text = text

    def to_json(self) -> dict:
        return {"text": self.text}

    @classmethod
    def from_json(cls, payload: dict) -> "Legacy":
        return cls(payload["text"])


@dataclass(frozen=True)
class Holder(JsonRecord):
    measured: Measurement | None = None
    legacy: Annotated[Legacy, HasJsonMethods()] | None = None


def test_round_trip():
    record = Holder(Measurement(0.5, 3, names=("a", "b")))
    payload = record.to_json()
    assert payload["measured"] == {"value": 0.5, "images": 3, "limit": 1.0, "names": ["a", "b"]}
    assert Holder.from_json(payload) == record


def test_missing_measurement_is_null():
    payload = Measurement(math.nan, 3).to_json()
    assert payload["value"] is None
    assert math.isnan(Measurement.from_json(payload).value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"images": -1}, "images"),
        ({"images": 10**30}, "images"),
        ({"images": 1.5}, "images"),
        ({"images": "3"}, "images"),
        ({"limit": math.nan}, "limit"),
        ({"limit": math.inf}, "limit"),
        ({"names": [1]}, "names.0"),
        ({"colour": 1}, "colour"),
    ],
)
def test_malformed_record_names_the_field(change, field):
    payload = {"value": 1.0, "images": 3} | change
    with pytest.raises(DataError, match=rf"^{field}: "):
        Measurement.from_json(payload)
    with pytest.raises(DataError, match=rf"^measured\.{field}: "):
        Holder.from_json({"measured": payload})


@pytest.mark.parametrize("payload", [None, [], "text", 3, {"value": {1, 2}}])
def test_json_that_is_no_record_is_refused(payload):
    with pytest.raises(DataError):
        Measurement.from_json(payload)


def test_class_with_its_own_json_methods():
    assert Holder(legacy=Legacy("a")).to_json() == {"measured": None, "legacy": {"text": "a"}}
    reloaded = Holder.from_json({"legacy": {"text": "a"}}).legacy
    assert reloaded is not None
    assert reloaded.text == "a"
    with pytest.raises(DataError, match=r"^legacy: KeyError: 'text'"):
        Holder.from_json({"legacy": {}})


@pytest.mark.parametrize("text", ["", "{", '{"a": NaN}', '{"a": -Infinity}', "[" * 100_000, "\udcff"])
def test_malformed_file_is_refused(tmp_path, text):
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DataError, match="not valid JSON"):
        read_json(path)


def test_large_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_record, "MAX_JSON_BYTES", 10)
    (tmp_path / "record.json").write_text('{"a": "long enough"}')
    with pytest.raises(DataError, match="the file is larger than"):
        read_json(tmp_path / "record.json")
