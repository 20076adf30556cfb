"""Each heatmap method against a plain opinion with Grad-CAM, on the same films in one run, one after the other.

python -m benchmarks.heatmaps DIR [--films N] [--model ID]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fracture_core import places
from fracture_core.cli.quiet import load_keras
from fracture_core.data.layouts.files import images


def main() -> None:
    """Prints medians and their ratios, and what the first asking of each method costs once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=10)
    parser.add_argument("--model")
    chosen = parser.parse_args()
    load_keras()
    from fracture_core.imaging import read
    from fracture_core.opinion import Reader
    from fracture_core.registry.store import ModelStore

    reader = Reader(ModelStore(places.models()), chosen.model)
    every = images(chosen.folder)
    films = [read(path) for path in every[:: max(1, len(every) // chosen.films)][: chosen.films]]
    first: dict[str, float] = {}
    later: dict[str, list[float]] = {}
    plain: list[float] = []
    for film in films:
        began = time.perf_counter()
        opinion = reader.opinion(film)
        plain.append(time.perf_counter() - began)
        if opinion.probability is None:
            plain.pop()
            continue
        for method in opinion.methods:
            began = time.perf_counter()
            reader.look(opinion, method.name)
            seconds = time.perf_counter() - began
            if method.name in first:
                later.setdefault(method.name, []).append(seconds)
            else:
                first[method.name] = seconds
        began = time.perf_counter()
        reader.compare(opinion)
        later.setdefault("compare, all known", []).append(time.perf_counter() - began)
    base = float(np.median(plain))
    print(f"{reader.card.id}, {len(plain)} films; an opinion with Grad-CAM, decoded: {base * 1e3:.0f} ms")
    for name, measured in later.items():
        median = float(np.median(measured))
        once = f"   first film {first[name]:.1f} s" if name in first else ""
        print(f"  {name:<20}{median * 1e3:8.1f} ms {median / base:7.2f} × opinion{once}")


if __name__ == "__main__":
    main()
