"""Training of a model's auxiliary heads, and their evaluation on the test images."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
from fracture_core.auxiliary_heads.heads_record import HeadsRecord
from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier
from fracture_core.auxiliary_heads.non_radiographs import make_non_radiographs
from fracture_core.auxiliary_heads.out_of_distribution import OutOfDistributionDetector
from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.auxiliary_heads.region_head import SHOWN_PROBABILITY, RegionHead
from fracture_core.evaluation import coverage_of_predictions
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.imaging import InputSpec, QualityCheck, QualityState, letterbox, normalise_canvas
from fracture_core.phantom import draw_phantom
from fracture_core.phantom.anatomy import PHANTOM_REGIONS
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.store import CARD_NAME, ModelStore
from fracture_core.training.load_training_data import load_training_data
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import Architecture

#: File of the auxiliary heads in a model's folder.
HEADS_NAME = "heads.npz"

# Number of training images that are not radiographs.
_NEGATIVES = 240

# Regularisation of the classifier.
_STRENGTH = 1e-3

# Number of synthetic radiographs, which the quality check must accept, and their heights and widths.
_SYNTHETIC = 180
_SIZES = ((512, 400), (256, 200), (96, 80))

# Minimum number of validation images. The limits are their largest scores, so fewer would refuse good images.
_MIN_VALIDATION = 100

# Share of the validation images that pass without a warning.
_PASS_SHARE = 0.995

_BATCH_SIZE = 16


def add_auxiliary_heads(folder: Path, card: ModelCard, model: keras.Model, data: TrainingData) -> ModelCard:
    """Fit the auxiliary heads of a model and save them with the card and its README.

    Args:
        folder: Folder of the model.
        card: Card without heads.
        model: Network of the model.
        data: Data it was trained on.

    Returns:
        The saved card; without heads if they cannot be fitted.
    """
    fitted = fit_auxiliary_heads(model, find_architecture(card.architecture), data)
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
    """Fit the auxiliary heads of a stored model again and update its card.

    The network, its calibration and its metrics are not changed.

    Args:
        store: Models on this computer.
        model_id: Model to update.
        root: Folder of the dataset it was trained on.
        cache: Folder of decoded images.

    Returns:
        The saved card.

    Raises:
        ModelError: The model is unknown, was changed, or has no record of its training.
        DataError: The dataset is missing or its split differs from that of the training.
    """
    card, model, data = load_training_data(store, model_id, root, cache)
    table = store.predictions(model_id)
    test = table[table["split"] == "test"]
    card = replace(card, test_coverage=coverage_of_predictions(test, card.thresholds))
    return add_auxiliary_heads(store.root / model_id, card, model, data)


def fit_auxiliary_heads(
    model: keras.Model, architecture: Architecture, data: TrainingData
) -> tuple[AuxiliaryHeads, HeadsRecord] | None:
    """Fit the heads on the training images, set limits on the validation images, evaluate on the test images.

    Args:
        model: Trained network of the zoo.
        architecture: Its architecture.
        data: Data it was trained on.

    Returns:
        The heads and their evaluation; None for an architecture without feature layers, or with too few validation
        images to set limits.
    """
    outputs = pooled_features(model, architecture)
    index_of = {split: data.indices_of(split) for split in ("train", "val", "test")}
    if not outputs or len(index_of["val"]) < _MIN_VALIDATION:
        return None
    extractor = keras.Model(model.input, outputs)
    features = {
        split: _extract_features(
            extractor, (data.canvases[data.rows[position]] for position in index), data.spec
        )
        for split, index in index_of.items()
    }
    train, val = features["train"], features["val"]
    synthetic = _extract_features(
        extractor, (_letterbox(image, data.spec) for image in _synthetic_radiographs()), data.spec
    )
    negatives = _extract_features(
        extractor, (_letterbox(image, data.spec) for image in make_non_radiographs(_NEGATIVES)), data.spec
    )
    middle = np.concatenate([train[0], synthetic[0], negatives[0]])
    is_negative = np.arange(len(middle)) >= len(train[0]) + len(synthetic[0])
    radiograph = LinearClassifier.fit(middle, is_negative[:, None], _STRENGTH, balanced=True)
    scores = radiograph.scores(val[0])[:, 0]
    heads = AuxiliaryHeads(
        RegionHead.fit(train[0], [data.cases[position].regions for position in index_of["train"]]),
        OutOfDistributionDetector.fit(train[1], val[1]),
        radiograph,
        float(np.quantile(scores, _PASS_SHARE)),
        float(scores.max()),
    )
    return heads, _evaluate_heads(heads, data, index_of["test"], features["test"])


def _synthetic_radiographs() -> Iterator[NDArray[np.uint8]]:
    """Draw synthetic radiographs of several sizes, so that radiographs unlike the dataset are accepted as well."""
    for seed in range(_SYNTHETIC):
        size = _SIZES[seed % len(_SIZES)]
        difficulty = ("easy", "realistic")[seed // 2 % 2]
        yield draw_phantom(
            seed, PHANTOM_REGIONS[seed // 4 % len(PHANTOM_REGIONS)], seed % 2 == 1, size, difficulty
        ).pixels


def _evaluate_heads(
    heads: AuxiliaryHeads,
    data: TrainingData,
    index: NDArray[np.intp],
    features: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> HeadsRecord:
    groups = np.unique([data.cases[position].group for position in index], return_inverse=True)[1]
    states = np.array(
        [
            heads.check_features(QualityCheck(QualityState.PASS), *layers).state.value
            for layers in zip(*features, strict=True)
        ]
    )
    region, by_region = None, {}
    if heads.regions is not None:
        regions = [data.cases[position].regions for position in index]
        # Only images of a single known region have a clear truth.
        is_single = np.array([len(names) == 1 and names[0] in heads.regions.names for names in regions])
        truth = np.array(
            [names[0] if single else "" for names, single in zip(regions, is_single, strict=True)]
        )
        probabilities = heads.regions.probabilities(features[0])
        predicted = np.array(heads.regions.names)[probabilities.argmax(axis=1)]
        correct = (predicted == truth) & (probabilities.max(axis=1) >= SHOWN_PROBABILITY)
        if is_single.any():
            region = proportion_interval(correct[is_single], groups[is_single])
        for name in heads.regions.names:
            of_region = truth == name
            if of_region.any():
                by_region[name] = proportion_interval(correct[of_region], groups[of_region])
    return HeadsRecord(
        region,
        by_region,
        proportion_interval(states == QualityState.PASS.value, groups),
        proportion_interval(states == QualityState.REFUSE.value, groups),
    )


def _extract_features(
    extractor: keras.Model, canvases: Iterable[NDArray[np.uint8]], spec: InputSpec
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Extract the features of the middle and of the deepest layer, float32 (n, channels) each."""
    features: list[list[NDArray[np.float32]]] = [[], []]
    batch: list[NDArray[np.uint8]] = []

    def extract() -> None:
        if batch:
            outputs = extractor.predict_on_batch(normalise_canvas(np.stack(batch), spec))
            for layer, values in zip(features, outputs, strict=True):
                layer.append(np.asarray(values, np.float32))
            batch.clear()

    for canvas in canvases:
        batch.append(canvas)
        if len(batch) == _BATCH_SIZE:
            extract()
    extract()
    return np.concatenate(features[0]), np.concatenate(features[1])


def _letterbox(image: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    return letterbox(image.astype(np.float32) / 255, spec.height, spec.width)[0]
