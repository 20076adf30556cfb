"""Synthetic radiographs: computed images of bones, some of them broken, that show no person."""

from fracture_core.data.phantom.fracture import Fracture
from fracture_core.data.phantom.generate import Phantom, draw
from fracture_core.data.phantom.write import encode_png, to_dicom, write_set

__all__ = ["Fracture", "Phantom", "draw", "encode_png", "to_dicom", "write_set"]
