"""A process of its own for GDCM: a DICOM file on standard input, a NumPy file on standard output.

Run by `isolated`; imported by nothing.
"""

import io
import os
import sys

import numpy as np
from pydicom import dcmread
from pydicom.pixels import pixel_array


def main() -> None:
    """Decodes one file and writes the stored values."""
    # Whatever GDCM prints must not get between the bytes.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        dataset = dcmread(io.BytesIO(sys.stdin.buffer.read()))
        grey = str(dataset.PhotometricInterpretation).startswith("MONOCHROME")
        # The unused bits of grey levels are cut off later, where High Bit is known.
        values = pixel_array(dataset, decoding_plugin="gdcm", correct_unused_bits=not grey)
        file = io.BytesIO()  # a pipe has no position, which `np.save` asks for
        np.save(file, values, allow_pickle=False)
        output.write(file.getbuffer())


if __name__ == "__main__":
    main()
