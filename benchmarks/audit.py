"""Time of a dataset audit, compared with reading and decoding every file once.

python -m benchmarks.audit DIR

Reading uses the same reader and the same number of threads. Both alternate for several rounds, and the median of
their ratios is reported, because other work on the machine affects both alike.
"""

import argparse
import resource
import statistics
import time
from pathlib import Path

import numpy as np
from PIL import Image

from fracture_core.audit import audit_dataset
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import ImageReadError
from fracture_core.imaging import read_radiograph
from fracture_core.jobs.parallel import map_in_order


def _decode(path: Path) -> bool:
    try:
        return bool(read_radiograph(path).pixels.size)
    except ImageReadError:
        return False


def _decode_with_pillow(path: Path) -> bool:
    """Decode to 8-bit grey with Pillow, the minimum for any program."""
    try:
        with Image.open(path) as image:
            return bool(np.asarray(image.convert("L")).size)
    except OSError:
        return False


def main() -> None:
    """Print the times of all rounds and the median ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    paths = [case.path for case in read_catalogue(args.folder).cases]
    sum(map_in_order(_decode, paths))  # fills the file cache
    ratios, pillow = [], []
    for _ in range(args.rounds):
        times = []
        for work in (_decode, _decode_with_pillow):
            start = time.monotonic()
            sum(map_in_order(work, paths))
            times.append(time.monotonic() - start)
        seconds = audit_dataset(args.folder).seconds
        ratios.append(seconds / times[0])
        pillow.append(seconds / times[1])
        print(
            f"{len(paths):,} files: read and decode {times[0]:.1f} s (Pillow alone {times[1]:.1f} s), "
            f"audit {seconds:.1f} s, {ratios[-1]:.2f} × ({pillow[-1]:.2f} ×)"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"median: {statistics.median(ratios):.2f} × reading and decoding, {statistics.median(pillow):.2f} × Pillow "
        f"alone; peak memory {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main()
