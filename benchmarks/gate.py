"""Results of the quality check on the images of a folder, and the times of reading and checking.

python -m benchmarks.gate DIR            # pixels only
python -m benchmarks.gate DIR --model    # also the auxiliary heads of the model in use
python -m benchmarks.gate DIR --model --grey    # ignore colour, to test the heads alone
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
    """Count states and reasons over every image in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="store_true", help="use the model in use as well")
    parser.add_argument("--grey", action="store_true", help="ignore colour")
    args = parser.parse_args()
    predict = Predictor(ModelStore(paths.models_dir())).predict if args.model else None
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    read_seconds, check_seconds = [], []
    for path in find_images(args.folder):
        started_at = time.perf_counter()
        try:
            image = read_radiograph(path)
        except ImageReadError as error:
            states["unreadable"] += 1
            reasons[str(error)] += 1
            continue
        read_at = time.perf_counter()
        if args.grey:
            image = replace(image, colour=0.0)
        gate = predict(image, heatmap=False).gate if predict else check_quality(image)
        check_seconds.append(time.perf_counter() - read_at)
        read_seconds.append(read_at - started_at)
        states[gate.state.value] += 1
        # Numbers differ between images; the rest of the sentence is the reason.
        reasons.update(
            "".join("#" if letter.isdigit() else letter for letter in reason) for reason in gate.reasons
        )
    print(
        f"{sum(states.values())} files: "
        + ", ".join(f"{count} {state}" for state, count in states.most_common())
    )
    for reason, count in reasons.most_common():
        print(f"{count:6}  {reason}")
    if read_seconds:
        print(
            f"median per image: reading {np.median(read_seconds) * 1e3:.1f} ms, "
            f"check {np.median(check_seconds) * 1e3:.1f} ms"
        )


if __name__ == "__main__":
    main()
