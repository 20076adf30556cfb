"""A run's best weights on the validation split: AUC, and how often the heatmap's peak lies in a marked fracture.

python -m benchmarks.pointing RUN [--runs DIR]

Runs are compared with this; the test split stays closed.
"""

import argparse
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras


def main() -> None:
    """Prints both with 95% intervals, the second also among the films that the network calls fractured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path, default=paths.runs_dir())
    chosen = parser.parse_args()
    load_keras()
    import numpy as np

    from fracture_core.evaluation import Thresholds, summarise
    from fracture_core.explain.gradcam import GradCam
    from fracture_core.inference.score import compute_logits
    from fracture_core.runs.run import Run
    from fracture_core.training import loop
    from fracture_core.training.pointing import measure_pointing
    from fracture_core.training.training_data import TrainingData
    from fracture_core.zoo import find_architecture

    run = Run.open(chosen.runs, chosen.run)
    config = run.config()
    films = TrainingData.load(config, chosen.runs / ".cache")
    model = loop.load_best_model(run, config)
    val = films.indices_of("val")
    labels, scores = films.labels(val), compute_logits(model, films.canvases, films.rows[val], films.spec)
    probability = 1 / (1 + np.exp(-scores))
    cut = Thresholds.choose(labels, probability).balanced
    record = summarise(labels, probability, [films.cases[at].group for at in val], cut)
    cam = GradCam(model, find_architecture(config.architecture).heatmap_layer)
    print(f"{run.name}, validation split, {len(val)} films")
    for name, figure in (
        ("AUC", record.auc),
        ("sensitivity", record.sensitivity),
        ("specificity", record.specificity),
        ("pointing", measure_pointing(cam, films, val)),
        ("pointing, true positives", measure_pointing(cam, films, val[(labels == 1) & (probability >= cut)])),
    ):
        print(f"{name:<26}{figure.text() if figure else 'no boxes'}")


if __name__ == "__main__":
    main()
