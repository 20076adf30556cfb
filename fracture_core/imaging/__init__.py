"""Reading of radiographs, preparation of the model input, and rendering of heatmaps.

Example:
    >>> import numpy as np
    >>> from fracture_core.imaging import InputSpec, encode_png, prepare_input, read_radiograph
    >>> radiograph = read_radiograph(encode_png(np.zeros((300, 200), np.uint8)))
    >>> array, transform = prepare_input(radiograph, InputSpec(64, 64))
    >>> array.shape, transform.size
    ((64, 64, 1), (64, 43))
"""

from fracture_core.imaging.histogram import GreyHistogram
from fracture_core.imaging.letterbox_transform import LetterboxTransform
from fracture_core.imaging.overlay import (
    STRONG_EVIDENCE,
    blend_heatmap,
    encode_png,
    find_contours,
    render_layer,
    render_legend,
)
from fracture_core.imaging.pixel_packing import PackedPixels
from fracture_core.imaging.prepare import InputSpec, letterbox, normalise_canvas, prepare_input
from fracture_core.imaging.quality import QualityCheck, QualityState, Refusal, check_quality
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.read import read_radiograph

__all__ = [
    "STRONG_EVIDENCE",
    "GreyHistogram",
    "InputSpec",
    "LetterboxTransform",
    "PackedPixels",
    "QualityCheck",
    "QualityState",
    "Radiograph",
    "Refusal",
    "blend_heatmap",
    "check_quality",
    "encode_png",
    "find_contours",
    "letterbox",
    "normalise_canvas",
    "prepare_input",
    "read_radiograph",
    "render_layer",
    "render_legend",
]
