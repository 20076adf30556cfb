"""Time and strength of each heatmap method, compared with a prediction with Grad-CAM on the same images.

python -m benchmarks.heatmaps DIR [--films N] [--model ID]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fracture_core import paths
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.zoo.quiet_keras import load_keras


def main() -> None:
    """Print median times, their ratios, the time of the first image, and the strongest points."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=10)
    parser.add_argument("--model")
    args = parser.parse_args()
    load_keras()
    from fracture_core.imaging import read_radiograph
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore

    predictor = Predictor(ModelStore(paths.models_dir()), args.model)
    all_paths = find_images(args.folder)
    step = max(1, len(all_paths) // args.films)
    images = [read_radiograph(path) for path in all_paths[::step][: args.films]]
    seconds: dict[str, list[float]] = {}
    strengths: dict[str, list[float]] = {}
    baseline: list[float] = []
    for image in images:
        start = time.perf_counter()
        opinion = predictor.predict(image)
        seconds_taken = time.perf_counter() - start
        if opinion.probability is None:
            continue
        baseline.append(seconds_taken)
        for method in opinion.methods:
            start = time.perf_counter()
            heat = predictor.explain(opinion, method.name)
            seconds.setdefault(method.name, []).append(time.perf_counter() - start)
            strengths.setdefault(method.name, []).append(heat.strength)
    base = float(np.median(baseline))
    print(f"{predictor.card.id}, {len(baseline)} images; prediction with Grad-CAM: {base * 1e3:.0f} ms")
    print(
        f"{'':14}{'median':>10}{'× prediction':>14}{'first image':>13}   "
        "strongest point, share of the scale: median, 90%"
    )
    for name, measured in seconds.items():
        median = float(np.median(measured[1:]))
        middle, most = np.quantile(strengths[name], (0.5, 0.9))
        print(
            f"{name:14}{median * 1e3:7.1f} ms{median / base:14.2f}{measured[0]:11.1f} s   {middle:.0%}, {most:.0%}"
        )


if __name__ == "__main__":
    main()
