"""Several models as one: their calibrated probabilities averaged, with a record on films that none was trained on."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

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
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME, ModelStore, check_model_name
from fracture_core.zoo import find_architecture
from fracture_core.zoo.ensemble import MEMBER_SEPARATOR

#: Members of an ensemble at the most: each costs its own pass.
MAX_MEMBERS = 10


def add_average(store: ModelStore, ids: Sequence[str], model_id: str) -> str:
    """Adds a model that averages others.

    Calibration and thresholds are chosen on the films on which all of them were validated, the record is that of
    the films on which all of them were tested; nothing is trained.

    Args:
        store: the models on this computer.
        ids: the members, two to `MAX_MEMBERS`.
        model_id: the new model's name.

    Returns:
        The model's id.

    Raises:
        ModelError: too few or too many, a member is unknown or altered or has no record, their inputs, findings or
            grids differ, they share no films to validate and test on, or the name is refused or taken.
        DataError: a member's table of predictions is broken.
    """
    if len(set(ids)) != len(ids) or not 2 <= len(ids) <= MAX_MEMBERS:
        raise ModelError(
            f"Expected two to {MAX_MEMBERS} different models, but got {', '.join(ids) or 'none'}: choose again."
        )
    check_model_name(model_id)
    store.refuse_taken(model_id)
    cards = [store.card(name) for name in ids]
    data = _common_finding(cards)
    table = _common_predictions([store.predictions(name) for name in ids], cards)

    # Keras takes seconds to load, and what does not fit is refused without it.
    from fracture_core.registry.half_precision import save_weights
    from fracture_core.registry.reference_prediction import reference_logit
    from fracture_core.registry.weights import WEIGHTS_SUFFIX
    from fracture_core.zoo.average import calibration_layer_name, member_part_names

    row = find_architecture(MEMBER_SEPARATOR.join(card.architecture for card in cards))
    spec = cards[0].input
    model = row.build(spec)
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
        judged = test["label"], test["probability"]
        card = ModelCard(
            id=model_id,
            title=f"{row.title}, {spec.width} px",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            architecture=row.name,
            input=spec,
            heatmap_layer=row.heatmap_layer,
            heatmap_scale=_scale(cards),
            weights=WeightsFile(weights.name, sha256_of_file(weights), weights.stat().st_size),
            golden=reference_logit(model, spec),
            calibration=calibration,
            thresholds=thresholds,
            data=data,
            validation=summarise(val["label"], val["probability"], val["group"], thresholds.balanced),
            test=summarise(*judged, test["group"], thresholds.balanced),
            test_states=count_verdicts(*judged, thresholds.low, thresholds.high),
            test_regions=summarise_by_region(
                *judged, test["group"], list(test["regions"]), thresholds.balanced
            ),
            test_coverage=coverage_of_predictions(test, thresholds),
            limits=(
                f"It averages {', '.join(ids)}, and takes as long as all of them.",
                *dict.fromkeys(limit for card in cards for limit in card.limits),
            ),
            training={"members": list(ids), "seed": cards[0].training.get("seed", 0)},
            command=f"python -m fracture_core models average {' '.join(ids)} --name {model_id}",
        )
        card.save(result / CARD_NAME)
        return store.add(result)


def _common_finding(cards: Sequence[ModelCard]) -> DataRecord:
    """What all members were trained on."""
    first: DataRecord | None = None
    for card in cards:
        if MEMBER_SEPARATOR in card.architecture:
            raise ModelError(
                f"Expected single models, but {card.id} is an average itself: name its members instead."
            )
        if card.data is None or card.test is None:
            raise ModelError(
                f"Expected models with a record, but {card.id} has none: evaluate it or leave it out."
            )
        if card.input != cards[0].input:
            raise ModelError(
                f"Expected models that see films alike, but {cards[0].id} is fed {_input_of(cards[0])} and {card.id} "
                f"{_input_of(card)}: choose models of one input."
            )
        first = first or card.data
        if (card.data.name, card.data.split_hash) != (first.name, first.split_hash):
            raise ModelError(
                f"Expected models trained on one split of one data set, but {cards[0].id} and {card.id} were not: "
                "a film that one learnt from would flatter the average, so choose models of one split."
            )
        if card.finding != cards[0].finding:
            raise ModelError(
                f"Expected models that answer one question, but {cards[0].id} tells {cards[0].finding} and {card.id} "
                f"{card.finding}: choose models of one kind of label."
            )
    assert first is not None
    return first


def _input_of(card: ModelCard) -> str:
    spec = card.input
    return f"{spec.width} × {spec.height} px, {spec.channels} channel{'s' if spec.channels > 1 else ''}, {spec.scaling}"


def _common_predictions(tables: Sequence[pd.DataFrame], cards: Sequence[ModelCard]) -> pd.DataFrame:
    """The films that stand in one split for all members, with the logit of the mean of their probabilities."""
    keys = ["id", "split", "label"]
    parts = [
        table[keys].assign(**{f"p{member}": card.calibration.apply(table["logit"])})
        for member, (table, card) in enumerate(zip(tables, cards, strict=True))
    ]
    both = reduce(lambda one, other: one.merge(other, on=keys), parts)
    for split in ("val", "test"):
        labels = both.loc[both["split"] == split, "label"]
        if labels.nunique() < 2:
            raise ModelError(
                "Expected models that were validated and tested on the same films, with both labels among them, but "
                f"{', '.join(card.id for card in cards)} share {len(labels)} films of the split {split}: choose models "
                "of one split."
            )
    mean = both[[f"p{member}" for member in range(len(cards))]].mean(axis=1)
    # Within what single precision can tell from certainty.
    both["logit"] = logit(mean.clip(1e-7, 1 - 1e-7))
    return both[["id", "logit"]].merge(tables[0].drop(columns="logit"), on="id")


def _scale(cards: Sequence[ModelCard]) -> float | None:
    """Evidence in full colour: where members agree, the average's logit moves by the mean of what theirs move."""
    scales = [card.heatmap_scale and card.heatmap_scale * card.calibration.slope for card in cards]
    return float(np.mean([scale for scale in scales if scale])) if all(scales) else None


def _copy_weights(model, network, layer: str, names: tuple[str, str]) -> None:
    """Copies a member's weights into its two halves."""
    import keras

    from fracture_core.zoo.architecture import LOGIT_LAYER

    grid = network.get_layer(layer).output
    parts = keras.Model(network.input, grid), keras.Model(grid, network.get_layer(LOGIT_LAYER).output)
    for name, part in zip(names, parts, strict=True):
        model.get_layer(name).set_weights(part.get_weights())
