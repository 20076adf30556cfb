"""Evaluation of a model on a labelled dataset."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fracture_core.acceptance import AcceptanceTest, measure_acceptance
from fracture_core.datasets import dataset
from fracture_core.datasets.cases import Case, case_properties
from fracture_core.datasets.image_properties import measure_image_properties
from fracture_core.datasets.split import with_training_split
from fracture_core.errors import DataError
from fracture_core.evaluation import (
    SubgroupAnalysis,
    Summary,
    VerdictCounts,
    VerdictCoverage,
    analyse_subgroups,
    count_verdicts,
    coverage_of_predictions,
    predictions,
    summarise,
    summarise_by_region,
)
from fracture_core.explain.trust_record import HeatmapTrust
from fracture_core.findings import FindingsRecord, measure_findings
from fracture_core.findings.choose_settings import mark_image
from fracture_core.inference.fracture_maps import map_images
from fracture_core.inference.heatmap_trust import load_second_model, marked_images, measure_heatmap_trust
from fracture_core.inference.image_cache import DecodedImages, decode_images, unreadable_files_message
from fracture_core.inference.score import compute_logits, prediction_table
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.card import ModelCard
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import ModelStore
from fracture_core.vocabulary import finding_with_article


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Results of an evaluation.

    Attributes:
        model: Id of the model.
        split: Name of the evaluated split, or "all".
        cases: Evaluated cases, in the order of the table.
        table: Predictions, with the columns of `evaluation.predictions`.
        summary: Metrics over all cases.
        states: Counts of verdicts by label.
        regions: Metrics by body region.
        coverage: Frequency and error rate of each verdict by region; "" for all cases.
        warnings: Warnings that limit the interpretation.
        finding: Meaning of label 1 in the dataset.
        findings: How well the boxes of the model mark the fractures; None if the dataset marks none, or for a model
            without findings.
        heatmap_trust: Results of the trust tests of the heatmap methods; None if they were not requested or the dataset
            marks no fracture.
        acceptance: Comparison with the model's card, sample sizes and thresholds with guarantees; only of a whole
            dataset without the model's own images.
    """

    model: str
    split: str
    cases: tuple[Case, ...]
    table: pd.DataFrame
    summary: Summary
    states: VerdictCounts
    regions: dict[str, Summary]
    coverage: dict[str, VerdictCoverage]
    warnings: tuple[str, ...]
    finding: str
    findings: FindingsRecord | None = None
    heatmap_trust: HeatmapTrust | None = None
    acceptance: AcceptanceTest | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as JSON values."""
        return {
            "model": self.model,
            "split": self.split,
            "all": self.summary.to_json(),
            "states": self.states.to_json(),
            "regions": {name: summary.to_json() for name, summary in self.regions.items()},
            "coverage": {name: coverage.to_json() for name, coverage in self.coverage.items()},
            "warnings": list(self.warnings),
            "findings": self.findings.to_json() if self.findings else None,
            "heatmaps": self.heatmap_trust.to_json() if self.heatmap_trust else None,
            "acceptance": self.acceptance.to_json() if self.acceptance else None,
        }

    def write_predictions(self, path: Path) -> None:
        """Write the table of predictions as CSV."""
        predictions.write_predictions(path, self.table)

    def analyse_subgroups(self, cache: Path, progress: ProgressCallback | None = None) -> SubgroupAnalysis:
        """Find subgroups with worse results. All images are read again to measure brightness, contrast and resolution.

        Args:
            cache: Folder of the cached measurements.
            progress: Called with (stage, images done, images).

        Returns:
            Metrics and tests of each subgroup.
        """
        images = {case.id: case.path for case in self.cases}
        properties = case_properties(self.cases).join(measure_image_properties(images, cache, progress))
        return analyse_subgroups(self.table, self.summary.threshold, properties)


def evaluate_model(
    store: ModelStore,
    model_id: str,
    root: Path,
    split: str = "test",
    layout: str = "auto",
    progress: ProgressCallback | None = None,
    heatmaps: bool = False,
    second_model: str = "",
) -> Evaluation:
    """Evaluate a model on one split of a dataset, or on all of it.

    Cases that the model's record lists as validation or test cases keep that split, even if the dataset would be
    split differently today.

    Args:
        store: Models on this computer.
        model_id: Model to evaluate.
        root: Folder of the dataset, or a manifest.
        split: "train", "val", "test", or "all".
        layout: Name of a dataset layout, or "auto".
        progress: Called with (stage, images done, images).
        heatmaps: Whether to test the heatmap methods too.
        second_model: Model of another training, to test the repeatability of heatmaps; "" for none.

    Returns:
        The results. A warning states if training images may be among the evaluated ones, or if evaluated images share
        a group with training images.

    Raises:
        ModelError: The model is unknown or was changed.
        DataError: The dataset is missing, or the split is empty.
    """
    second = load_second_model(store, model_id, second_model) if heatmaps and second_model else None
    card, model = store.load(model_id)
    data = dataset.load_dataset(root, layout, int(card.training.get("seed", 0)))
    record = store.predictions(model_id) if store.has_predictions(model_id) else None
    split_cases = with_training_split(data.cases, record) if record is not None else None
    cases = [case for case in split_cases or data.cases if split in ("all", case.split)]
    if not cases:
        raise DataError(f"The split {split} of {root} has no images: choose another split.")
    warnings = []
    if record is None:
        warnings.append(
            "The model has no record of its training and test images. If it was trained on some of these images, the "
            "figures are too optimistic."
        )
    elif split_cases is None:
        warnings.append(
            "This dataset does not contain the test images of the model. If it shares images with the training data, "
            "the figures are too optimistic."
        )
    elif split in ("train", "all"):
        warnings.append("The model was trained on some of these images, so the figures are too optimistic.")
    else:
        training_groups = {case.group for case in split_cases if case.split == "train"}
        leaks = sum(case.group in training_groups for case in cases)
        if leaks:
            warnings.append(
                f"{leaks} of these {len(cases)} images share a group with training images (such as a duplicate or the "
                "same patient), so the figures are slightly too optimistic."
            )
    if data.finding != card.finding:
        warnings.append(
            f"The model was trained to find {finding_with_article(card.finding)}, but the labels of this dataset state "
            f"{finding_with_article(data.finding)}. The figures compare two different questions."
        )
    with tempfile.TemporaryDirectory() as folder:
        decoded = decode_images(cases, card.input, Path(folder), progress)
        rows = np.flatnonzero(decoded.readable)
        scores = compute_logits(model, decoded.canvases, rows, card.input)
        errors = {cases[row].id: error for row, error in decoded.errors.items()}
        readable_cases = [cases[row] for row in rows]
        findings = _measure_findings(store, card, readable_cases, decoded, rows)
        trust = None
        if heatmaps:
            sizes = [(int(height), int(width)) for height, width in decoded.sizes[rows]]
            marked = marked_images(readable_cases, [decoded.canvases[row] for row in rows], sizes)
            if marked:
                network = ExportedNetwork(exported_network_path(store.root / card.id, card))
                trust = measure_heatmap_trust(card, model, network, marked, split, second, progress)
            else:
                warnings.append("The heatmaps were not tested, because the images mark no fractures.")
            del marked
        del decoded
    if errors:
        warnings.append(unreadable_files_message(errors))
    table = prediction_table(readable_cases, data.root, scores, card.calibration)
    label, probability, group = table["label"], table["probability"], table["group"]
    thresholds = card.thresholds
    summary = summarise(label, probability, group, thresholds.balanced)
    return Evaluation(
        model=model_id,
        split=split,
        cases=tuple(readable_cases),
        table=table,
        summary=summary,
        states=count_verdicts(label, probability, thresholds.low, thresholds.high),
        regions=summarise_by_region(label, probability, group, list(table["regions"]), thresholds.balanced),
        coverage=coverage_of_predictions(table, thresholds),
        warnings=tuple(warnings),
        finding=data.finding,
        findings=findings,
        heatmap_trust=trust,
        # Nothing is guaranteed from images that the model was trained on.
        acceptance=measure_acceptance(card, table, summary)
        if split == "all" and split_cases is None
        else None,
    )


def _measure_findings(
    store: ModelStore, card: ModelCard, cases: list[Case], decoded: DecodedImages, rows: NDArray[np.intp]
) -> FindingsRecord | None:
    """Measure the boxes of the model on the images whose fractures are marked."""
    settings = card.findings
    if settings is None or not any(case.boxes for case in cases):
        return None
    network = ExportedNetwork(exported_network_path(store.root / card.id, card))
    sizes = [(int(height), int(width)) for height, width in decoded.sizes[rows]]
    mapped = map_images(network, card.input, cases, [decoded.canvases[row] for row in rows], sizes)
    return measure_findings([mark_image(image, settings) for image in mapped], settings)
