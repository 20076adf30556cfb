"""A small set with every fault that an audit looks for, and what each film in it is."""

from pathlib import Path

import numpy as np
import pytest
from phantom_files import film, save


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train and test folders: 16 training films, 8 test films of their own, and copies between them.

    Of the test films one is byte for byte in training and two are turned or mirrored copies; one film
    stands under both labels in training; one file is cut off, one is no image, one is a photograph.
    """
    root = tmp_path_factory.mktemp("faulty")
    for seed in range(24):
        broken = seed % 2 == 1
        part = "train" if seed < 16 else "test"
        save(
            root / part / ("fractured" if broken else "not fractured") / f"film{seed:02d}.png",
            film(seed, broken),
        )
    train, test = root / "train", root / "test"
    (test / "fractured" / "again.png").write_bytes((train / "fractured" / "film01.png").read_bytes())
    save(test / "fractured" / "turned.jpg", np.ascontiguousarray(np.rot90(film(3, True))))
    save(test / "not fractured" / "mirrored.png", np.ascontiguousarray(film(2, False)[:, ::-1]))
    save(train / "not fractured" / "contradiction.png", film(5, True))
    whole = save(test / "not fractured" / "cut.jpg", film(30, False)).read_bytes()
    (test / "not fractured" / "cut.jpg").write_bytes(whole[: int(0.8 * len(whole))])
    (train / "fractured" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    y, x = np.mgrid[0:200, 0:160]
    save(train / "fractured" / "photo.bmp", np.stack([x, 255 - x, y], axis=-1).astype(np.uint8))
    return root


@pytest.fixture(scope="session")
def faulty_audit(faulty: Path):
    """The audit of `faulty`."""
    from fracture_core.audit import audit_dataset

    return audit_dataset(faulty)
