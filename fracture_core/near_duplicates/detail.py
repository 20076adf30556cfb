"""The fine structure of a picture, freed of exposure: what is left when two films only resemble each other."""

import cv2
import numpy as np

#: Grey levels of local spread, in 0–1, that count as noise: below it there is nothing to compare.
FLOOR = 0.004


def normalised_detail(
    image: np.ndarray, fine: float, coarse: float, around: float
) -> tuple[np.ndarray, np.ndarray]:
    """A band of the picture's frequencies, each place scaled by how much happens around it.

    Without the scaling one bright edge would outvote everything else, and all forearms would agree.

    Args:
        image: float32 (rows, columns), 0–1.
        fine: sigma in pixels below which structure is smoothed away (it does not survive recompression).
        coarse: sigma above which it is taken away (it is the same in all films of a kind).
        around: sigma of the neighbourhood whose spread scales a place.

    Returns:
        The detail, about −3…3, and the local spread that scaled it; both float32 (rows, columns).
    """
    band = cv2.GaussianBlur(image, (0, 0), fine) - cv2.GaussianBlur(image, (0, 0), coarse)
    spread = np.sqrt(cv2.GaussianBlur(band * band, (0, 0), around))
    return band / (spread + FLOOR), spread
