"""Looks through the labels of a data set by what a network sees in its films."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fracture_core import near_duplicates
from fracture_core.datasets.cases import Case
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.split import merge_groups
from fracture_core.datasets.training_split import with_training_split
from fracture_core.errors import DataError
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.file_names import encode_name, escape_name
from fracture_core.inference.features import extract_features
from fracture_core.inference.image_cache import decode_images
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.label_errors.confident_learning import find_suspected_labels
from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.label_errors.out_of_fold import out_of_fold_probabilities
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import ModelStore
from fracture_core.zoo import find_architecture


@dataclass(frozen=True, eq=False)
class DatasetFeatures:
    """The readable films of a data set, with what a network sees in them.

    Attributes:
        card: the model's.
        root: folder of the data set.
        cases: the films, with the splits of the model's training where it is that set; their groups share no picture.
        own: whether the model was trained and tested on this data set.
        paired: whether one scene stands under both labels on purpose.
        unreadable: why films could not be read, by id.
        pictures: int (films,), equal where two films show the same picture.
        features: float32 (films, channels).
    """

    card: ModelCard
    root: Path
    cases: tuple[Case, ...]
    own: bool
    paired: bool
    unreadable: dict[str, str]
    pictures: np.ndarray
    features: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Labels as given, int (films,)."""
        return np.array([case.label for case in self.cases])

    @property
    def groups(self) -> np.ndarray:
        """Codes of the groups from 0, int (films,)."""
        return np.unique([case.group for case in self.cases], return_inverse=True)[1]

    @property
    def is_trained_on(self) -> np.ndarray:
        """Which films the network learnt from, bool (films,)."""
        return np.array([self.own and case.split == "train" for case in self.cases])


def extract_dataset_features(
    store: ModelStore, model_id: str, root: Path, layout: str, cache: Path, progress: ProgressCallback
) -> DatasetFeatures:
    """Looks at every film of a data set; see `find_label_errors`."""
    progress("Loading the model", 0, 1)
    card, model = store.load(model_id)
    catalogue = read_catalogue(root, layout)
    if catalogue.finding != card.finding:
        raise DataError(
            f"Expected films labelled for {card.finding}, as {model_id} was taught, but those in {root} are labelled "
            f"for {catalogue.finding}: use a model of these labels."
        )
    record = store.predictions(model_id) if store.has_predictions(model_id) else None
    known = with_training_split(catalogue.cases, record) if record is not None else None
    cases = list(known or catalogue.cases)
    pictures = near_duplicates.find_duplicates([case.path for case in cases], progress)
    cases = merge_groups(cases, pictures)
    decoded = decode_images(cases, card.input, cache, progress)
    good = np.flatnonzero(decoded.readable)
    # One set of films and one network share a file, so that other sets are not thrown out of it.
    name = hashlib.sha256(encode_name("\n".join([card.weights.sha256, *(str(case.path) for case in cases)])))
    features = extract_features(
        model,
        find_architecture(card.architecture),
        card.heatmap_layer,
        decoded.canvases,
        good,
        card.input,
        cache / f"{name.hexdigest()[:32]}.features.npz",
        progress,
    )
    return DatasetFeatures(
        card,
        catalogue.root,
        tuple(cases[at] for at in good),
        known is not None,
        catalogue.paired,
        {cases[at].id: decoded.errors.get(at, "") for at in np.flatnonzero(~decoded.readable).tolist()},
        pictures[good],
        features,
    )


def find_label_errors(
    store: ModelStore, model_id: str, root: Path, layout: str, cache: Path, progress: ProgressCallback
) -> LabelIssues:
    """Looks at every film of a data set and lists the labels that are probably wrong.

    Args:
        store: the models.
        model_id: whose features are used.
        root: the data set, or a manifest; any with the same two labels, not only that of the model's training.
        layout: a layout's name, or "auto".
        cache: where decoded films and features may be kept.
        progress: called with (stage, done, total); an exception it raises ends the search.

    Returns:
        The list. Nothing of the data set is changed.

    Raises:
        ModelError: the model is unknown or altered.
        DataError: the data set is missing, too small, or its labels mean something else than the model's.
        TrainingError: there is no room for the decoded films.
    """
    them = extract_dataset_features(store, model_id, root, layout, cache, progress)
    labels, groups = them.labels, them.groups
    chances = out_of_fold_probabilities(them.features, labels, groups, progress)
    films = [_film(case, chance, them.root) for case, chance in zip(them.cases, chances, strict=True)]
    return LabelIssues(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model_id,
        weights=them.card.weights.sha256,
        finding=them.card.finding,
        own=them.own,
        films=len(films),
        learnt=int(them.is_trained_on.sum()),
        unreadable=len(them.unreadable),
        unreadable_films=tuple(them.unreadable.items()),
        groups=int(groups.max()) + 1,
        auc=auc_interval(check_scored_cases(labels, chances, groups)),
        suspected=tuple(films[at] for at in find_suspected_labels(labels, chances)),
        # On purpose one scene stands under both labels in a paired set.
        contradictions=() if them.paired else _contradictions(films, them.pictures),
    )


def _film(case: Case, chance: float, root: Path) -> LabelIssue:
    path = case.path.relative_to(root) if case.path.is_relative_to(root) else case.path
    return LabelIssue(
        case.id,
        escape_name(path.as_posix()),
        case.label,
        round(float(chance), 6),
        case.split,
        " ".join(case.regions),
        case.group,
    )


def _contradictions(films: Sequence[LabelIssue], pictures: np.ndarray) -> tuple[tuple[LabelIssue, ...], ...]:
    """Films that show one picture under both labels, picture by picture."""
    shown: dict[int, list[LabelIssue]] = {}
    for film, picture in zip(films, pictures.tolist(), strict=True):
        shown.setdefault(picture, []).append(film)
    return tuple(tuple(same) for same in shown.values() if len({film.label for film in same}) > 1)
