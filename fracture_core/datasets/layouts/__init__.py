"""Folders of radiographs, found by looking at them."""

from fracture_core.datasets.layouts.detect import (
    LAYOUTS,
    candidate_roots,
    find_layout,
    layout_names,
    read_catalogue,
)

__all__ = ["LAYOUTS", "candidate_roots", "find_layout", "layout_names", "read_catalogue"]
