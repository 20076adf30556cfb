"""Dataset layouts, detected from folders and tables."""

from fracture_core.datasets.layouts.detect import (
    LAYOUTS,
    candidate_roots,
    find_layout,
    layout_names,
    read_catalogue,
)

__all__ = ["LAYOUTS", "candidate_roots", "find_layout", "layout_names", "read_catalogue"]
