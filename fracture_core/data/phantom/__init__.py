"""Synthetic radiographs: computed images of bones, some of them broken, that show no person."""

from fracture_core.data.phantom.dicom import to_dicom
from fracture_core.data.phantom.fracture import Fracture
from fracture_core.data.phantom.generate import Phantom, draw
from fracture_core.data.phantom.png import encode_png
from fracture_core.data.phantom.settings import SetSettings
from fracture_core.data.phantom.write import write_set

__all__ = ["Fracture", "Phantom", "SetSettings", "draw", "encode_png", "to_dicom", "write_set"]
