"""What is known step by step: bounded, and cut where a training goes on."""

import pytest

from fracture_core.runs.steps import MAX_POINTS, CurvePoint, LatestReport, StepHistory

NOW = LatestReport(2, 5, 3, 10, 4.0, 30.0, 0.6, 700_000_000, 2_000_000_000)


def _line(count: int) -> StepHistory:
    known = StepHistory()
    for number in range(1, count + 1):
        known = known.with_point(CurvePoint(number / 10, number, 1 / number, 0.5, 0.7))
    return known


def test_there_and_back(tmp_path):
    known = _line(3).with_latest(NOW)
    known.save(tmp_path / "steps.json")
    assert StepHistory.load(tmp_path / "steps.json") == known


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"now": {"colour": 1}}', '{"now": null, "points": [[1]], "every": 1}']
)
def test_what_cannot_be_read_is_nothing(tmp_path, text):
    if text is not None:
        (tmp_path / "steps.json").write_text(text)
    assert StepHistory.load(tmp_path / "steps.json") == StepHistory()


def test_the_size_is_bounded_and_the_course_kept(tmp_path):
    known, every = StepHistory(), 10 * MAX_POINTS
    began = 0
    for number in range(1, every + 1):  # one step a second, a point when it is due
        if number - began >= known.every:
            loss = sum(range(began + 1, number + 1)) / (number - began)
            known = known.with_point(CurvePoint(number / 10, number, loss, 0.5, 0.7))
            began = number
    assert MAX_POINTS // 2 <= len(known.points) < MAX_POINTS
    numbers = [point.step for point in known.points]
    assert numbers == list(range(16, every + 1, 16))
    # Every point is still the mean of its own stretch.
    assert [point.loss for point in known.points] == [number - 7.5 for number in numbers]
    known.save(tmp_path / "steps.json")
    assert (tmp_path / "steps.json").stat().st_size < 60_000


def test_what_comes_again_is_cut_off():
    assert [point.step for point in _line(35).truncated(2).points] == list(range(1, 21))
    assert _line(35).with_latest(NOW).truncated(0) == StepHistory()
