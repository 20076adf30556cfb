"""Parallel map: results in order, and little work ahead of the caller."""

import time

import pytest

from fracture_core.jobs.parallel import map_in_order


def test_results_are_in_order():
    def wait_for_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    assert list(map_in_order(wait_for_first, range(200))) == [number * number for number in range(200)]
    assert list(map_in_order(wait_for_first, [])) == []


def test_closing_the_iterator_stops_the_work():
    started = []
    results = map_in_order(started.append, range(10_000))
    next(results)
    results.close()
    assert len(started) < 1_000


def test_exception_reaches_the_caller():
    def fail(number: int) -> int:
        return 1 // (number - 3)

    with pytest.raises(ZeroDivisionError):
        list(map_in_order(fail, range(100)))
