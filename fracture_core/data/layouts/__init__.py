"""Folders of radiographs, found by looking at them."""

from fracture_core.data.layouts.detect import LAYOUTS, read_cases

__all__ = ["LAYOUTS", "read_cases"]
