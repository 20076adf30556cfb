"""Synthetic radiographs (phantoms): computed images of bones, with or without a fracture, of no real person."""

from fracture_core.phantom.dicom import phantom_to_dicom
from fracture_core.phantom.fracture import FractureRequest
from fracture_core.phantom.generate import Phantom, draw_phantom
from fracture_core.phantom.png import encode_png
from fracture_core.phantom.settings import PhantomSettings
from fracture_core.phantom.write_dataset import write_phantom_dataset

__all__ = [
    "FractureRequest",
    "Phantom",
    "PhantomSettings",
    "draw_phantom",
    "encode_png",
    "phantom_to_dicom",
    "write_phantom_dataset",
]
