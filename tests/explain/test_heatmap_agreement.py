"""Whether maps point at one place."""

import numpy as np
import pytest

from fracture_core.explain.heatmap_agreement import compare_heatmaps
from fracture_core.imaging import LetterboxTransform

PLACEMENT = LetterboxTransform.fit((200, 400), (64, 64))


def _spot(cells: int, x: float, y: float, value: float = 1.0) -> np.ndarray:
    """A map with one strong cell, given as fractions of the canvas."""
    grid = np.zeros((cells, cells), np.float32)
    grid[int(y * cells), int(x * cells)] = value
    return grid


def test_maps_of_any_fineness_and_any_unit_that_point_at_one_place():
    grids = {"a": _spot(8, 0.3, 0.5), "b": _spot(48, 0.3, 0.5, 40.0), "c": _spot(12, 0.8, 0.4)}
    found = compare_heatmaps(grids, PLACEMENT)
    assert found.together == ("a", "b")
    assert found.apart == ("c",)
    assert found.silent == ()


def test_a_second_place_nearly_as_strong_counts_and_a_faint_one_does_not():
    for value, together in ((0.7, ("a", "b")), (0.3, ("a",))):
        grids = {"a": _spot(8, 0.2, 0.5) + _spot(8, 0.8, 0.5, value), "b": _spot(8, 0.8, 0.5)}
        assert compare_heatmaps(grids, PLACEMENT).together == together


def test_the_first_that_is_not_blank_is_held_against():
    grids = {"blank": np.zeros((8, 8)), "a": _spot(8, 0.2, 0.5), "b": _spot(8, 0.2, 0.5)}
    found = compare_heatmaps(grids, PLACEMENT)
    assert found.together == ("a", "b")
    assert found.silent == ("blank",)


def test_evidence_in_the_padding_is_none():
    found = compare_heatmaps({"a": _spot(8, 0.5, 0.05), "b": _spot(8, 0.5, 0.5)}, PLACEMENT)
    assert found == compare_heatmaps({"a": np.zeros((8, 8)), "b": _spot(8, 0.5, 0.5)}, PLACEMENT)


@pytest.mark.parametrize("grids", [{}, {"a": np.zeros((8, 8))}])
def test_nothing_at_all(grids):
    found = compare_heatmaps(grids, PLACEMENT)
    assert (found.together, found.apart) == ((), ())
    assert found.silent == tuple(grids)
