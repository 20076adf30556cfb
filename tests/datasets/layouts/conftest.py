"""Fixtures for tiny datasets. Layouts do not open images, so most files are empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

#: First bytes of a DICOM file, by which it is recognised without an extension.
DICOM = b"\0" * 128 + b"DICM"


@pytest.fixture
def create_files() -> Callable[..., Path]:
    """Create empty files below a folder and return the folder."""

    def make(root: Path, *names: str) -> Path:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return root

    return make


@pytest.fixture
def dicom_header() -> bytes:
    """Content of a file with only a DICOM header."""
    return DICOM


@pytest.fixture
def remarks_by_kind() -> Callable[..., dict[str, tuple[str, ...]]]:
    """Function from a catalogue to the ids of its remarks by kind."""
    return lambda catalogue: {remark.kind: remark.ids for remark in catalogue.remarks}
