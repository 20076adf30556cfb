"""How fast films reach the network: beside films in memory, and beside Keras' ImageDataGenerator.

python -m benchmarks.throughput DIR [--films 512] [--rounds 7]

`DIR` is a data set as `train` takes it. In every round each way takes its turn on the same films of the training split,
so that other work on the machine disturbs all alike; medians of their ratios count.

1. `three_block` learns an epoch from one tensor in memory, from ready batches in memory, and from our batches (cache on
   disk, every film varied anew).
2. Without a network, our batches and `ImageDataGenerator.flow_from_directory`, which the published systems use, make
   the films of an epoch ready in one thread: the same files, size, batch and variations (turn, shift, zoom, mirror).
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

from fracture_core.imaging import normalise_canvas
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import Augmentation, find_architecture
from fracture_core.zoo.model_views import training_view

_ROW = find_architecture("three_block")
_ROTATION, _SHIFT, _ZOOM = 20, 0.1, 0.2
_VARIED = Augmentation(rotation=_ROTATION, shift=_SHIFT, zoom=_ZOOM, brightness=0, contrast=0, flip=True)


def main() -> None:
    """Times all four in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DIR")
    parser.add_argument("--films", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    config = TrainingConfig(data=chosen.data, architecture=_ROW.name, augmentation=_VARIED)
    with tempfile.TemporaryDirectory() as folder:
        films = _some(TrainingData.load(config, Path(folder)), chosen.films)
        batches = films.batches("train", config)
        network = training_view(_ROW.build(config.input))
        network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        rows = films.indices_of("train")
        tensor = normalise_canvas(films.canvases[films.rows[rows]], films.spec)
        labels = films.labels(rows).astype(np.float32)[:, None]
        ready = _Ready(tensor, labels, config.batch)
        generator = _generator(films, config, Path(folder))
        ways: dict[str, Callable[[], object]] = {
            "tensor": lambda: network.fit(tensor, labels, batch_size=config.batch, verbose=0),
            "ready": lambda: network.fit(ready, shuffle=False, verbose=0),
            "ours": lambda: network.fit(batches, shuffle=False, verbose=0),
            "bare": lambda: _walk(batches),
            "generator": lambda: _walk(generator),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(chosen.rounds + 1):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                if number:  # the first compiles and warms up
                    times[name].append(time.perf_counter() - began)
    for name, words in (
        ("tensor", "three_block learns from a tensor in memory"),
        ("ready", "three_block learns from ready batches in memory"),
        ("ours", "three_block learns from our batches"),
        ("bare", "our batches alone"),
        ("generator", "ImageDataGenerator.flow_from_directory alone"),
    ):
        print(f"{words:<48} {len(rows) / statistics.median(times[name]):8.0f} images/s")
    _tell("learning from our batches, beside a tensor", times["tensor"], times["ours"])
    _tell("learning from our batches, beside ready ones", times["ready"], times["ours"])
    _tell("our batches, beside ImageDataGenerator", times["generator"], times["bare"])


class _Ready(keras.utils.PyDataset):
    """Batches that lie in memory, served as ours are."""

    def __init__(self, films: np.ndarray, labels: np.ndarray, batch: int):
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        starts = range(0, len(films), batch)
        self._batches = [(films[at : at + batch], labels[at : at + batch]) for at in starts]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple:
        return self._batches[index]


def _some(films: TrainingData, count: int) -> TrainingData:
    """The films with the first `count` of the training split, and the other splits as they are."""
    kept = films.indices_of("train")[:count]
    return replace(films, cases=tuple(films.cases[row] for row in kept), rows=films.rows[kept])


def _generator(films: TrainingData, config: TrainingConfig, folder: Path) -> keras.utils.PyDataset:
    """The same files by way of Keras' old generator, in a folder a class."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    for number, case in enumerate(films.cases):
        place = folder / "classes" / ("without", "with")[case.label]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}{case.path.suffix}").symlink_to(case.path.resolve())
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
    """Makes every batch of an epoch, one after the other in this thread."""
    for number in range(len(batches)):
        batches[number]
    batches.on_epoch_end()


def _tell(words: str, theirs: list[float], ours: list[float]) -> None:
    ratios = sorted(other / own for other, own in zip(theirs, ours, strict=True))
    low, high = ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4]
    print(f"{words}: {statistics.median(ratios):.2f} × (middle half {low:.2f}–{high:.2f})")


if __name__ == "__main__":
    main()
