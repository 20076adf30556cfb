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
        scale: (row, column) pixels of `pixels` per pixel of the file; other than 1 where the file's pixels are
            not square, because `pixels` are.
        shuttered: bool (height, width), True on what a display shutter hides; None where there is none. `pixels`
            are black there.
        displayed: float32 (height, width), `pixels` as the screen shows them; None where they are the same. A
            file may ask for a display shutter that is not black.
        body_parts: what a DICOM header says that the image shows; empty where it names nothing that is known.
        other_modality: the DICOM code of a modality that no model covers, such as "CT"; empty for others.
    """

    pixels: np.ndarray
    kind: str
    spacing: tuple[float, float] | None = None
    colour: float = 0.0
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    scale: tuple[float, float] = (1.0, 1.0)
    shuttered: np.ndarray | None = None
    displayed: np.ndarray | None = None
    body_parts: tuple[BodyPart, ...] = ()
    other_modality: str = ""

    @property
    def shown(self) -> np.ndarray:
        """The pixels for the screen, float32 (height, width)."""
        return self.pixels if self.displayed is None else self.displayed

    @property
    def shuttered_share(self) -> float:
        """Share of `pixels` that a display shutter hides, 0–1."""
        return 0.0 if self.shuttered is None else float(self.shuttered.mean())

    def to_file(self, points: np.ndarray) -> np.ndarray:
        """Maps points of `pixels` to the pixels of the file.

        Args:
            points: float (..., 2) holding x, y with the corner of the image at (0, 0).

        Returns:
            float array of the same shape.
        """
        # The centres of the first pixels coincide.
        return (np.asarray(points, float) - 0.5) / self.scale[::-1] + 0.5

    @property
    def height(self) -> int:
        """Rows of `pixels`."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of `pixels`."""
        return int(self.pixels.shape[1])
