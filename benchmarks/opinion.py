"""From bytes to Opinion against the model's bare forward pass, in one run on the same films.

python -m benchmarks.opinion DIR [--films N] [--model ID]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fracture_core import paths as app_paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.datasets.layouts.image_files import find_images


def main() -> None:
    """Prints medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--model")
    chosen = parser.parse_args()
    load_keras()
    from fracture_core.imaging import prepare_input, read_radiograph
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore
    from fracture_core.zoo.model_views import logit_view

    store = ModelStore(app_paths.models_dir())
    model_id = chosen.model or store.model_in_use()
    began = time.perf_counter()
    reader = Predictor(store, model_id)
    loading = time.perf_counter() - began
    card, model = store.load(model_id)
    view = logit_view(model)
    every = find_images(chosen.folder)
    paths = every[:: max(1, len(every) // chosen.films)][: chosen.films]
    reader.predict(paths[0])
    view.predict_on_batch(prepare_input(read_radiograph(paths[0]), card.input)[0][None])
    laps: dict[str, list[float]] = {}
    forward = []
    for path in paths:
        content = path.read_bytes()
        opinion = reader.predict(content)
        for name, seconds in opinion.seconds.items():
            laps.setdefault(name, []).append(seconds)
        inputs = prepare_input(opinion.film, card.input)[0][None]
        began = time.perf_counter()
        view.predict_on_batch(inputs)
        forward.append(time.perf_counter() - began)
    bare = float(np.median(forward))
    print(f"{model_id}, {len(paths)} films, model loaded and warmed in {loading:.1f} s")
    print(f"bare forward pass: {bare * 1e3:.0f} ms")
    for name, measured in laps.items():
        median = float(np.median(measured))
        print(f"  {name:<8} {median * 1e3:6.1f} ms   {median / bare:5.2f} × forward")


if __name__ == "__main__":
    main()
