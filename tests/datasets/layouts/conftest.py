"""Tiny data sets: no layout opens an image, so most files are empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

#: The first bytes of a DICOM file, all that tells one without an ending.
DICOM = b"\0" * 128 + b"DICM"


@pytest.fixture
def touch() -> Callable[..., Path]:
    """Makes empty files below a folder and returns the folder."""

    def make(root: Path, *names: str) -> Path:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return root

    return make


@pytest.fixture
def dicom() -> bytes:
    """A file that says it is DICOM and no more."""
    return DICOM


@pytest.fixture
def kinds() -> Callable[..., dict[str, tuple[str, ...]]]:
    """The remarks of a catalogue: ids by kind."""
    return lambda catalogue: {remark.kind: remark.ids for remark in catalogue.remarks}
