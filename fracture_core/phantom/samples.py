"""Sample images that come with the app: a few reproducible phantoms.

python -m fracture_core.phantom.samples assets/samples
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fracture_core.paths import sample_thumbnail
from fracture_core.phantom.dicom import phantom_to_dicom
from fracture_core.phantom.fracture import FractureRequest
from fracture_core.phantom.generate import draw_phantom
from fracture_core.phantom.png import encode_png

_THUMBNAIL_WIDTH = 320


@dataclass(frozen=True)
class Sample:
    """One sample image.

    Attributes:
        name: file name; its extension, .png or .dcm, defines the format.
        seed: seed of the phantom.
        region: the region.
        fracture: the fracture; None for an intact limb.
        size: rows and columns.
    """

    name: str
    seed: int
    region: str
    fracture: FractureRequest | None
    size: tuple[int, int]


#: Seeds were chosen by eye: clear exposure, marker beside the limb. The intact samples are among those that the
#: shipped model classifies correctly, because samples show how the app works and not how good the model is.
SAMPLES = (
    Sample(
        "synthetic_hand_fracture.png",
        103,
        "hand",
        FractureRequest("oblique", "metacarpal 5", 0.55, 1.4, 2.0, 5.0),
        (820, 640),
    ),
    Sample("synthetic_leg_normal.png", 24, "leg", None, (820, 640)),
    Sample("synthetic_leg_fracture.dcm", 7, "leg", FractureRequest("comminuted", "tibia", 0.7), (560, 440)),
    Sample("synthetic_hand_normal.png", 4, "hand", None, (820, 640)),
)


def write_samples(folder: Path) -> list[Path]:
    """Write the samples, and a PNG thumbnail of each. Existing files of the same names are replaced.

    Args:
        folder: target folder; created if missing.

    Returns:
        The files, in the order of `SAMPLES`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for sample in SAMPLES:
        phantom = draw_phantom(sample.seed, sample.region, sample.fracture, sample.size)
        path = folder / sample.name
        path.write_bytes(phantom_to_dicom(phantom) if path.suffix == ".dcm" else encode_png(phantom.pixels))
        height = round(sample.size[0] * _THUMBNAIL_WIDTH / sample.size[1])
        small = cv2.resize(phantom.pixels, (_THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
        thumbnail = sample_thumbnail(path)
        thumbnail.parent.mkdir(exist_ok=True)
        thumbnail.write_bytes(encode_png(np.asarray(small, np.uint8)))
        paths.append(path)
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Expected one argument: the folder for the samples, for example assets/samples.")
    for sample_path in write_samples(Path(sys.argv[1])):
        sys.stdout.write(f"{sample_path}  {sample_path.stat().st_size:,} bytes\n")
