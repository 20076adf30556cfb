"""Throughput of the command `predict`, also compared with another checkout.

python -m benchmarks.predict_speed DIR [--images 100] [--rounds 3] [--root CHECKOUT ...]

Takes evenly spaced JPEG and PNG files of `DIR` and runs `predict --format json` on one of them and on all, by turns in
each checkout. Throughput counts the whole command, with its start. The CPU time of an image is the difference of the
two runs by the number of additional images. Prints the median and the range of the rounds.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print one row for each checkout."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DIR")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--root", type=Path, nargs="+", default=[ROOT], help="checkouts to measure")
    options = parser.parse_args()
    files = sorted(path for path in options.data.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    images = files[:: max(1, len(files) // options.images)][: options.images]
    if len(images) < 2:
        sys.exit(f"{options.data} has fewer than two JPEG or PNG files.")
    results: dict[Path, list[tuple[float, float, float]]] = {root: [] for root in options.root}
    for _ in range(options.rounds):
        for root, rows in results.items():
            first_cpu, _ = predict(root, images[:1])
            cpu, wall = predict(root, images)
            rows.append((len(images) / wall, 1000 * (cpu - first_cpu) / (len(images) - 1), first_cpu))
    print(f"{len(images)} images, {options.rounds} rounds")
    print(f"{'images/s':>24}{'CPU ms per image':>24}{'CPU s for one image':>24}  checkout")
    for root, rows in results.items():
        cells = "".join(f"{_range(values):>24}" for values in zip(*rows, strict=True))
        print(f"{cells}  {root.resolve().name}")


def predict(root: Path, images: Sequence[Path]) -> tuple[float, float]:
    """Run the command once.

    Returns:
        CPU and wall seconds of the command and the processes it starts.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "fracture_core", "predict", *map(str, images), "--format", "json"]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1) or "{" not in done.stdout:
        raise RuntimeError(f"predict failed in {root}: {done.stderr[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def _range(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    main()
