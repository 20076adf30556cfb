"""How long the audit of a data set takes, beside just reading and decoding every file once.

python -m benchmarks.audit DIR

Reading goes through the same reader and the same number of threads. Several rounds in turn; the
median of the ratios counts, for other work on the machine disturbs both alike.
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


def _decoded(path: Path) -> bool:
    try:
        return bool(read_radiograph(path).pixels.size)
    except ImageReadError:
        return False


def _by_pillow(path: Path) -> bool:
    """The least that any program has to do: decode to eight bits of grey."""
    try:
        with Image.open(path) as image:
            return bool(np.asarray(image.convert("L")).size)
    except OSError:
        return False


def main() -> None:
    """Times both in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    paths = [case.path for case in read_catalogue(chosen.folder).cases]
    sum(map_in_order(_decoded, paths))  # brings the files into memory
    ratios, pillow = [], []
    for _ in range(chosen.rounds):
        times = []
        for work in (_decoded, _by_pillow):
            began = time.monotonic()
            sum(map_in_order(work, paths))
            times.append(time.monotonic() - began)
        seconds = audit_dataset(chosen.folder).seconds
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
