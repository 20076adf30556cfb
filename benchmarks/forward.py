"""How long a bare forward pass of a model takes, beside MobileNetV2 at 224 px in the same run.

python -m benchmarks.forward [--model ID]

Both take one film at a time, in turn; medians of their ratios count, for other work disturbs both alike.
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
    """Times both in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    store = ModelStore(paths.models_dir())
    card, model = store.load(parser.parse_args().model or store.model_in_use())
    yardstick = keras.applications.MobileNetV2(weights=None, classes=1)
    spec = card.input
    pairs = [
        (logit_view(model), np.zeros((1, spec.height, spec.width, spec.channels), np.float32)),
        (yardstick, np.zeros((1, 224, 224, 3), np.float32)),
    ]
    for network, film in pairs:
        network.predict_on_batch(film)
    times: list[list[float]] = [[], []]
    for _ in range(_ROUNDS):
        for found, (network, film) in zip(times, pairs, strict=True):
            began = time.perf_counter()
            network.predict_on_batch(film)
            found.append(time.perf_counter() - began)
    ratios = sorted(ours / theirs for ours, theirs in zip(*times, strict=True))
    ours, theirs = (statistics.median(found) * 1e3 for found in times)
    print(
        f"{card.id}: {ours:.0f} ms a film, MobileNetV2 at 224 px {theirs:.0f} ms, {statistics.median(ratios):.2f} × "
        f"(middle half {ratios[len(ratios) // 4]:.2f}–{ratios[3 * len(ratios) // 4]:.2f})"
    )


if __name__ == "__main__":
    main()
