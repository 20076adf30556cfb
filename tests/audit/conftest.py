"""A small dataset with every problem that an audit checks for."""

from pathlib import Path

import numpy as np
import pytest
from phantom_files import save_image, small_phantom

from fracture_core.audit import Audit, audit_dataset


@pytest.fixture(scope="session")
def faulty_dataset(shared_folder) -> Path:
    """Train and test folders with 16 training images, 8 test images and copies between them.

    One test file is an exact copy of a training file, and two are rotated or mirrored copies. One training
    image has both labels. One file is truncated, one is not an image and one is a photograph.
    """
    return shared_folder("faulty", _write_faulty)


def _write_faulty(root: Path) -> None:
    for seed in range(24):
        fractured = seed % 2 == 1
        split = "train" if seed < 16 else "test"
        save_image(
            root / split / ("fractured" if fractured else "not fractured") / f"film{seed:02d}.png",
            small_phantom(seed, fractured),
        )
    train, test = root / "train", root / "test"
    (test / "fractured" / "again.png").write_bytes((train / "fractured" / "film01.png").read_bytes())
    save_image(test / "fractured" / "turned.jpg", np.ascontiguousarray(np.rot90(small_phantom(3, True))))
    save_image(
        test / "not fractured" / "mirrored.png", np.ascontiguousarray(small_phantom(2, False)[:, ::-1])
    )
    save_image(train / "not fractured" / "contradiction.png", small_phantom(5, True))
    whole = save_image(test / "not fractured" / "cut.jpg", small_phantom(30, False)).read_bytes()
    (test / "not fractured" / "cut.jpg").write_bytes(whole[: int(0.8 * len(whole))])
    (train / "fractured" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    y, x = np.mgrid[0:200, 0:160]
    save_image(train / "fractured" / "photo.bmp", np.stack([x, 255 - x, y], axis=-1).astype(np.uint8))


@pytest.fixture(scope="session")
def faulty_audit(faulty_dataset: Path) -> Audit:
    """The audit of `faulty_dataset`."""
    return audit_dataset(faulty_dataset)
