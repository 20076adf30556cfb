"""Response times of the failures page on a synthetic record of many images; no images and no network are needed.

python -m benchmarks.failures [--films N] [--times N] [--data DIR]

With --data, the dataset of the shipped model, also that of its next image with heatmap and viewer, and of the page
Published systems.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fracture_core.evaluation import PlattCalibration, Thresholds, predictions
from fracture_core.imaging import InputSpec
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.store import SHIPPED_MODEL

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print the median time of each step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=4000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--data", metavar="DIR", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SECOND_LOOK_MODELS"] = os.environ["SECOND_LOOK_RUNS"] = folder
        os.environ.pop("SECOND_LOOK_DATASET", None)
        table = _record(Path(folder), args.films)
        print(f"{args.films:,} images in {table['group'].nunique():,} groups; medians of {args.times}")
        _steps(args.times)
        if args.data:
            _real_images(args.data, args.times)


def _real_images(data: Path, times: int) -> None:
    """Open images of the shipped model one after another, and the page Published systems."""
    from streamlit.testing.v1 import AppTest

    os.environ["SECOND_LOOK_MODELS"] = str(ROOT / "models")
    os.environ["SECOND_LOOK_DATASET"] = str(data)
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    test.run()
    test.switch_page("pages/published.py")
    _print_time("Published systems, first opened", test.run, 1)
    _print_time("Published systems, again", test.run, times)
    test.switch_page("pages/failures.py")
    test.query_params["model"] = SHIPPED_MODEL
    test.query_params["kind"] = "all"
    test.run()
    test.button(key="failures-open-0").click()
    _print_time("first image with heatmap", test.run, 1)

    def next_image() -> None:
        test.button(key="failures_next").click()
        test.run()

    _print_time("next image with heatmap", next_image, times)
    assert not test.exception


def _record(folder: Path, count: int) -> pd.DataFrame:
    """Write a model that consists of a card and a record only."""
    rng = np.random.default_rng(0)
    label = (rng.random(count) < 0.2).astype(int)
    logit = rng.normal(2.2 * label - 2, 1.3)
    names = [f"film{number:05d}" for number in range(count)]
    table = pd.DataFrame(
        {
            "id": names,
            "path": [f"{name}.png" for name in names],
            "split": "test",
            "group": [f"g{number // 3}" for number in range(count)],
            "regions": rng.choice(["hand", "leg", "hip", "shoulder", "hand leg"], count),
            "label": label,
            "logit": logit,
            "probability": 1 / (1 + np.exp(-logit)),
        }
    )
    (folder / "made-up").mkdir()
    ModelCard(
        id="made-up",
        title="Made up",
        created="2026-01-01T00:00:00+00:00",
        architecture="mobilenet_v2_map",
        input=InputSpec(64, 64),
        heatmap_layer="none",
        heatmap_scale=1.0,
        weights=WeightsFile("none.weights.h5", "0" * 64, 1),
        golden=0.0,
        calibration=PlattCalibration.identity(),
        thresholds=Thresholds(0.1, 0.5, 0.95, 0.95, 0.3),
    ).save(folder / "made-up" / "card.json")
    return predictions.write_predictions(folder / "made-up" / "predictions.csv", table)


def _steps(times: int) -> None:
    """Run the steps on the page and print their times."""
    from streamlit.testing.v1 import AppTest

    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    test.run()
    test.switch_page("pages/failures.py")
    test.query_params["model"] = "made-up"
    _print_time("first opened", test.run, 1)
    thresholds = iter(np.linspace(0.2, 0.6, 4 * times).round(3))

    def move() -> None:
        test.slider[0].set_value(float(next(thresholds)))
        test.run()

    def press(key: str) -> Callable[[], None]:
        def pressed() -> None:
            test.button(key=key).click()
            test.run()

        return pressed

    _print_time("threshold moved, with all subgroups", move, times)
    press("failures-cell-not-seen-other")()
    _print_time("page of the list turned", press("failures_page_on"), times)
    _print_time("image opened", press("failures-open-0"), 1)
    _print_time("next image", press("failures_next"), times)
    press("failures_back")()

    def order(name: str) -> Callable[[], None]:
        def ordered() -> None:
            test.selectbox(key="failures_sort").set_value(name)
            test.run()

        return ordered

    _print_time("list ordered by loss", order("loss"), 1)
    assert not test.exception


def _print_time(title: str, step: Callable[[], object], times: int) -> None:
    """Print wall time and processor time; the latter depends less on other work."""
    clock, processor = [], []
    for _ in range(times):
        start, used = time.perf_counter(), time.process_time()
        step()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    print(
        f"{title:<34} {statistics.median(clock) * 1e3:7.0f} ms, processor {statistics.median(processor) * 1e3:6.0f} ms"
    )


if __name__ == "__main__":
    main()
