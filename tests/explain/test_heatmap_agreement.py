"""Agreement of heatmaps on the strongest area."""

import numpy as np
import pytest

from fracture_core.explain.heatmap_agreement import compare_heatmaps
from fracture_core.imaging import LetterboxTransform

TRANSFORM = LetterboxTransform.fit((200, 400), (64, 64))


def _spot(cells: int, x: float, y: float, value: float = 1.0) -> np.ndarray:
    """Make a heatmap with one strong cell, at fractions of the canvas."""
    grid = np.zeros((cells, cells), np.float32)
    grid[int(y * cells), int(x * cells)] = value
    return grid


def test_resolution_and_unit_do_not_matter():
    grids = {"a": _spot(8, 0.3, 0.5), "b": _spot(48, 0.3, 0.5, 40.0), "c": _spot(12, 0.8, 0.4)}
    agreement = compare_heatmaps(grids, TRANSFORM)
    assert agreement.together == ("a", "b")
    assert agreement.apart == ("c",)
    assert agreement.silent == ()


def test_second_area_counts_only_if_nearly_as_strong():
    for value, agreeing in ((0.7, ("a", "b")), (0.3, ("a",))):
        grids = {"a": _spot(8, 0.2, 0.5) + _spot(8, 0.8, 0.5, value), "b": _spot(8, 0.8, 0.5)}
        assert compare_heatmaps(grids, TRANSFORM).together == agreeing


def test_first_heatmap_with_evidence_is_the_reference():
    grids = {"blank": np.zeros((8, 8)), "a": _spot(8, 0.2, 0.5), "b": _spot(8, 0.2, 0.5)}
    agreement = compare_heatmaps(grids, TRANSFORM)
    assert agreement.together == ("a", "b")
    assert agreement.silent == ("blank",)


def test_evidence_in_the_padding_is_ignored():
    agreement = compare_heatmaps({"a": _spot(8, 0.5, 0.05), "b": _spot(8, 0.5, 0.5)}, TRANSFORM)
    assert agreement == compare_heatmaps({"a": np.zeros((8, 8)), "b": _spot(8, 0.5, 0.5)}, TRANSFORM)


@pytest.mark.parametrize("grids", [{}, {"a": np.zeros((8, 8))}])
def test_heatmaps_without_evidence_do_not_agree(grids):
    agreement = compare_heatmaps(grids, TRANSFORM)
    assert (agreement.together, agreement.apart) == ((), ())
    assert agreement.silent == tuple(grids)
