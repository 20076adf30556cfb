"""Decoding in a separate process with limits on CPU time and memory.

A damaged or crafted codestream can make a decoder crash, allocate gigabytes or run for minutes. That must not
happen in the server process, which serves all users. Starting the decoder process takes about 0.3 s of CPU time.
"""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset

from fracture_core.imaging.decoder_processes import run_decoder
from fracture_core.imaging.dicom_elements import read_number

_DECODER_PROCESS = Path(__file__).with_name("_decoder_process.py")
_TIMEOUT = 60  # seconds

# CPU time of one image, by decoder. Lossless JPEG 2000 takes about 0.2 s per megapixel of noise.
_CPU_SECONDS, _OTHER_CPU_SECONDS = {"pylibjpeg": 4}, 3

# Memory of the decoder itself, and bytes per sample. JPEG 2000 decodes to 4 bytes per sample.
_MEMORY, _SAMPLE_BYTES = 64 << 20, 14


class DecodeLimitError(ValueError):
    """The decoder took too much time or memory."""


def decode_isolated(
    dataset: Dataset, plugin: str, options: Mapping[str, object] | None = None
) -> NDArray[Any]:
    """Decode the pixels of a DICOM dataset in another process.

    Args:
        dataset: has Pixel Data and a Transfer Syntax UID. Only the elements that describe the pixels are passed to
            the process, through a pipe.
        plugin: name of the pydicom decoder plugin.
        options: further arguments of `pydicom.pixels.pixel_array`, serialisable as JSON.

    Returns:
        The array that `pydicom.pixels.pixel_array` returns.

    Raises:
        DecodeLimitError: decoding takes more CPU time or memory than is plausible for the image size.
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
    # -P keeps the folder of the script off the import path; its modules have common names.
    command = [sys.executable, "-P", str(_DECODER_PROCESS), *arguments]
    try:
        output, errors, status = run_decoder(command, file.getvalue(), _TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise DecodeLimitError("the decoder took more than a minute") from error
    if status:
        if -status in _limit_signals() or b"MemoryError" in errors[-500:]:
            raise DecodeLimitError("the decoder was stopped at its limits")
        raise ValueError("the decoder failed")
    values: NDArray[Any] = np.load(io.BytesIO(output), allow_pickle=False)
    return values


def _limit_signals() -> set[int]:
    """Signals by which the system stops a process at its limits; none on Windows."""
    names = ("SIGXCPU", "SIGKILL")
    return {int(getattr(signal, name)) for name in names if hasattr(signal, name)}
