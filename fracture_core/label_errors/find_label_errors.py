"""The search for label errors in a dataset, based on the features of a trained network."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core import near_duplicates
from fracture_core.datasets.cases import Case
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.split import merge_groups, with_training_split
from fracture_core.errors import DataError
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.file_names import encode_name, escape_name
from fracture_core.inference.features import extract_features
from fracture_core.inference.image_cache import decode_images
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.label_errors.confident_learning import (
    cross_validated_probabilities,
    find_suspected_labels,
)
from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.registry.card import ModelCard
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import ModelStore


@dataclass(frozen=True, eq=False)
class DatasetFeatures:
    """The readable images of a dataset with the features of a network.

    Attributes:
        card: card of the model.
        root: folder of the dataset.
        cases: the cases, with the splits of the model's training if `own`; duplicates share a group.
        own: whether the model was trained and tested on this dataset.
        paired: whether the dataset shows every scene with both labels on purpose.
        unreadable: error message of each unreadable image, by case id.
        duplicates: int (n,), equal for duplicates.
        features: float32 (n, channels).
    """

    card: ModelCard
    root: Path
    cases: tuple[Case, ...]
    own: bool
    paired: bool
    unreadable: dict[str, str]
    duplicates: NDArray[np.int64]
    features: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Given labels, (n,)."""
        return np.array([case.label for case in self.cases], np.int64)

    @property
    def groups(self) -> NDArray[np.int64]:
        """Group codes, 0 and up, (n,)."""
        return np.unique([case.group for case in self.cases], return_inverse=True)[1].astype(np.int64)

    @property
    def is_trained_on(self) -> NDArray[np.bool_]:
        """Which images are in the model's training split, (n,)."""
        return np.array([self.own and case.split == "train" for case in self.cases], np.bool_)


def extract_dataset_features(
    store: ModelStore, model_id: str, root: Path, layout: str, cache: Path, progress: ProgressCallback
) -> DatasetFeatures:
    """Compute the features of every image of a dataset.

    Arguments and exceptions are those of `find_label_errors`.
    """
    progress("Loading the model", 0, 1)
    card = store.card(model_id)
    network = ExportedNetwork(exported_network_path(store.root / model_id, card), os.cpu_count() or 1)
    catalogue = read_catalogue(root, layout)
    if catalogue.finding != card.finding:
        raise DataError(
            f"The model {model_id} detects {card.finding}, but the images in {root} are labelled for "
            f"{catalogue.finding}: choose a model for these labels."
        )
    record = store.predictions(model_id) if store.has_predictions(model_id) else None
    with_splits = with_training_split(catalogue.cases, record) if record is not None else None
    cases = list(with_splits or catalogue.cases)
    duplicates = near_duplicates.find_duplicates([case.path for case in cases], progress)
    cases = merge_groups(cases, duplicates)
    decoded = decode_images(cases, card.input, cache, progress)
    readable = np.flatnonzero(decoded.readable)
    # One cache file per network and list of images.
    key = hashlib.sha256(encode_name("\n".join([card.weights.sha256, *(str(case.path) for case in cases)])))
    features = extract_features(
        network,
        decoded.canvases,
        readable,
        card.input,
        cache / f"{key.hexdigest()[:32]}.features.npz",
        progress,
    )
    return DatasetFeatures(
        card,
        catalogue.root,
        tuple(cases[index] for index in readable),
        with_splits is not None,
        catalogue.paired,
        {
            cases[index].id: decoded.errors.get(index, "")
            for index in np.flatnonzero(~decoded.readable).tolist()
        },
        duplicates[readable],
        features,
    )


def find_label_errors(
    store: ModelStore, model_id: str, root: Path, layout: str, cache: Path, progress: ProgressCallback
) -> LabelIssues:
    """Find suspected label errors of a dataset. The dataset is not changed.

    Args:
        store: the model registry.
        model_id: model that computes the features.
        root: folder of the dataset, or a manifest. Any dataset with the model's finding can be searched.
        layout: name of a layout, or "auto".
        cache: folder for decoded images and features.
        progress: called with (stage, done, total). An exception it raises ends the search.

    Returns:
        The suspected label errors and the duplicates with both labels.

    Raises:
        ModelError: If the model is unknown or was altered.
        DataError: If the dataset is missing, too small, or labelled for another finding.
        TrainingError: If there is no disk space for the decoded images.
    """
    dataset = extract_dataset_features(store, model_id, root, layout, cache, progress)
    labels, groups = dataset.labels, dataset.groups
    probabilities = cross_validated_probabilities(dataset.features, labels, groups, progress)
    issues = [
        _to_issue(case, probability, dataset.root)
        for case, probability in zip(dataset.cases, probabilities.tolist(), strict=True)
    ]
    return LabelIssues(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model_id,
        weights=dataset.card.weights.sha256,
        finding=dataset.card.finding,
        own=dataset.own,
        films=len(issues),
        training_images=int(dataset.is_trained_on.sum()),
        unreadable=len(dataset.unreadable),
        unreadable_films=tuple(dataset.unreadable.items()),
        groups=int(groups.max()) + 1,
        auc=auc_interval(check_scored_cases(labels, probabilities, groups)),
        suspected=tuple(issues[index] for index in find_suspected_labels(labels, probabilities)),
        contradictions=() if dataset.paired else _contradictions(issues, dataset.duplicates),
    )


def _to_issue(case: Case, probability: float, root: Path) -> LabelIssue:
    path = case.path.relative_to(root) if case.path.is_relative_to(root) else case.path
    return LabelIssue(
        case.id,
        escape_name(path.as_posix()),
        case.label,
        round(probability, 6),
        case.split,
        " ".join(case.regions),
        case.group,
    )


def _contradictions(
    issues: Sequence[LabelIssue], duplicates: NDArray[np.int64]
) -> tuple[tuple[LabelIssue, ...], ...]:
    """Group the duplicates that occur with both labels."""
    by_image: dict[int, list[LabelIssue]] = {}
    for issue, image in zip(issues, duplicates.tolist(), strict=True):
        by_image.setdefault(image, []).append(issue)
    return tuple(tuple(same) for same in by_image.values() if len({issue.label for issue in same}) > 1)
