"""The radiograph as used by the rest of the program: pixels without patient data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.imaging.pixel_values import PixelValues
from fracture_core.imaging.scope import BodyPart


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One radiograph.

    Attributes:
        pixels: grey levels in 0–1, float32 (height, width), bone bright on dark.
        kind: file type for display ("JPEG", "DICOM (CR)").
        spacing: (row, column) spacing in mm per pixel, at the patient or the detector as stated in the file; None
            if the file states neither.
        colour: share of visibly coloured pixels in 0–1; 0.0 for grey files. Photographs are coloured, radiographs
            are not.
        truncated: whether the file is incomplete.
        missing: share of the image's lines that an incomplete file lacks, in 0–1.
        warnings: sentences about problems of the file ("The file is truncated …").
        scale: (row, column) pixels of `pixels` per pixel of the file. Differs from 1 if the pixels of the file are
            not square, because those of `pixels` are.
        shuttered: mask (height, width) of the area hidden by a display shutter, where `pixels` are black; None
            without a shutter.
        displayed: `pixels` as displayed, float32 (height, width); None if they are the same. Differs if the file
            states a display shutter that is not black.
        body_parts: known body parts in the DICOM header.
        other_modality: DICOM code of a modality that no model covers, such as "CT"; empty for others.
        values: pixel values and windows of a DICOM file, for the viewer; None for other files and for DICOM files that
            need more than a linear window.
    """

    pixels: NDArray[np.float32]
    kind: str
    spacing: tuple[float, float] | None = None
    colour: float = 0.0
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    scale: tuple[float, float] = (1.0, 1.0)
    shuttered: NDArray[np.bool_] | None = None
    displayed: NDArray[np.float32] | None = None
    body_parts: tuple[BodyPart, ...] = ()
    other_modality: str = ""
    missing: float = 0.0
    values: PixelValues | None = None

    @property
    def shown(self) -> NDArray[np.float32]:
        """The pixels for display, float32 (height, width)."""
        return self.pixels if self.displayed is None else self.displayed

    @property
    def shuttered_share(self) -> float:
        """Share of `pixels` hidden by a display shutter, in 0–1."""
        return 0.0 if self.shuttered is None else float(self.shuttered.mean())

    def to_file(self, points: ArrayLike) -> NDArray[np.float64]:
        """Convert coordinates in `pixels` to coordinates in the file.

        Args:
            points: float (..., 2) of x and y, with the corner of the image at (0, 0).

        Returns:
            float array of the same shape.
        """
        # The centres of the first pixels coincide.
        return np.asarray((np.asarray(points, float) - 0.5) / self.scale[::-1] + 0.5)

    @property
    def height(self) -> int:
        """Rows of `pixels`."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of `pixels`."""
        return int(self.pixels.shape[1])
