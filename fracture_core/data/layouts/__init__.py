"""Folders of radiographs, found by looking at them."""

from fracture_core.data.layouts.detect import (
    LAYOUTS,
    layout_named,
    layout_names,
    read_catalogue,
    roots,
)

__all__ = ["LAYOUTS", "layout_named", "layout_names", "read_catalogue", "roots"]
