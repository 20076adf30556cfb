"""How the input gate judges the images of a folder, and how long reading and judging take.

python -m benchmarks.gate DIR            # by the pixels alone
python -m benchmarks.gate DIR --model    # and by the second heads of the model in use
python -m benchmarks.gate DIR --model --grey    # as if every image had been grey: what the heads alone are worth
"""

import argparse
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from fracture_core import paths
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.errors import ImageReadError
from fracture_core.imaging import check_quality, read_radiograph
from fracture_core.inference.predictor import Predictor
from fracture_core.registry.store import ModelStore


def main() -> None:
    """Counts states and reasons over every image below a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="store_true", help="ask the model in use as well")
    parser.add_argument("--grey", action="store_true", help="do not tell the gate of colour")
    chosen = parser.parse_args()
    judge = Predictor(ModelStore(paths.models_dir())).predict if chosen.model else None
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    reading, judging = [], []
    for path in find_images(chosen.folder):
        began = time.perf_counter()
        try:
            film = read_radiograph(path)
        except ImageReadError as error:
            states["unreadable"] += 1
            reasons[str(error)] += 1
            continue
        read_at = time.perf_counter()
        if chosen.grey:
            film = replace(film, colour=0.0)
        gate = judge(film, heatmap=False).gate if judge else check_quality(film)
        judging.append(time.perf_counter() - read_at)
        reading.append(read_at - began)
        states[gate.state.value] += 1
        # Numbers differ from film to film; the sentence is the reason.
        reasons.update("".join("#" if letter.isdigit() else letter for letter in why) for why in gate.reasons)
    print(
        f"{sum(states.values())} files: "
        + ", ".join(f"{count} {state}" for state, count in states.most_common())
    )
    for why, count in reasons.most_common():
        print(f"{count:6}  {why}")
    if reading:
        print(
            f"median: reading {np.median(reading) * 1e3:.1f} ms, gate {np.median(judging) * 1e3:.1f} ms a film"
        )


if __name__ == "__main__":
    main()
