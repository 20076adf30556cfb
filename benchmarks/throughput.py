"""Throughput of training batches, compared with images in memory and with Keras' ImageDataGenerator.

python -m benchmarks.throughput DIR [--films 512] [--rounds 7]

`DIR` is a dataset for `train`. All methods alternate on the same training images in every round, so that other work
affects all alike. The medians of their ratios are reported.

1. `three_block` is trained for an epoch from one tensor in memory, from batches in memory, and from this project's
   batches (cache on disk, new augmentation of every image).
2. Without a network, this project's batches and `ImageDataGenerator.flow_from_directory`, which published systems use,
   prepare an epoch in one thread: same files, size, batch and augmentation (rotation, shift, zoom, flip).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.imaging import normalise_canvas
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import Augmentation, find_architecture
from fracture_core.zoo.model_views import training_view

_ARCHITECTURE = find_architecture("three_block")
_ROTATION, _SHIFT, _ZOOM = 20, 0.1, 0.2
_AUGMENTATION = Augmentation(
    rotation=_ROTATION, shift=_SHIFT, zoom=_ZOOM, brightness=0, contrast=0, flip=True
)


def main() -> None:
    """Time all methods and print throughputs and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DIR")
    parser.add_argument("--films", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    config = TrainingConfig(data=args.data, architecture=_ARCHITECTURE.name, augmentation=_AUGMENTATION)
    with tempfile.TemporaryDirectory() as folder:
        data = _select(TrainingData.load(config, Path(folder)), args.films)
        batches = data.batches("train", config)
        network = training_view(_ARCHITECTURE.build(config.input))
        network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        rows = data.indices_of("train")
        tensor = normalise_canvas(data.canvases[data.rows[rows]], data.spec)
        labels = data.labels(rows).astype(np.float32)[:, None]
        ready = _BatchesInMemory(tensor, labels, config.batch)
        generator = _generator(data, config, Path(folder))
        methods: dict[str, Callable[[], object]] = {
            "tensor": lambda: network.fit(tensor, labels, batch_size=config.batch, verbose=0),
            "ready": lambda: network.fit(ready, shuffle=False, verbose=0),
            "ours": lambda: network.fit(batches, shuffle=False, verbose=0),
            "bare": lambda: _walk(batches),
            "generator": lambda: _walk(generator),
        }
        times: dict[str, list[float]] = {name: [] for name in methods}
        for number in range(args.rounds + 1):
            for name, method in methods.items():
                start = time.perf_counter()
                method()
                if number:  # the first round compiles and warms up
                    times[name].append(time.perf_counter() - start)
    for name, title in (
        ("tensor", "three_block, tensor in memory"),
        ("ready", "three_block, batches in memory"),
        ("ours", "three_block, our batches"),
        ("bare", "our batches alone"),
        ("generator", "ImageDataGenerator.flow_from_directory alone"),
    ):
        print(f"{title:<48} {len(rows) / statistics.median(times[name]):8.0f} images/s")
    _print_ratio("three_block, our batches / tensor", times["tensor"], times["ours"])
    _print_ratio("three_block, our batches / batches in memory", times["ready"], times["ours"])
    _print_ratio("our batches / ImageDataGenerator", times["generator"], times["bare"])


class _BatchesInMemory(keras.utils.PyDataset):  # type: ignore[misc, unused-ignore]  # Keras has no type hints
    """Batches in memory, served in the same way as this project's batches."""

    def __init__(self, images: NDArray[np.float32], labels: NDArray[np.float32], batch: int):
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        starts = range(0, len(images), batch)
        self._batches = [(images[start : start + batch], labels[start : start + batch]) for start in starts]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self._batches[index]


def _select(data: TrainingData, count: int) -> TrainingData:
    """Return the data with the first `count` images of the training split only."""
    selected = data.indices_of("train")[:count]
    return replace(data, cases=tuple(data.cases[row] for row in selected), rows=data.rows[selected])


def _generator(data: TrainingData, config: TrainingConfig, folder: Path) -> keras.utils.PyDataset:
    """Return Keras' legacy generator on the same files, linked to one folder per class."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    for number, case in enumerate(data.cases):
        class_folder = folder / "classes" / ("without", "with")[case.label]
        class_folder.mkdir(parents=True, exist_ok=True)
        (class_folder / f"{number}{case.path.suffix}").symlink_to(case.path.resolve())
    return ImageDataGenerator(
        rescale=1 / 255,
        rotation_range=_ROTATION,
        width_shift_range=_SHIFT,
        height_shift_range=_SHIFT,
        zoom_range=_ZOOM,
        horizontal_flip=True,
    ).flow_from_directory(
        folder / "classes",
        target_size=(config.input.height, config.input.width),
        batch_size=config.batch,
        class_mode="binary",
        color_mode="grayscale" if config.input.channels == 1 else "rgb",
    )


def _walk(batches: keras.utils.PyDataset) -> None:
    """Load every batch of an epoch in this thread."""
    for number in range(len(batches)):
        batches[number]
    batches.on_epoch_end()


def _print_ratio(title: str, theirs: list[float], ours: list[float]) -> None:
    ratios = sorted(other / own for other, own in zip(theirs, ours, strict=True))
    low, high = ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4]
    print(f"{title}: {statistics.median(ratios):.2f} × (middle half {low:.2f}–{high:.2f})")


if __name__ == "__main__":
    main()
