"""Each heatmap method on the same films in one run: its time against an opinion with Grad-CAM, and how strong it is.

python -m benchmarks.heatmaps DIR [--films N] [--model ID]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.datasets.layouts.image_files import find_images


def main() -> None:
    """Prints medians and their ratios, what a method's first film costs, and how far the strongest points reach."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=10)
    parser.add_argument("--model")
    chosen = parser.parse_args()
    load_keras()
    from fracture_core.imaging import read_radiograph
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore

    reader = Predictor(ModelStore(paths.models_dir()), chosen.model)
    every = find_images(chosen.folder)
    films = [read_radiograph(path) for path in every[:: max(1, len(every) // chosen.films)][: chosen.films]]
    seconds: dict[str, list[float]] = {}
    strengths: dict[str, list[float]] = {}
    plain: list[float] = []
    for film in films:
        began = time.perf_counter()
        opinion = reader.predict(film)
        took = time.perf_counter() - began
        if opinion.probability is None:
            continue
        plain.append(took)
        for method in opinion.methods:
            began = time.perf_counter()
            heat = reader.explain(opinion, method.name)
            seconds.setdefault(method.name, []).append(time.perf_counter() - began)
            strengths.setdefault(method.name, []).append(heat.strength)
    base = float(np.median(plain))
    print(f"{reader.card.id}, {len(plain)} films; an opinion with Grad-CAM, decoded: {base * 1e3:.0f} ms")
    print(
        f"{'':14}{'median':>10}{'× opinion':>12}{'first film':>12}   strongest point, share of the scale: median, 90%"
    )
    for name, measured in seconds.items():
        median = float(np.median(measured[1:]))
        middle, most = np.quantile(strengths[name], (0.5, 0.9))
        print(
            f"{name:14}{median * 1e3:7.1f} ms{median / base:12.2f}{measured[0]:10.1f} s   {middle:.0%}, {most:.0%}"
        )


if __name__ == "__main__":
    main()
