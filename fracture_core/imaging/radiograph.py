"""A radiograph as the rest of the program sees it: pixels and nothing that names a person."""

from dataclasses import dataclass

import numpy as np

from fracture_core.imaging.scope import BodyPart


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One film, ready to be looked at.

    Attributes:
        pixels: float32 array of shape (height, width), values in 0–1, bone bright on dark.
        kind: what the bytes were, in words for the user ("JPEG", "DICOM (CR)").
        spacing: (row, column) millimetres per pixel at the detector or the patient, whichever the
            file states; None where it states neither.
        colour: share of pixels in 0–1 that are visibly coloured; 0.0 for grey files.
            A photograph is coloured, a radiograph is not.
        truncated: whether the file breaks off before its end.
        warnings: sentences about how the file was read ("The file is truncated …").
        body_parts: what a DICOM header says that the image shows; empty where it names nothing that is known.
        other_modality: the DICOM code of a modality that no model covers, such as "CT"; empty for others.
    """

    pixels: np.ndarray
    kind: str
    spacing: tuple[float, float] | None = None
    colour: float = 0.0
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    body_parts: tuple[BodyPart, ...] = ()
    other_modality: str = ""

    @property
    def height(self) -> int:
        """Rows of the original image."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of the original image."""
        return int(self.pixels.shape[1])
