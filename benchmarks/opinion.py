"""Time of a complete prediction, compared with the model's forward pass on the same images.

python -m benchmarks.opinion DIR [--films N] [--model ID]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fracture_core import paths as app_paths
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.zoo.quiet_keras import load_keras


def main() -> None:
    """Print the median times of each stage and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--model")
    args = parser.parse_args()
    load_keras()
    from fracture_core.imaging import prepare_input, read_radiograph
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore
    from fracture_core.zoo.model_views import logit_view

    store = ModelStore(app_paths.models_dir())
    model_id = args.model or store.model_in_use()
    start = time.perf_counter()
    predictor = Predictor(store, model_id)
    loading = time.perf_counter() - start
    card, model = store.load(model_id)
    view = logit_view(model)
    all_paths = find_images(args.folder)
    paths = all_paths[:: max(1, len(all_paths) // args.films)][: args.films]
    predictor.predict(paths[0])
    view.predict_on_batch(prepare_input(read_radiograph(paths[0]), card.input)[0][None])
    stage_seconds: dict[str, list[float]] = {}
    forward = []
    for path in paths:
        content = path.read_bytes()
        opinion = predictor.predict(content)
        for name, seconds in opinion.seconds.items():
            stage_seconds.setdefault(name, []).append(seconds)
        inputs = prepare_input(opinion.film, card.input)[0][None]
        start = time.perf_counter()
        view.predict_on_batch(inputs)
        forward.append(time.perf_counter() - start)
    forward_median = float(np.median(forward))
    print(f"{model_id}, {len(paths)} images, model loaded and warmed up in {loading:.1f} s")
    print(f"forward pass: {forward_median * 1e3:.0f} ms")
    for name, measured in stage_seconds.items():
        median = float(np.median(measured))
        print(f"  {name:<8} {median * 1e3:6.1f} ms   {median / forward_median:5.2f} × forward")


if __name__ == "__main__":
    main()
