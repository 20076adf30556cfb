"""Progress by step: bounded size, and truncation when a training continues."""

import pytest

from fracture_core.runs.steps import MAX_POINTS, CurvePoint, LatestReport, StepHistory

NOW = LatestReport(2, 5, 3, 10, 4.0, 30.0, 0.6, 700_000_000, 2_000_000_000)


def _history(count: int) -> StepHistory:
    history = StepHistory()
    for number in range(1, count + 1):
        history = history.with_point(CurvePoint(number / 10, number, 1 / number, 0.5, 0.7))
    return history


def test_round_trip(tmp_path):
    history = _history(3).with_latest(NOW)
    history.save(tmp_path / "steps.json")
    assert StepHistory.load(tmp_path / "steps.json") == history


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"now": {"colour": 1}}', '{"now": null, "points": [[1]], "every": 1}']
)
def test_damaged_file_is_an_empty_history(tmp_path, text):
    if text is not None:
        (tmp_path / "steps.json").write_text(text)
    assert StepHistory.load(tmp_path / "steps.json") == StepHistory()


def test_points_are_merged_at_the_limit(tmp_path):
    history, steps = StepHistory(), 10 * MAX_POINTS
    last = 0
    for number in range(1, steps + 1):  # one step a second, a point when it is due
        if number - last >= history.every:
            loss = sum(range(last + 1, number + 1)) / (number - last)
            history = history.with_point(CurvePoint(number / 10, number, loss, 0.5, 0.7))
            last = number
    assert MAX_POINTS // 2 <= len(history.points) < MAX_POINTS
    numbers = [point.step for point in history.points]
    assert numbers == list(range(16, steps + 1, 16))
    # Each point is still the mean since the previous one.
    assert [point.loss for point in history.points] == [number - 7.5 for number in numbers]
    history.save(tmp_path / "steps.json")
    assert (tmp_path / "steps.json").stat().st_size < 60_000


def test_later_points_are_removed():
    assert [point.step for point in _history(35).truncated(2).points] == list(range(1, 21))
    assert _history(35).with_latest(NOW).truncated(0) == StepHistory()
