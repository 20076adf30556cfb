"""From best weights to a model that the registry can take: calibration, thresholds, record, card."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from fracture_core.imaging import normalise_canvas
from fracture_core.inference.score import compute_logits, prediction_table
from fracture_core.registry.card import DataRecord, ModelCard, WeightsFile
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.half_precision import round_kernels, save_weights
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.network_files import NETWORK_NAME, add_exported_network
from fracture_core.registry.reference_prediction import reference_logit
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME
from fracture_core.registry.weights import WEIGHTS_SUFFIX
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training.auxiliary_heads import add_auxiliary_heads
from fracture_core.training.findings import add_findings
from fracture_core.training.heatmap_scales import measure_heatmap_scales
from fracture_core.training.pointing import measure_pointing
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture

# Limits of a model by the finding it was trained on.
_LIMITS_BY_FINDING = {
    "fracture": "It answers one question, fracture or not. It does not detect dislocations, tumours, or changes of "
    "joints or soft tissue.",
    "abnormality": "It answers one question, abnormal or not, and does not state what is abnormal. A fracture is one "
    "of several possibilities.",
}

# Validation images on which the exported network must agree with Keras.
_COMPARED_IMAGES = 32

_SINGLE_DATASET_LIMIT = "It was evaluated on one dataset only, not on images of another hospital."


def finish_run(run: Run, data: TrainingData, config: TrainingConfig, model: keras.Model) -> ModelCard:
    """Write the result of a run: weights, card and predictions.

    Calibration, thresholds and heatmap scales are set on the validation split. The test split is then evaluated once.

    Args:
        run: Finished run.
        data: Data of the run.
        config: Settings of the run.
        model: Network with the best weights; its kernels are rounded to half precision.

    Returns:
        The card of the result.
    """
    round_kernels(model)
    val = data.indices_of("val")
    val_logits = compute_logits(model, data.canvases, data.rows[val], data.spec)
    calibration, limits = _calibrate(val_logits, data.labels(val))
    thresholds = Thresholds.choose(data.labels(val), calibration.apply(val_logits))
    cam = GradCam(model, find_architecture(config.architecture).heatmap_layer)
    scales = measure_heatmap_scales(Explainer(model, cam.cut, data.spec), data)

    test = data.indices_of("test")
    test_logits = compute_logits(model, data.canvases, data.rows[test], data.spec)
    partial = run.folder / "result.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    table = predictions.write_predictions(
        partial / PREDICTIONS_NAME,
        pd.concat(
            [
                prediction_table(
                    [data.cases[position] for position in index], data.dataset.root, scores, calibration
                )
                for index, scores in ((val, val_logits), (test, test_logits))
            ]
        ),
    )
    weights = partial / f"{config.architecture}{WEIGHTS_SUFFIX}"
    save_weights(model, weights)
    card = replace(
        _card(run, data, config, model, calibration, thresholds, scales, weights, table, limits),
        test_pointing=measure_pointing(cam, data, test),
    )
    card = add_exported_network(partial, card, model, _comparison_images(data, val))
    card = add_findings(card, ExportedNetwork(partial / NETWORK_NAME), data)
    add_auxiliary_heads(partial, card, model, data)
    shutil.rmtree(run.result, ignore_errors=True)
    partial.rename(run.result)
    return ModelCard.load(run.result / CARD_NAME)


def _comparison_images(data: TrainingData, val: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return validation images on which Keras and the exported network are compared."""
    return normalise_canvas(data.canvases[data.rows[val[:_COMPARED_IMAGES]]], data.spec)


def _calibrate(
    scores: NDArray[np.float64], labels: NDArray[np.intp]
) -> tuple[PlattCalibration, tuple[str, ...]]:
    """Fit Platt scaling; return a limit for the card if the logits do not rise with the labels."""
    try:
        return PlattCalibration.fit(scores, labels), ()
    except DataError:
        return PlattCalibration.identity(), (
            "Its output does not rise with the labels of the validation images. It has learnt nothing useful, and its "
            "probabilities are not calibrated.",
        )


def _card(
    run: Run,
    data: TrainingData,
    config: TrainingConfig,
    model: keras.Model,
    calibration: PlattCalibration,
    thresholds: Thresholds,
    scales: dict[str, float],
    weights: Path,
    table: pd.DataFrame,
    limits: tuple[str, ...],
) -> ModelCard:
    architecture = find_architecture(config.architecture)
    layout = find_layout(data.dataset.source or data.dataset.layout)
    val, test = (table[table["split"] == split] for split in ("val", "test"))
    label, probability, group = test["label"], test["probability"], test["group"]
    regions = summarise_by_region(label, probability, group, list(test["regions"]), thresholds.balanced)
    trained_regions = ", ".join(regions) or "regions that its dataset does not state"
    counts = {
        split: np.bincount(data.labels(data.indices_of(split)), minlength=2).tolist()
        for split in ("train", "val", "test")
    }
    return ModelCard(
        id=run.name,
        title=", ".join(
            [
                architecture.title,
                *(["fine-tuned"] if config.backbone_weights else []),
                f"{config.input.width} px",
            ]
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        architecture=architecture.name,
        input=config.input,
        heatmap_layer=architecture.heatmap_layer,
        heatmap_scale=scales.get(GRAD_CAM.name),
        heatmap_scales={name: scale for name, scale in scales.items() if name != GRAD_CAM.name},
        weights=WeightsFile(weights.name, sha256_of_file(weights), weights.stat().st_size),
        golden=reference_logit(model, config.input),
        calibration=calibration,
        thresholds=thresholds,
        data=DataRecord(
            name=layout.citation or data.dataset.root.name or layout.title,
            licence=layout.licence,
            layout=data.dataset.layout,
            split_hash=data.dataset.split_hash,
            split_rule=_split_rule(data, config.seed),
            counts=counts,
            checked=data.dataset.leaks == 0,
            finding=data.dataset.finding,
        ),
        validation=summarise(val["label"], val["probability"], val["group"], thresholds.balanced),
        test=summarise(label, probability, group, thresholds.balanced),
        test_states=count_verdicts(label, probability, thresholds.low, thresholds.high),
        test_regions=regions,
        test_coverage=coverage_of_predictions(test, thresholds),
        limits=(
            *limits,
            f"It was trained on {trained_regions}. Results for any other region are unreliable.",
            _LIMITS_BY_FINDING[data.dataset.finding],
            _SINGLE_DATASET_LIMIT,
            *layout.limits,
        ),
        training=config.without_local_paths().to_json(),
        command=config.command(),
    )


def _split_rule(data: TrainingData, seed: int) -> str:
    """Describe how the dataset was split, and whether the split leaks."""
    if not data.dataset.own_split and recorded_split(data.dataset.cases) is not None:
        return (
            "fixed for this dataset, independent of the seed: by group and duplicate cluster, stratified by label and "
            "region"
        )
    if not data.dataset.own_split:
        return f"by group and duplicate cluster, stratified by label and region, seed {seed}"
    leaks = data.dataset.leaks
    if not leaks:
        return "as given; no group or image is in two splits"
    return f"as given; {leaks:,} films to validate or test on share a group or a picture with training films"
