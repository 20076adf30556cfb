"""AUC and pointing accuracy of a run's best weights on the validation split.

python -m benchmarks.pointing RUN [--runs DIR]

Pointing accuracy is the share of fractured images whose heatmap peak is in a bounding box. The test split is not used.
"""

import argparse
from pathlib import Path

from fracture_core import paths
from fracture_core.zoo.quiet_keras import load_keras


def main() -> None:
    """Print the metrics with 95% intervals; pointing also among the true positives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path, default=paths.runs_dir())
    args = parser.parse_args()
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

    run = Run.open(args.runs, args.run)
    config = run.config()
    data = TrainingData.load(config, args.runs / ".cache")
    model = loop.load_best_model(run, config)
    val = data.indices_of("val")
    labels, scores = data.labels(val), compute_logits(model, data.canvases, data.rows[val], data.spec)
    probability = 1 / (1 + np.exp(-scores))
    threshold = Thresholds.choose(labels, probability).balanced
    record = summarise(labels, probability, [data.cases[row].group for row in val], threshold)
    cam = GradCam(model, find_architecture(config.architecture).heatmap_layer)
    print(f"{run.name}, validation split, {len(val)} images")
    for name, figure in (
        ("AUC", record.auc),
        ("sensitivity", record.sensitivity),
        ("specificity", record.specificity),
        ("pointing", measure_pointing(cam, data, val)),
        (
            "pointing, true positives",
            measure_pointing(cam, data, val[(labels == 1) & (probability >= threshold)]),
        ),
    ):
        print(f"{name:<26}{figure.text() if figure else 'no boxes'}")


if __name__ == "__main__":
    main()
