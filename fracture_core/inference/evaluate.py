"""A model of the registry against a labelled data set."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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
from fracture_core.inference.image_cache import decode_images, left_out
from fracture_core.inference.score import compute_logits, prediction_table
from fracture_core.registry.store import ModelStore
from fracture_core.vocabulary import finding_with_article


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured.

    Attributes:
        model: the model's id.
        split: which films.
        cases: the films, in the order of the table.
        table: predictions, as `evaluation.predictions` describes them.
        summary: the record over all films.
        states: verdicts against the truth.
        regions: the record by region.
        coverage: how often each verdict is given and wrong, by region, "" for all films.
        warnings: sentences to read before the numbers.
        finding: what label 1 of the data set means.
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

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values."""
        return {
            "model": self.model,
            "split": self.split,
            "all": self.summary.to_json(),
            "states": self.states.to_json(),
            "regions": {name: part.to_json() for name, part in self.regions.items()},
            "coverage": {name: part.to_json() for name, part in self.coverage.items()},
            "warnings": list(self.warnings),
        }

    def write_predictions(self, path: Path) -> None:
        """Writes the table."""
        predictions.write_predictions(path, self.table)

    def analyse_subgroups(
        self, cache: Path, progress: Callable[[int, int], None] | None = None
    ) -> SubgroupAnalysis:
        """Where the model fails. The films are read once more, for their brightness, contrast and resolution.

        Args:
            cache: folder in which what was measured of films is kept.
            progress: called with (films read, films).
        """
        films = {case.id: case.path for case in self.cases}
        known = case_properties(self.cases).join(measure_image_properties(films, cache, progress))
        return analyse_subgroups(self.table, self.summary.threshold, known)


def evaluate_model(
    store: ModelStore,
    model_id: str,
    root: Path,
    split: str = "test",
    layout: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measures a model on one split of a data set, or on all of it.

    Args:
        store: the models.
        model_id: which of them.
        root: the data set's folder, or a manifest.
        split: "train", "val", "test", or "all".
        layout: a layout's name, or "auto".
        progress: called with (films read, films).

    The films that were validated and tested on when the model was trained are known by name, and are the same
    again, even where the app would cut the set otherwise today.

    Returns:
        What was measured. A warning says so where the data set is another than that of the training, or the model
        has no record of that, because then training films may be among those measured; and where tested films
        stand in one group with training films.

    Raises:
        ModelError: the model is unknown or altered.
        DataError: the data set is missing, or the split is empty.
    """
    card, model = store.load(model_id)
    data = dataset.load_dataset(root, layout, int(card.training.get("seed", 0)))
    record = store.predictions(model_id) if store.has_predictions(model_id) else None
    known = with_training_split(data.cases, record) if record is not None else None
    cases = [case for case in known or data.cases if split in ("all", case.split)]
    if not cases:
        raise DataError(
            f"Expected films in the split {split} of {root}, but there are none: choose another split."
        )
    warnings = []
    if record is None:
        warnings.append(
            "The model does not say on which films it was trained and tested: if it was trained on some of these, "
            "these figures flatter it."
        )
    elif known is None:
        warnings.append(
            "This set does not hold the films on which the model was tested when it was trained: if it shares films "
            "with the training data, these figures flatter the model."
        )
    elif split in ("train", "all"):
        warnings.append("The model was trained on films among these: the figures flatter it.")
    else:
        trained = {case.group for case in known if case.split == "train"}
        leaks = sum(case.group in trained for case in cases)
        if leaks:
            warnings.append(
                f"{leaks} of these {len(cases)} films stand in one group with training films (a copy of one of them, "
                "or its neighbour): the figures flatter the model a little."
            )
    if data.finding != card.finding:
        warnings.append(
            f"The model was trained to find {finding_with_article(card.finding)}, but the labels of this set tell "
            f"{finding_with_article(data.finding)}: the figures compare two different questions."
        )
    with tempfile.TemporaryDirectory() as folder:
        decoded = decode_images(cases, card.input, Path(folder), progress)
        rows = np.flatnonzero(decoded.readable)
        scores = compute_logits(model, decoded.canvases, rows, card.input)
        errors = {cases[row].id: error for row, error in decoded.errors.items()}
        del decoded
    if errors:
        warnings.append(left_out(errors))
    kept = [cases[row] for row in rows]
    table = prediction_table(kept, data.root, scores, card.calibration)
    label, probability, group = table["label"], table["probability"], table["group"]
    cut = card.thresholds
    return Evaluation(
        model=model_id,
        split=split,
        cases=tuple(kept),
        table=table,
        summary=summarise(label, probability, group, cut.balanced),
        states=count_verdicts(label, probability, cut.low, cut.high),
        regions=summarise_by_region(label, probability, group, list(table["regions"]), cut.balanced),
        coverage=coverage_of_predictions(table, cut),
        warnings=tuple(warnings),
        finding=data.finding,
    )
