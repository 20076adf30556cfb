"""From best weights to a model that the registry can take: calibration, thresholds, record, card."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fracture_core.datasets.layouts import find_layout
from fracture_core.datasets.recorded_split import recorded_split
from fracture_core.errors import DataError
from fracture_core.evaluation import (
    PlattCalibration,
    Thresholds,
    count_verdicts,
    coverage_of_predictions,
    predictions,
    summarise,
    summarise_by_region,
)
from fracture_core.explain.explainer import Explainer
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.methods import GRAD_CAM
from fracture_core.inference.score import compute_logits, prediction_table
from fracture_core.registry.card import DataRecord, ModelCard, WeightsFile
from fracture_core.registry.half_precision import round_kernels, save_weights
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.reference_prediction import reference_logit
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME
from fracture_core.registry.weights import WEIGHTS_SUFFIX
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training.auxiliary_heads import add_auxiliary_heads
from fracture_core.training.heatmap_scales import measure_heatmap_scales
from fracture_core.training.pointing import measure_pointing
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture

# What a model cannot tell, by what its labels say.
_LIMITS_BY_FINDING = {
    "fracture": "It answers one question, fracture or not, and knows nothing of dislocations, tumours, joints or soft "
    "tissue.",
    "abnormality": "It answers one question, abnormal or not, and does not say what is abnormal: a fracture is one "
    "possibility of several.",
}

_SINGLE_DATASET_LIMIT = (
    "It has been judged on one data set; nobody has tested it on films of another hospital."
)


def finish_run(run: Run, films: TrainingData, config: TrainingConfig, model: keras.Model) -> ModelCard:
    """Writes the run's result: weights, card and predictions.

    Calibration, thresholds and the heatmap's scale come from the validation split. Only then is the
    test split opened, once, and what it says stands.

    Args:
        run: the finished run.
        films: its data.
        config: its settings.
        model: its network with the best weights; its kernels are rounded to half precision.

    Returns:
        The card of the result.
    """
    round_kernels(model)
    val = films.indices_of("val")
    val_logits = compute_logits(model, films.canvases, films.rows[val], films.spec)
    calibration, limits = _calibrate(val_logits, films.labels(val))
    thresholds = Thresholds.choose(films.labels(val), calibration.apply(val_logits))
    cam = GradCam(model, find_architecture(config.architecture).heatmap_layer)
    scales = measure_heatmap_scales(Explainer(model, cam.cut, films.spec), films)

    test = films.indices_of("test")
    test_logits = compute_logits(model, films.canvases, films.rows[test], films.spec)
    partial = run.folder / "result.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    table = predictions.write_predictions(
        partial / PREDICTIONS_NAME,
        pd.concat(
            [
                prediction_table([films.cases[at] for at in index], films.data.root, scores, calibration)
                for index, scores in ((val, val_logits), (test, test_logits))
            ]
        ),
    )
    weights = partial / f"{config.architecture}{WEIGHTS_SUFFIX}"
    save_weights(model, weights)
    card = replace(
        _card(run, films, config, model, calibration, thresholds, scales, weights, table, limits),
        test_pointing=measure_pointing(cam, films, test),
    )
    add_auxiliary_heads(partial, card, model, films)
    shutil.rmtree(run.result, ignore_errors=True)
    partial.rename(run.result)
    return ModelCard.load(run.result / CARD_NAME)


def _calibrate(scores: np.ndarray, labels: np.ndarray) -> tuple[PlattCalibration, tuple[str, ...]]:
    """Platt's scaling, and a limit to state where the network gives it nothing to hold on to."""
    try:
        return PlattCalibration.fit(scores, labels), ()
    except DataError:
        return PlattCalibration.identity(), (
            "Its output does not rise with the labels of the validation films: it has learnt nothing of use, and its "
            "probabilities are not calibrated.",
        )


def _card(
    run: Run,
    films: TrainingData,
    config: TrainingConfig,
    model: keras.Model,
    calibration: PlattCalibration,
    thresholds: Thresholds,
    scales: dict[str, float],
    weights: Path,
    table: pd.DataFrame,
    limits: tuple[str, ...],
) -> ModelCard:
    row = find_architecture(config.architecture)
    origin = find_layout(films.data.source or films.data.layout)
    val, test = (table[table["split"] == split] for split in ("val", "test"))
    label, probability, group = test["label"], test["probability"], test["group"]
    regions = summarise_by_region(label, probability, group, list(test["regions"]), thresholds.balanced)
    seen = ", ".join(regions) or "regions that its data set does not name"
    counts = {
        split: np.bincount(films.labels(films.indices_of(split)), minlength=2).tolist()
        for split in ("train", "val", "test")
    }
    return ModelCard(
        id=run.name,
        title=", ".join(
            [row.title, *(["fine-tuned"] if config.backbone_weights else []), f"{config.input.width} px"]
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        architecture=row.name,
        input=config.input,
        heatmap_layer=row.heatmap_layer,
        heatmap_scale=scales.get(GRAD_CAM.name),
        heatmap_scales={name: scale for name, scale in scales.items() if name != GRAD_CAM.name},
        weights=WeightsFile(weights.name, sha256_of_file(weights), weights.stat().st_size),
        golden=reference_logit(model, config.input),
        calibration=calibration,
        thresholds=thresholds,
        data=DataRecord(
            name=origin.citation or films.data.root.name or origin.title,
            licence=origin.licence,
            layout=films.data.layout,
            split_hash=films.data.split_hash,
            split_rule=_split_rule(films, config.seed),
            counts=counts,
            checked=films.data.leaks == 0,
            finding=films.data.finding,
        ),
        validation=summarise(val["label"], val["probability"], val["group"], thresholds.balanced),
        test=summarise(label, probability, group, thresholds.balanced),
        test_states=count_verdicts(label, probability, thresholds.low, thresholds.high),
        test_regions=regions,
        test_coverage=coverage_of_predictions(test, thresholds),
        limits=(
            *limits,
            f"It has been trained on {seen}; any other region is outside what it has seen.",
            _LIMITS_BY_FINDING[films.data.finding],
            _SINGLE_DATASET_LIMIT,
            *origin.limits,
        ),
        training=config.without_local_paths().to_json(),
        command=config.command(),
    )


def _split_rule(films: TrainingData, seed: int) -> str:
    """How the films came to their splits, and whether that leaks."""
    if not films.data.own_split and recorded_split(films.data.cases) is not None:
        return (
            "as written down for this set, whatever the seed: by group and duplicate cluster, stratified by label and "
            "region"
        )
    if not films.data.own_split:
        return f"by group and duplicate cluster, stratified by label and region, seed {seed}"
    leaks = films.data.leaks
    if not leaks:
        return "as given; no group and no picture stands on two sides"
    return f"as given; {leaks:,} films to validate or test on share a group or a picture with training films"
