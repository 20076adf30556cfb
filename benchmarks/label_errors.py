"""How well labels that were turned round on purpose are found again.

python -m benchmarks.label_errors DIR [--model ID] [--share 0.03] [--repeats 10]

The features of the model are worked out once. Then, again and again, a share of the labels is turned round at random,
and the search is run as `data suspects` runs it. Recall is the share of turned labels that are listed, precision the
share of listed films whose label was turned; both also for the first k of the list. Whatever else is wrong in the set
counts as a false suspicion.

The network learnt from the right labels of its training films, so that there the search has it easier than it would
with labels that were wrong from the start. Films that the network never saw are therefore counted apart.
"""

import argparse
from pathlib import Path

import numpy as np

from fracture_core import paths
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.label_errors.confident_learning import (
    cross_validated_probabilities,
    find_suspected_labels,
)
from fracture_core.label_errors.find_label_errors import DatasetFeatures, extract_dataset_features
from fracture_core.registry.store import ModelStore

_FIRST = (25, 50, 100)


def _found(films: DatasetFeatures, share: float, seed: int) -> dict[str, list[np.ndarray]]:
    """Of one turn: which of the turned labels are listed, and which of the listed were turned, by what is counted."""
    labels = films.labels
    turned = np.zeros(len(labels), bool)
    turned[np.random.default_rng(seed).choice(len(labels), round(share * len(labels)), replace=False)] = True
    given = np.where(turned, 1 - labels, labels)
    listed = find_suspected_labels(
        given, cross_validated_probabilities(films.features, given, films.groups, lambda *step: None)
    )
    rows: dict[str, list[np.ndarray]] = {}
    kinds = {
        "all films": np.ones(len(labels), bool),
        "films the network learnt from": films.is_trained_on,
        "films it never saw": ~films.is_trained_on,
        "given a fracture": given == 1,
        "given none": given == 0,
    }
    for name, kind in kinds.items():
        order = listed[kind[listed]]
        rows[name] = [np.isin(np.flatnonzero(turned & kind), order), turned[order]]
        if name in ("all films", "films it never saw"):
            for first in _FIRST:
                rows[f"{name}, first {first}"] = [
                    np.isin(np.flatnonzero(turned & kind), order[:first]),
                    turned[order[:first]],
                ]
    return rows


def main() -> None:
    """Prints precision and recall, the repeats counted together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="")
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--repeats", type=int, default=10)
    chosen = parser.parse_args()
    store = ModelStore(paths.models_dir())
    films = extract_dataset_features(
        store,
        chosen.model or store.model_in_use(),
        chosen.folder,
        "auto",
        paths.runs_dir() / ".cache",
        lambda *step: None,
    )
    turns = [_found(films, chosen.share, seed) for seed in range(chosen.repeats)]
    print(
        f"{len(films.labels):,} films, {chosen.share:.0%} of the labels turned round, {chosen.repeats} times"
    )
    for name in turns[0]:
        words = []
        for at, measure in enumerate(("recall", "precision")):
            hits = [turn[name][at] for turn in turns]
            # One repeat is one group: its films share what was turned and what was fitted.
            groups = np.repeat(np.arange(len(hits)), [len(each) for each in hits])
            words.append(f"{measure} {proportion_interval(np.concatenate(hits), groups).text()}")
        listed = np.mean([len(turn[name][1]) for turn in turns])
        print(f"{name:<34} listed {listed:6.1f}  {'  '.join(words)}", flush=True)


if __name__ == "__main__":
    main()
