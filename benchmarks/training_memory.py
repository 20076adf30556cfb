"""Memory of training data, for datasets of growing size.

python -m benchmarks.training_memory [--films 10000 100000] [--size 128]

Phantoms are written once and hard-linked under as many names as requested. Each dataset is decoded into the cache, and
one epoch of training batches is prepared, in a separate process. Measured is the memory that the system cannot reclaim
(Linux, `RssAnon`). The cache is read through a memory map, whose pages the system can drop.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fracture_core.datasets.cases import Case
from fracture_core.imaging import InputSpec
from fracture_core.inference.image_cache import decode_images
from fracture_core.phantom import PhantomSettings, write_phantom_dataset
from fracture_core.training.batches import Batches
from fracture_core.zoo import find_architecture

_DISTINCT = 100
_BATCH = 32


def main() -> None:
    """Measure each size in a separate process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--in-folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.in_folder:
        _measure(Path(args.in_folder), args.films[0], args.size)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_phantom_dataset(Path(folder) / "films", PhantomSettings(_DISTINCT, 0))
        for count in args.films:
            options = ["--films", str(count), "--size", str(args.size), "--in-folder", folder]
            subprocess.run([sys.executable, "-m", "benchmarks.training_memory", *options], check=True)


def _measure(folder: Path, count: int, size: int) -> None:
    originals = sorted((folder / "films").rglob("*.png"))
    names = folder / str(count)
    names.mkdir()
    for number in range(count):
        os.link(originals[number % len(originals)], names / f"{number}.png")
    cases = [Case(path.stem, path, int(path.stem) % 2) for path in sorted(names.iterdir())]
    spec = InputSpec(size, size)
    before, peak = _anonymous_memory(), 0.0

    def record(_stage: str, done: int, _total: int) -> None:
        nonlocal peak
        if done % 500 == 0:
            peak = max(peak, _anonymous_memory())

    start = time.perf_counter()
    decoded = decode_images(cases, spec, folder / "cache", record)
    decoding = time.perf_counter() - start
    labels = np.array([case.label for case in cases])
    augmentation = find_architecture("three_block").protocol.augmentation
    batches = Batches(decoded.canvases, labels, np.ones(count), spec, _BATCH, augmentation=augmentation)
    start = time.perf_counter()
    for number in range(len(batches)):
        batches[number]
        record("", number * 100, 0)
    print(
        f"{count:7,} images of {size} px: peak {peak - before:.0f} MB above the start, "
        f"{decoded.canvases.nbytes / 1e6:,.0f} MB on disk; decoded in {decoding:.0f} s, "
        f"epoch prepared in {time.perf_counter() - start:.0f} s",
        flush=True,
    )


def _anonymous_memory() -> float:
    """Return the memory of this process that the system cannot reclaim, in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1000


if __name__ == "__main__":
    main()
