"""Throughput of `score` with one and more worker processes on synthetic radiographs.

python -m benchmarks.archive_scoring [--images N] [--workers 1 2] [--shard-size N]

Draws the images once as PNG files of 800 × 640 pixels, then scores them with each number of workers. Wall seconds count
from the connection of the workers, so that the start of Dask does not count; the load of the model does. Efficiency is
the throughput per worker as a share of that with the first number of workers.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client, LocalCluster

from fracture_core import paths
from fracture_core.inference.batch_scoring import ScoringSettings, score_source
from fracture_core.jobs.progress import ignore_progress
from fracture_core.phantom import draw_phantom, encode_png
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import ModelStore

# Different drawings; copies of their files fill the archive.
_DRAWINGS = 60


def main() -> None:
    """Print one row for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--shard-size", type=int, default=100)
    options = parser.parse_args()
    store = ModelStore(paths.models_dir())
    card = store.card(store.model_in_use())
    exported_network_path(store.root / card.id, card)
    with tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "archive"
        draw_archive(archive, options.images)
        settings = ScoringSettings(
            str(archive), str(store.root.absolute()), card.id, card.weights.sha256, options.shard_size
        )
        print(f"{'workers':>7}{'wall, s':>10}{'images/s':>10}{'efficiency':>12}{'1 million images, h':>21}")
        first = None
        for workers in options.workers:
            seconds = measure(settings, Path(temporary) / f"{workers}.parquet", workers)
            rate = options.images / seconds
            first = first or rate / workers
            print(
                f"{workers:>7}{seconds:>10.1f}{rate:>10.1f}{rate / workers / first:>12.2f}{1e6 / rate / 3600:>21.1f}",
                flush=True,
            )


def draw_archive(folder: Path, images: int) -> None:
    """Write synthetic radiographs, 1,000 in each subfolder."""
    drawings = [
        encode_png(draw_phantom(seed, ("hand", "leg", "forearm")[seed % 3], seed % 2 == 1, (800, 640)).pixels)
        for seed in range(min(_DRAWINGS, images))
    ]
    for number in range(images):
        path = folder / f"{number // 1000:04d}" / f"{number:07d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawings[number % len(drawings)])


def measure(settings: ScoringSettings, out: Path, workers: int) -> float:
    """Return the wall seconds of a scoring."""
    cluster = LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit=0
    )
    with cluster, Client(cluster) as client:
        client.wait_for_workers(workers)
        start = time.perf_counter()
        result = score_source(settings, out, client, ignore_progress)
        seconds = time.perf_counter() - start
    if result.errors:
        print(f"{result.errors} images have an error.", file=sys.stderr)
    return seconds


if __name__ == "__main__":
    main()
