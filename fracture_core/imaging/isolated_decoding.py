"""Decoding in a separate process with limits on CPU time and memory.

A damaged or crafted codestream can make a decoder crash, allocate gigabytes or run for minutes. That must not
happen in the server that holds everybody's session. Starting the process costs about 0.3 s of CPU time a file.
"""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset

from fracture_core.imaging.dicom_elements import read_number

_WORKER = Path(__file__).with_name("_gdcm_worker.py")
_SECONDS = 60

#: CPU time of one decode, by decoder: lossless JPEG 2000 takes about 0.2 s for a megapixel of noise.
_CPU_SECONDS, _OTHER_CPU_SECONDS = {"pylibjpeg": 4}, 3

#: Memory of one decode: for the decoder itself, and for each sample of a pixel. JPEG 2000 decodes to 4 bytes a sample.
_MEMORY, _SAMPLE_BYTES = 64 << 20, 14


class DecodeLimitError(ValueError):
    """Decoding was stopped because it took too much time or memory."""


def decode_isolated(dataset: Dataset, plugin: str, options: Mapping[str, object] | None = None) -> np.ndarray:
    """Decode the pixels of a data set in another process.

    Args:
        dataset: with Pixel Data and a Transfer Syntax UID. Only the elements that describe the pixels are handed
            over, through a pipe.
        plugin: pydicom's name of the decoder.
        options: further arguments of `pydicom.pixels.pixel_array`, as JSON can hold them.

    Returns:
        Array as `pydicom.pixels.pixel_array` returns it.

    Raises:
        DecodeLimitError: it took more CPU time or memory than an image of its size should.
        ValueError: the decoder failed or crashed.
    """
    samples = (read_number(dataset, "SamplesPerPixel") or 1) * (read_number(dataset, "Rows") or 0)
    samples *= read_number(dataset, "Columns") or 0
    memory = _MEMORY + int(samples * _SAMPLE_BYTES) + 2 * len(dataset.PixelData)
    arguments = [
        plugin,
        str(_CPU_SECONDS.get(plugin, _OTHER_CPU_SECONDS)),
        str(memory),
        json.dumps(options or {}),
    ]
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
            [sys.executable, "-P", str(_WORKER), *arguments],
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
