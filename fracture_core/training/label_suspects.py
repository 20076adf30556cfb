"""Looks through the labels of a data set by what a network sees in its films."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fracture_core.data import copies
from fracture_core.data.cases import Case
from fracture_core.data.layouts import read_catalogue
from fracture_core.data.split import merge_groups
from fracture_core.data.trained import as_trained
from fracture_core.errors import DataError
from fracture_core.evaluation.arrays import scored
from fracture_core.evaluation.auc import auc
from fracture_core.registry.store import PREDICTIONS, ModelStore
from fracture_core.suspects.confident import suspected
from fracture_core.suspects.out_of_fold import out_of_fold
from fracture_core.suspects.suspects import Film, Suspects
from fracture_core.training.cache import canvases
from fracture_core.training.features import seen
from fracture_core.zoo import architecture

#: Called with what is being done, how much of it, and of how much.
Tell = Callable[[str, int, int], None]


def find_suspects(
    store: ModelStore, model_id: str, root: Path, layout: str, cache: Path, tell: Tell
) -> Suspects:
    """Looks at every film of a data set and lists the labels that are probably wrong.

    Args:
        store: the models.
        model_id: whose features are used.
        root: the data set, or a manifest; any with the same two labels, not only that of the model's training.
        layout: a layout's name, or "auto".
        cache: where decoded films and features may be kept.
        tell: told the progress; what it raises ends the search.

    Returns:
        The list. Nothing of the data set is changed.

    Raises:
        ModelError: the model is unknown or altered.
        DataError: the data set is missing, too small, or its labels mean something else than the model's.
    """
    tell("Waking the model", 0, 1)
    card, model = store.load(model_id)
    catalogue = read_catalogue(root, layout)
    if catalogue.finding != card.finding:
        raise DataError(
            f"Expected films labelled for {card.finding}, as {model_id} was taught, but those in {root} are labelled "
            f"for {catalogue.finding}: use a model of these labels."
        )
    record = store.predictions(model_id) if (store.root / model_id / PREDICTIONS).is_file() else None
    known = as_trained(catalogue.cases, record) if record is not None else None
    cases = list(known or catalogue.cases)
    pictures = copies.find(
        [case.path for case in cases], lambda done, every: tell("Comparing films", done, every)
    )
    cases = merge_groups(cases, pictures)
    rows, bad = canvases(cases, card.input, cache, lambda done, every: tell("Reading the films", done, every))
    good = np.setdiff1d(np.arange(len(cases)), bad)
    # One set of films and one network share a file, so that other sets are not thrown out of it.
    name = hashlib.sha256("\n".join([card.weights.sha256, *(str(case.path) for case in cases)]).encode())
    features = seen(
        model,
        architecture(card.architecture),
        card.heatmap_layer,
        rows,
        good,
        card.input,
        cache / f"{name.hexdigest()[:32]}.features.npz",
        lambda done, every: tell("The model looks at the films", done, every),
    )
    read = [cases[at] for at in good]
    labels = np.array([case.label for case in read])
    groups = np.unique([case.group for case in read], return_inverse=True)[1]
    chances = out_of_fold(features, labels, groups, lambda done, every: tell("Cross-validating", done, every))
    films = [_film(case, chance, catalogue.root) for case, chance in zip(read, chances, strict=True)]
    return Suspects(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model_id,
        weights=card.weights.sha256,
        finding=card.finding,
        own=known is not None,
        films=len(films),
        learnt=sum(film.split == "train" for film in films) if known else 0,
        unreadable=len(bad),
        groups=int(groups.max()) + 1,
        auc=auc(scored(labels, chances, groups)),
        suspected=tuple(films[at] for at in suspected(labels, chances)),
        # On purpose one scene stands under both labels in a paired set.
        contradictions=() if catalogue.paired else _contradictions(films, pictures[good]),
    )


def _film(case: Case, chance: float, root: Path) -> Film:
    path = case.path.relative_to(root) if case.path.is_relative_to(root) else case.path
    return Film(
        case.id,
        path.as_posix(),
        case.label,
        round(float(chance), 6),
        case.split,
        " ".join(case.regions),
        case.group,
    )


def _contradictions(films: Sequence[Film], pictures: np.ndarray) -> tuple[tuple[Film, ...], ...]:
    """Films that show one picture under both labels, picture by picture."""
    shown: dict[int, list[Film]] = {}
    for film, picture in zip(films, pictures.tolist(), strict=True):
        shown.setdefault(picture, []).append(film)
    return tuple(tuple(same) for same in shown.values() if len({film.label for film in same}) > 1)
