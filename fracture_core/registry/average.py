"""Adds an ensemble of several models: the average of their calibrated probabilities."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import logit

from fracture_core.errors import ModelError
from fracture_core.evaluation import (
    PlattCalibration,
    Thresholds,
    count_verdicts,
    coverage_of_predictions,
    predictions,
    summarise,
    summarise_by_region,
)
from fracture_core.registry.card import DataRecord, ModelCard, WeightsFile
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME, ModelStore, check_model_name
from fracture_core.zoo import find_architecture
from fracture_core.zoo.ensemble import MEMBER_SEPARATOR

if TYPE_CHECKING:
    import keras

#: Maximum number of members; the inference time is the sum over the members.
MAX_MEMBERS = 10


def add_average(store: ModelStore, ids: Sequence[str], model_id: str) -> str:
    """Add an ensemble that averages the calibrated probabilities of its members.

    Nothing is trained. Calibration and thresholds are chosen on the validation images that all members share. The
    performance is measured on the test images that all members share.

    Args:
        store: The model store.
        ids: Ids of the members, two to `MAX_MEMBERS`.
        model_id: Id of the new model.

    Returns:
        The id of the new model.

    Raises:
        ModelError: There are too few or too many members; a member is unknown, altered or has no test results; their
            inputs, findings or feature grids differ; they share no validation or test images; or the id is invalid or
            taken.
        DataError: The predictions of a member are invalid.
    """
    if len(set(ids)) != len(ids) or not 2 <= len(ids) <= MAX_MEMBERS:
        raise ModelError(
            f"Expected two to {MAX_MEMBERS} different models, but got {', '.join(ids) or 'none'}: choose again."
        )
    check_model_name(model_id)
    store.check_id_is_free(model_id)
    cards = [store.card(name) for name in ids]
    data = _common_data(cards)
    table = _common_predictions([store.predictions(name) for name in ids], cards)

    # Importing Keras takes seconds and is not needed to reject unsuitable models.
    from fracture_core.registry.half_precision import save_weights
    from fracture_core.registry.network_files import add_exported_network
    from fracture_core.registry.reference_prediction import reference_logit
    from fracture_core.registry.weights import WEIGHTS_SUFFIX
    from fracture_core.zoo.average import calibration_layer_name, member_part_names

    architecture = find_architecture(MEMBER_SEPARATOR.join(card.architecture for card in cards))
    spec = cards[0].input
    model = architecture.build(spec)
    for member, card in enumerate(cards):
        _, network = store.load(card.id)
        layer = find_architecture(card.architecture).heatmap_layer
        _copy_weights(model, network, layer, member_part_names(member))
        slope, intercept = card.calibration.slope, card.calibration.intercept
        model.get_layer(calibration_layer_name(member)).set_weights(
            [np.array([[slope]]), np.array([intercept])]
        )

    with tempfile.TemporaryDirectory(prefix="second-look-") as folder:
        result = Path(folder) / model_id
        result.mkdir()
        weights = result / f"average{WEIGHTS_SUFFIX}"
        save_weights(model, weights)
        val = table[table["split"] == "val"]
        calibration = PlattCalibration.fit(val["logit"], val["label"])
        thresholds = Thresholds.choose(val["label"].to_numpy(), calibration.apply(val["logit"]))
        table["probability"] = calibration.apply(table["logit"])
        table = predictions.write_predictions(result / PREDICTIONS_NAME, table)
        val, test = (table[table["split"] == split] for split in ("val", "test"))
        scored = test["label"], test["probability"]
        card = ModelCard(
            id=model_id,
            title=f"{architecture.title}, {spec.width} px",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            architecture=architecture.name,
            input=spec,
            heatmap_layer=architecture.heatmap_layer,
            heatmap_scale=_heatmap_scale(cards),
            weights=WeightsFile(weights.name, sha256_of_file(weights), weights.stat().st_size),
            golden=reference_logit(model, spec),
            calibration=calibration,
            thresholds=thresholds,
            data=data,
            validation=summarise(val["label"], val["probability"], val["group"], thresholds.balanced),
            test=summarise(*scored, test["group"], thresholds.balanced),
            test_states=count_verdicts(*scored, thresholds.low, thresholds.high),
            test_regions=summarise_by_region(
                *scored, test["group"], list(test["regions"]), thresholds.balanced
            ),
            test_coverage=coverage_of_predictions(test, thresholds),
            limits=(
                f"Average of {', '.join(ids)}: a prediction takes as long as those of all members together.",
                *dict.fromkeys(limit for card in cards for limit in card.limits),
            ),
            training={"members": list(ids), "seed": cards[0].training.get("seed", 0)},
            command=f"python -m fracture_core models average {' '.join(ids)} --name {model_id}",
        )
        add_exported_network(result, card, model).save(result / CARD_NAME)
        return store.add(result)


def _common_data(cards: Sequence[ModelCard]) -> DataRecord:
    """The training data that all members share; checks that the members can be averaged."""
    first: DataRecord | None = None
    for card in cards:
        if MEMBER_SEPARATOR in card.architecture:
            raise ModelError(f"{card.id} is an ensemble itself: choose its members instead.")
        if card.data is None or card.test is None:
            raise ModelError(f"{card.id} has no test results: evaluate it, or leave it out.")
        if card.input != cards[0].input:
            raise ModelError(
                f"The models have different inputs ({cards[0].id}: {_input_text(cards[0])}; {card.id}: "
                f"{_input_text(card)}): choose models with the same input."
            )
        first = first or card.data
        if (card.data.name, card.data.split_hash) != (first.name, first.split_hash):
            raise ModelError(
                f"{cards[0].id} and {card.id} were not trained on the same split of the same dataset. A test image of "
                "one could be a training image of the other: choose models of one split."
            )
        if card.finding != cards[0].finding:
            raise ModelError(
                f"The models detect different findings ({cards[0].id}: {cards[0].finding}; {card.id}: {card.finding}): "
                "choose models with the same finding."
            )
    assert first is not None
    return first


def _input_text(card: ModelCard) -> str:
    spec = card.input
    return f"{spec.width} × {spec.height} px, {spec.channels} channel{'s' if spec.channels > 1 else ''}, {spec.scaling}"


def _common_predictions(tables: Sequence[pd.DataFrame], cards: Sequence[ModelCard]) -> pd.DataFrame:
    """Images with the same split and label for all members, with the logit of their mean probability."""
    keys = ["id", "split", "label"]
    parts = [
        table[keys].assign(**{f"p{member}": card.calibration.apply(table["logit"])})
        for member, (table, card) in enumerate(zip(tables, cards, strict=True))
    ]
    shared = reduce(lambda left, right: left.merge(right, on=keys), parts)
    for split in ("val", "test"):
        labels = shared.loc[shared["split"] == split, "label"]
        if labels.nunique() < 2:
            raise ModelError(
                f"{', '.join(card.id for card in cards)} share {len(labels)} images of the split {split}, but images "
                "of both classes are needed: choose models of one split."
            )
    mean = shared[[f"p{member}" for member in range(len(cards))]].mean(axis=1)
    # Limits at which single precision still distinguishes the probability from 0 and 1.
    shared["logit"] = logit(mean.clip(1e-7, 1 - 1e-7))
    return shared[["id", "logit"]].merge(tables[0].drop(columns="logit"), on="id")


def _heatmap_scale(cards: Sequence[ModelCard]) -> float | None:
    """Heatmap scale of the ensemble: the mean over the members, because its logit is about the mean of theirs."""
    scales = [card.heatmap_scale and card.heatmap_scale * card.calibration.slope for card in cards]
    return float(np.mean([scale for scale in scales if scale])) if all(scales) else None


def _copy_weights(model: "keras.Model", network: "keras.Model", layer: str, names: tuple[str, str]) -> None:
    """Copy the weights of a member into the encoder and the head that the ensemble has for it."""
    import keras

    from fracture_core.zoo.architecture import LOGIT_LAYER

    grid = network.get_layer(layer).output
    parts = keras.Model(network.input, grid), keras.Model(grid, network.get_layer(LOGIT_LAYER).output)
    for name, part in zip(names, parts, strict=True):
        model.get_layer(name).set_weights(part.get_weights())
