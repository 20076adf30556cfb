"""Folders of radiographs, found by looking at them."""

from fracture_core.data.layouts.detect import LAYOUTS, layout_named, read_cases

__all__ = ["LAYOUTS", "layout_named", "read_cases"]
