"""Fits the second heads of a model to its films, and measures them on films it has not seen."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
from fracture_core.auxiliary_heads.heads_record import HeadsRecord
from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier
from fracture_core.auxiliary_heads.non_radiographs import make_non_radiographs
from fracture_core.auxiliary_heads.out_of_distribution import OutOfDistribution
from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.auxiliary_heads.region_head import SHOWN_PROBABILITY, RegionHead
from fracture_core.evaluation import coverage_of_predictions
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.imaging import InputSpec, QualityCheck, QualityState, letterbox, normalise_canvas
from fracture_core.phantom import draw_phantom
from fracture_core.phantom.anatomy import PHANTOM_REGIONS
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.store import CARD_NAME, ModelStore
from fracture_core.training.load_training_data import load_training_data
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import Architecture

#: The file of the second heads in a model's folder.
HEADS_NAME = "heads.npz"

# Pictures that are no radiographs, to learn from.
_NEGATIVES = 240

_STRENGTH = 1e-3

# Synthetic films, which are radiographs as far as a gate is concerned, and their rows and columns.
_SYNTHETIC = 180
_SIZES = ((512, 400), (256, 200), (96, 80))

# With fewer validation films the limits, which are their largest scores, would refuse good films.
_FEWEST = 100

# Share of validation films that is not warned about.
_PASSED = 0.995

_BATCH = 16


def add_auxiliary_heads(folder: Path, card: ModelCard, model: keras.Model, films: TrainingData) -> ModelCard:
    """Fits the second heads of a model and writes them into its folder, with the card and its README.

    Args:
        folder: the model's folder.
        card: its card so far.
        model: its network.
        films: what it was trained on.

    Returns:
        The card as written; without heads where none can be fitted.
    """
    fitted = fit_auxiliary_heads(model, find_architecture(card.architecture), films)
    if fitted is not None:
        heads, record = fitted
        path = folder / HEADS_NAME
        heads.save(path)
        card = replace(
            card, heads=WeightsFile(path.name, sha256_of_file(path), path.stat().st_size), heads_record=record
        )
    card.save(folder / CARD_NAME)
    (folder / README_NAME).write_text(render_readme(card), encoding="utf-8")
    return card


def refit_auxiliary_heads(store: ModelStore, model_id: str, root: Path, cache: Path) -> ModelCard:
    """Fits the heads of a model that the store holds, and completes and writes its card anew.

    The network, its calibration and its record stay as they are.

    Args:
        store: the models.
        model_id: which of them.
        root: the data set of its training.
        cache: where decoded films may be kept.

    Returns:
        The card as written.

    Raises:
        ModelError: the model is unknown, altered, or has no training on record.
        DataError: the data set is missing or cut otherwise than for the training.
    """
    card, model, films = load_training_data(store, model_id, root, cache)
    table = store.predictions(model_id)
    test = table[table["split"] == "test"]
    card = replace(card, test_coverage=coverage_of_predictions(test, card.thresholds))
    return add_auxiliary_heads(store.root / model_id, card, model, films)


def fit_auxiliary_heads(
    model: keras.Model, row: Architecture, films: TrainingData
) -> tuple[AuxiliaryHeads, HeadsRecord] | None:
    """Fits on the training films, sets limits on the validation films, measures on the test films.

    Args:
        model: a trained network of the zoo.
        row: its architecture.
        films: what it was trained on.

    Returns:
        The heads and their record; None for an architecture without feature layers, and where there are too few
        validation films to set limits on.
    """
    outputs = pooled_features(model, row)
    parts = {split: films.indices_of(split) for split in ("train", "val", "test")}
    if not outputs or len(parts["val"]) < _FEWEST:
        return None
    look = keras.Model(model.input, outputs)
    seen = {
        split: _features(look, (films.canvases[films.rows[at]] for at in index), films.spec)
        for split, index in parts.items()
    }
    train, val = seen["train"], seen["val"]
    drawn = _features(look, (_canvas(film, films.spec) for film in _synthetic()), films.spec)
    others = _features(
        look, (_canvas(picture, films.spec) for picture in make_non_radiographs(_NEGATIVES)), films.spec
    )
    middle = np.concatenate([train[0], drawn[0], others[0]])
    foreign = np.arange(len(middle)) >= len(train[0]) + len(drawn[0])
    radiograph = LinearClassifier.fit(middle, foreign[:, None], _STRENGTH, balanced=True)
    scores = radiograph.scores(val[0])[:, 0]
    heads = AuxiliaryHeads(
        RegionHead.fit(train[0], [films.cases[at].regions for at in parts["train"]]),
        OutOfDistribution.fit(train[1], val[1]),
        radiograph,
        float(np.quantile(scores, _PASSED)),
        float(scores.max()),
    )
    return heads, _record(heads, films, parts["test"], seen["test"])


def _synthetic() -> Iterator[np.ndarray]:
    """Synthetic radiographs, large and small: what looks like a film without being of this data set is one too."""
    for seed in range(_SYNTHETIC):
        size = _SIZES[seed % len(_SIZES)]
        difficulty = ("easy", "realistic")[seed // 2 % 2]
        yield draw_phantom(
            seed, PHANTOM_REGIONS[seed // 4 % len(PHANTOM_REGIONS)], seed % 2 == 1, size, difficulty
        ).pixels


def _record(
    heads: AuxiliaryHeads, films: TrainingData, index: np.ndarray, features: tuple[np.ndarray, np.ndarray]
) -> HeadsRecord:
    groups = np.unique([films.cases[at].group for at in index], return_inverse=True)[1]
    states = np.array(
        [
            heads.check_features(QualityCheck(QualityState.PASS), *film).state.value
            for film in zip(*features, strict=True)
        ]
    )
    region, by_region = None, {}
    if heads.regions is not None:
        names = [films.cases[at].regions for at in index]
        alone = np.array([len(film) == 1 and film[0] in heads.regions.names for film in names])
        truth = np.array([film[0] if ok else "" for film, ok in zip(names, alone, strict=True)])
        chances = heads.regions.probabilities(features[0])
        told = np.array(heads.regions.names)[chances.argmax(axis=1)]
        right = (told == truth) & (chances.max(axis=1) >= SHOWN_PROBABILITY)
        if alone.any():
            region = proportion_interval(right[alone], groups[alone])
        for name in heads.regions.names:
            films_of = truth == name
            if films_of.any():
                by_region[name] = proportion_interval(right[films_of], groups[films_of])
    return HeadsRecord(
        region,
        by_region,
        proportion_interval(states == QualityState.PASS.value, groups),
        proportion_interval(states == QualityState.REFUSE.value, groups),
    )


def _features(
    look: keras.Model, canvases: Iterable[np.ndarray], spec: InputSpec
) -> tuple[np.ndarray, np.ndarray]:
    """(n, channels) of the middle and of the deepest layer."""
    found: list[list[np.ndarray]] = [[], []]
    batch: list[np.ndarray] = []

    def judge() -> None:
        if batch:
            for kept, values in zip(
                found, look.predict_on_batch(normalise_canvas(np.stack(batch), spec)), strict=True
            ):
                kept.append(np.asarray(values, np.float32))
            batch.clear()

    for canvas in canvases:
        batch.append(canvas)
        if len(batch) == _BATCH:
            judge()
    judge()
    return np.concatenate(found[0]), np.concatenate(found[1])


def _canvas(picture: np.ndarray, spec: InputSpec) -> np.ndarray:
    return letterbox(picture.astype(np.float32) / 255, spec.height, spec.width)[0]
