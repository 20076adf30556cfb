"""Precision and recall of the search for label errors, with labels flipped on purpose.

python -m benchmarks.label_errors DIR [--model ID] [--share 0.03] [--repeats 10]

The features of the model are computed once. Then a share of the labels is flipped at random, repeatedly, and the
search runs as in `data suspects`. Recall is the share of flipped labels that are listed. Precision is the share of
listed images whose label was flipped. Both are also given for the first k of the list. Real label errors in the
dataset count as false positives.

The network was trained with the correct labels, which makes the search easier on its training images. Images that
were not used for training are therefore reported separately.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core import paths
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.label_errors.confident_learning import cross_validated_probabilities, find_suspected_labels
from fracture_core.label_errors.find_label_errors import DatasetFeatures, extract_dataset_features
from fracture_core.registry.store import ModelStore

_FIRST = (25, 50, 100)


def _search(dataset: DatasetFeatures, share: float, seed: int) -> dict[str, list[NDArray[np.bool_]]]:
    """Run one repeat; return by subgroup which flipped labels are listed, and which listed labels were flipped."""
    labels = dataset.labels
    flipped = np.zeros(len(labels), bool)
    flipped[np.random.default_rng(seed).choice(len(labels), round(share * len(labels)), replace=False)] = True
    given = np.where(flipped, 1 - labels, labels)
    listed = find_suspected_labels(
        given, cross_validated_probabilities(dataset.features, given, dataset.groups, lambda *step: None)
    )
    results: dict[str, list[NDArray[np.bool_]]] = {}
    subgroups = {
        "all images": np.ones(len(labels), bool),
        "training images": dataset.is_trained_on,
        "other images": ~dataset.is_trained_on,
        "labelled with a fracture": given == 1,
        "labelled without a fracture": given == 0,
    }
    for name, subgroup in subgroups.items():
        order = listed[subgroup[listed]]
        results[name] = [np.isin(np.flatnonzero(flipped & subgroup), order), flipped[order]]
        if name in ("all images", "other images"):
            for first in _FIRST:
                results[f"{name}, first {first}"] = [
                    np.isin(np.flatnonzero(flipped & subgroup), order[:first]),
                    flipped[order[:first]],
                ]
    return results


def main() -> None:
    """Print precision and recall over all repeats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="")
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--repeats", type=int, default=10)
    args = parser.parse_args()
    store = ModelStore(paths.models_dir())
    dataset = extract_dataset_features(
        store,
        args.model or store.model_in_use(),
        args.folder,
        "auto",
        paths.runs_dir() / ".cache",
        lambda *step: None,
    )
    repeats = [_search(dataset, args.share, seed) for seed in range(args.repeats)]
    print(f"{len(dataset.labels):,} images, {args.share:.0%} of the labels flipped, {args.repeats} repeats")
    for name in repeats[0]:
        metrics = []
        for index, measure in enumerate(("recall", "precision")):
            hits = [repeat[name][index] for repeat in repeats]
            # One repeat is one group, because its images share the flipped labels and the fitted model.
            groups = np.repeat(np.arange(len(hits)), [len(part) for part in hits])
            metrics.append(f"{measure} {proportion_interval(np.concatenate(hits), groups).text()}")
        listed = np.mean([len(repeat[name][1]) for repeat in repeats])
        print(f"{name:<34} listed {listed:6.1f}  {'  '.join(metrics)}", flush=True)


if __name__ == "__main__":
    main()
