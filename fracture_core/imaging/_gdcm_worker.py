"""Decoder process: a DICOM file on standard input, a NumPy file on standard output.

Arguments: the decoder, the limits on CPU seconds and bytes, and options of `pixel_array` as JSON.

`isolated` runs this file as a script. It imports nothing of the package, which keeps its start fast.
"""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.uid import JPEGExtended12Bit, JPEGLossless


def limit_resources(cpu_seconds: int, memory: int) -> None:
    """Limit CPU time and address space of this process, where the system can (not on Windows).

    Args:
        cpu_seconds: CPU time of the whole process.
        memory: bytes that may be allocated on top of what is in use now.
    """
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    try:
        memory += int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        memory += 512 << 20  # about what Python and the decoders take
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Decode one file and write its stored values."""
    plugin, cpu_seconds, memory, options = (
        sys.argv[1],
        int(sys.argv[2]),
        int(sys.argv[3]),
        json.loads(sys.argv[4]),
    )
    # Whatever a decoder prints must not get between the bytes.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        dataset = dcmread(io.BytesIO(sys.stdin.buffer.read()))
        if plugin == "gdcm" and dataset.file_meta.TransferSyntaxUID == JPEGExtended12Bit:
            # GDCM has one JPEG decoder, which follows the codestream; pydicom refuses this syntax with it.
            dataset.file_meta.TransferSyntaxUID = JPEGLossless
        limit_resources(cpu_seconds, memory)
        values = np.ascontiguousarray(pixel_array(dataset, decoding_plugin=plugin, **options))
        np.lib.format.write_array_header_1_0(output, np.lib.format.header_data_from_array_1_0(values))
        output.write(values.data)


if __name__ == "__main__":
    main()
