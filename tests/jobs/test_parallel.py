"""Many at a time, in order, and no further than asked."""

import time

import pytest

from fracture_core.jobs.parallel import map_in_order


def test_results_come_in_order():
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    assert list(map_in_order(slow_first, range(200))) == [number * number for number in range(200)]
    assert list(map_in_order(slow_first, [])) == []


def test_a_caller_that_stops_leaves_little_under_way():
    begun = []
    results = map_in_order(begun.append, range(10_000))
    next(results)
    results.close()
    assert len(begun) < 1_000


def test_an_error_reaches_the_caller():
    def fail(number: int) -> int:
        return 1 // (number - 3)

    with pytest.raises(ZeroDivisionError):
        list(map_in_order(fail, range(100)))
