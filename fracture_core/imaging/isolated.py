"""Decoding in a process of its own.

GDCM alone decodes lossless and 12-bit JPEG here, and on damaged data it can end the process it runs
in, which must not be the server with everybody's session. It costs about half a second.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset

_WORKER = "fracture_core.imaging._gdcm_worker"
_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 60


def decode_isolated(dataset: Dataset) -> np.ndarray:
    """The stored values of a data set, decoded by GDCM in another process.

    Args:
        dataset: with Pixel Data and a Transfer Syntax UID. Only what describes the pixels is
            handed over, through a pipe.

    Returns:
        Array as `pydicom.pixels.pixel_array` makes it.

    Raises:
        ValueError: GDCM failed, crashed or took longer than a minute.
    """
    pixels = dataset.group_dataset(0x0028)
    pixels.add(dataset["PixelData"])
    pixels.preamble = bytes(128)
    pixels.file_meta = FileMetaDataset()
    pixels.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    file = io.BytesIO()
    pixels.save_as(file)
    path = os.pathsep.join(p for p in (str(_ROOT), os.environ.get("PYTHONPATH")) if p)
    try:
        done = subprocess.run(
            [sys.executable, "-m", _WORKER],
            input=file.getvalue(),
            capture_output=True,
            timeout=_SECONDS,
            env={**os.environ, "PYTHONPATH": path},
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise ValueError("GDCM could not decode the pixel data") from error
    return np.load(io.BytesIO(done.stdout), allow_pickle=False)
