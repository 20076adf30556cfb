"""Script of the decoder process: a DICOM file on standard input, a NumPy file on standard output.

Arguments: the pydicom plugin, the limits on CPU seconds and bytes, and options of `pixel_array` as JSON.

`isolated_decoding` runs this file. It imports nothing from the package, so that it starts fast.
"""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEGExtended12Bit, JPEGLossless


def limit_resources(cpu_seconds: int, memory: int) -> None:
    """Limit CPU time and address space of this process, if the system supports it (not on Windows).

    Args:
        cpu_seconds: CPU time of the whole process.
        memory: bytes that may be allocated in addition to those in use now.
    """
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    try:
        memory += int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        memory += 512 << 20  # approximate size of Python with the decoders
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Decode one file and write its stored values."""
    plugin, cpu_seconds, memory, options = (
        sys.argv[1],
        int(sys.argv[2]),
        int(sys.argv[3]),
        json.loads(sys.argv[4]),
    )
    # Anything that a decoder prints must not mix with the output.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        dataset = dcmread(io.BytesIO(sys.stdin.buffer.read()))
        if plugin == "gdcm" and dataset.file_meta.TransferSyntaxUID == JPEGExtended12Bit:
            # pydicom does not pass this syntax to GDCM. GDCM's only JPEG decoder follows the codestream instead.
            dataset.file_meta.TransferSyntaxUID = JPEGLossless
        limit_resources(cpu_seconds, memory)
        values = np.ascontiguousarray(pixel_array(dataset, decoding_plugin=plugin, **options))
        np.lib.format.write_array_header_1_0(output, np.lib.format.header_data_from_array_1_0(values))
        output.write(values.data)


if __name__ == "__main__":
    main()
