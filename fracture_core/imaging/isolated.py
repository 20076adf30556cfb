"""Decoding in a separate process with limits on CPU time and memory.

A damaged or crafted codestream can make a decoder crash, allocate gigabytes or run for minutes. That must not
happen in the server that holds everybody's session. Starting the process costs about 0.3 s of CPU time a file.
"""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset

_WORKER = Path(__file__).with_name("_gdcm_worker.py")
_SECONDS = 60

#: CPU time and memory of one decode: a lossless JPEG 2000 image of 12 megapixels takes about 2 s and 100 MB.
CPU_SECONDS, MEMORY = 4, 450 << 20


class DecodeLimitError(ValueError):
    """Decoding was stopped because it took too much time or memory."""


def decode_isolated(dataset: Dataset, plugin: str) -> np.ndarray:
    """Decode the pixels of a data set in another process.

    Args:
        dataset: with Pixel Data and a Transfer Syntax UID. Only the elements that describe the pixels are handed
            over, through a pipe.
        plugin: pydicom's name of the decoder.

    Returns:
        Array as `pydicom.pixels.pixel_array` returns it.

    Raises:
        DecodeLimitError: it took more than `CPU_SECONDS` or `MEMORY`.
        ValueError: the decoder failed or crashed.
    """
    pixels = dataset.group_dataset(0x0028)
    pixels.add(dataset["PixelData"])
    pixels.preamble = bytes(128)
    pixels.file_meta = FileMetaDataset()
    pixels.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    file = io.BytesIO()
    pixels.save_as(file)
    try:
        done = subprocess.run(
            # -P keeps the folder of the script off the import path: its modules have common names.
            [sys.executable, "-P", str(_WORKER), plugin, str(CPU_SECONDS), str(MEMORY)],
            input=file.getvalue(),
            capture_output=True,
            timeout=_SECONDS,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise DecodeLimitError("the decoder took longer than a minute") from error
    except subprocess.CalledProcessError as error:
        stopped = -error.returncode in _stop_signals() or b"MemoryError" in error.stderr[-500:]
        if stopped:
            raise DecodeLimitError("the decoder was stopped at its limits") from error
        raise ValueError("the decoder failed") from error
    return np.load(io.BytesIO(done.stdout), allow_pickle=False)


def _stop_signals() -> set[int]:
    """Signals by which the system ends a process at its limits; none on Windows."""
    names = ("SIGXCPU", "SIGKILL")
    return {int(getattr(signal, name)) for name in names if hasattr(signal, name)}
