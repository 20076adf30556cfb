"""What the films of a training take of the memory, for sets of growing size.

python -m benchmarks.training_memory [--films 10000 100000] [--size 128]

Synthetic films, written once and linked under as many names as asked for. Each set is decoded into the cache, and one
epoch of training batches is made of it, in a process of its own; the memory counted is what the system cannot take back
(Linux, `RssAnon`). The cache on the disk is read through a memory map, whose pages the system drops when others need
room.
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
    """Measures each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--in-folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.in_folder:
        _measure(Path(chosen.in_folder), chosen.films[0], chosen.size)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_phantom_dataset(Path(folder) / "films", PhantomSettings(_DISTINCT, 0))
        for count in chosen.films:
            given = ["--films", str(count), "--size", str(chosen.size), "--in-folder", folder]
            subprocess.run([sys.executable, "-m", "benchmarks.training_memory", *given], check=True)


def _measure(folder: Path, count: int, size: int) -> None:
    originals = sorted((folder / "films").rglob("*.png"))
    names = folder / str(count)
    names.mkdir()
    for number in range(count):
        os.link(originals[number % len(originals)], names / f"{number}.png")
    cases = [Case(path.stem, path, int(path.stem) % 2) for path in sorted(names.iterdir())]
    spec = InputSpec(size, size)
    before, peak = _kept(), 0.0

    def measure(_stage: str, done: int, _total: int) -> None:
        nonlocal peak
        if done % 500 == 0:
            peak = max(peak, _kept())

    began = time.perf_counter()
    decoded = decode_images(cases, spec, folder / "cache", measure)
    decoding = time.perf_counter() - began
    labels = np.array([case.label for case in cases])
    varied = find_architecture("three_block").protocol.augmentation
    batches = Batches(decoded.canvases, labels, np.ones(count), spec, _BATCH, augmentation=varied)
    began = time.perf_counter()
    for number in range(len(batches)):
        batches[number]
        measure("", number * 100, 0)
    print(
        f"{count:7,} films of {size} px: {peak - before:.0f} MB more at the highest than before, "
        f"{decoded.canvases.nbytes / 1e6:,.0f} MB on the disk; decoded in {decoding:.0f} s, "
        f"an epoch made ready in {time.perf_counter() - began:.0f} s",
        flush=True,
    )


def _kept() -> float:
    """Memory that the system cannot take back from this process, MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1000


if __name__ == "__main__":
    main()
