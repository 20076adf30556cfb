"""Time of a forward pass of a model, compared with MobileNetV2 at 224 px in the same run.

python -m benchmarks.forward [--model ID]

Both process one image at a time and alternate. The median of their ratios is reported, because other work affects
both alike.
"""

import argparse
import statistics
import time

import keras
import numpy as np

from fracture_core import paths
from fracture_core.registry.store import ModelStore
from fracture_core.zoo.model_views import logit_view

_ROUNDS = 60


def main() -> None:
    """Print the median times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    store = ModelStore(paths.models_dir())
    card, model = store.load(parser.parse_args().model or store.model_in_use())
    reference = keras.applications.MobileNetV2(weights=None, classes=1)
    spec = card.input
    pairs = [
        (logit_view(model), np.zeros((1, spec.height, spec.width, spec.channels), np.float32)),
        (reference, np.zeros((1, 224, 224, 3), np.float32)),
    ]
    for network, image in pairs:
        network.predict_on_batch(image)
    times: list[list[float]] = [[], []]
    for _ in range(_ROUNDS):
        for seconds, (network, image) in zip(times, pairs, strict=True):
            start = time.perf_counter()
            network.predict_on_batch(image)
            seconds.append(time.perf_counter() - start)
    ratios = sorted(ours / theirs for ours, theirs in zip(*times, strict=True))
    ours, theirs = (statistics.median(seconds) * 1e3 for seconds in times)
    print(
        f"{card.id}: {ours:.0f} ms per image, MobileNetV2 at 224 px {theirs:.0f} ms, {statistics.median(ratios):.2f} × "
        f"(middle half {ratios[len(ratios) // 4]:.2f}–{ratios[3 * len(ratios) // 4]:.2f})"
    )


if __name__ == "__main__":
    main()
