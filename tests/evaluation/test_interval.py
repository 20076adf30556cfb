"""Text and JSON of intervals."""

import json
import math

import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.84, 0.77, 0.89, 131), "0.84 (95% CI 0.77–0.89, n = 131)"),
        (Interval(1.0, 0.5, 1.0, 12345), "1.00 (95% CI 0.50–1.00, n = 12,345)"),
        (Interval(0.051, -0.1, 0.204, 12), "0.05 (95% CI −0.10 to 0.20, n = 12)"),
        (Interval(-0.001, -0.2, -0.1, 3), "0.00 (95% CI −0.20 to −0.10, n = 3)"),
        (Interval(1.0, math.nan, math.nan, 5), "1.00 (no interval, n = 5)"),
        (Interval.unknown(), "not measurable (n = 0)"),
        (Interval.unknown(9), "not measurable (n = 9)"),
    ],
)
def test_text_of_intervals(interval, text):
    assert interval.text() == text
    assert str(interval) == text


@pytest.mark.parametrize("interval", [Interval(0.1, 0.05, 1 / 3, 7), Interval(1.0, math.nan, math.nan, 5)])
def test_json_round_trip(interval):
    text = json.dumps(interval.to_json(), allow_nan=False)
    restored = Interval.from_json(json.loads(text))
    assert restored.n == interval.n
    assert (restored.value, restored.low, restored.high) == pytest.approx(
        (interval.value, interval.low, interval.high), abs=0, nan_ok=True
    )


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"value": 1, "low": 0, "high": 1}, "^n: "),
        ({"value": "much", "low": 0, "high": 1, "n": 3}, "^value: Input should be a valid number"),
        ({"value": True, "low": 0, "high": 1, "n": 3}, "^value: Input should be a valid number"),
        ([1, 2], "Input should be an object"),
    ],
)
def test_invalid_json_is_refused(payload, message):
    with pytest.raises(DataError, match=message):
        Interval.from_json(payload)
