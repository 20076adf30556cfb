"""Comparison of runs and models in a table, and of two models on shared test images."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fracture_core.errors import ModelError, SecondLookError
from fracture_core.evaluation import Interval
from fracture_core.evaluation.paired import PairedComparison, compare_paired, shared_predictions
from fracture_core.io.csv_safety import escape_formula
from fracture_core.registry import inference_speed
from fracture_core.registry.card import ModelCard
from fracture_core.registry.release_checks import difference_text
from fracture_core.registry.store import CARD_NAME, ModelStore
from fracture_core.runs.run import ACTIVE_STATUSES, Run
from fracture_core.vocabulary import finding_with_article

#: Folder of measured inference speeds, relative to the folder of runs.
SPEED_FOLDER = Path(".cache") / "speed"


@dataclass(frozen=True)
class ComparedModel:
    """A model, or a run whose result is not a stored model.

    Attributes:
        name: Name of the model or run.
        kind: "model" or "run".
        state: "in use" or "" for a model; the status of a run.
        card: Card; None for a run without a result, or if it cannot be read.
        speed: Inference speed on this computer; None if it was not measured.
        epochs: Metrics of each completed epoch of the run.
        fault: Why the card cannot be read; "" if it can.
    """

    name: str
    kind: str
    state: str
    card: ModelCard | None
    speed: inference_speed.InferenceSpeed | None
    epochs: Sequence[dict[str, Any]] = ()
    fault: str = ""


def compared_models(store: ModelStore, runs: Path) -> list[ComparedModel]:
    """List all models, and all runs whose result is not among them.

    Args:
        store: Models on this computer.
        runs: Folder of the runs.

    Returns:
        The models in the order of the store, then the runs.
    """
    models = []
    from_runs = {entry.name: entry for entry in (_entry_of_run(run, runs) for run in Run.all(runs))}
    in_use = store.model_in_use() if store.ids() else ""
    for model_id in store.ids():
        state = "in use" if model_id == in_use else ""
        try:
            card = store.card(model_id)
        except SecondLookError as error:
            models.append(ComparedModel(model_id, "model", state, None, None, fault=str(error)))
            continue
        source = next((name for name, run in from_runs.items() if _is_result_of(run, card)), "")
        epochs = from_runs.pop(source).epochs if source else ()
        models.append(
            ComparedModel(
                model_id,
                "model",
                state,
                card,
                inference_speed.load_inference_speed(card, runs / SPEED_FOLDER),
                epochs,
            )
        )
    return [*models, *from_runs.values()]


def _is_result_of(run: ComparedModel, card: ModelCard) -> bool:
    """Check whether a model is the result of a run."""
    return run.card is not None and run.card.weights.sha256 == card.weights.sha256


def _entry_of_run(run: Run, runs: Path) -> ComparedModel:
    state, epochs = run.state().status, run.epochs()
    # A run that is trained again still has its previous result.
    if state in ACTIVE_STATUSES or not (run.result / CARD_NAME).is_file():
        return ComparedModel(run.name, "run", state, None, None, epochs)
    try:
        card = ModelCard.load(run.result / CARD_NAME)
    except SecondLookError as error:
        return ComparedModel(run.name, "run", state, None, None, epochs, str(error))
    return ComparedModel(
        run.name, "run", state, card, inference_speed.load_inference_speed(card, runs / SPEED_FOLDER), epochs
    )


def comparison_table(entries: Iterable[ComparedModel]) -> pd.DataFrame:
    """Build the table of models and runs for display.

    Args:
        entries: Models and runs.

    Returns:
        One row per entry; unknown values are empty.
    """
    table = pd.DataFrame([_row(entry) for entry in entries], columns=list(_COLUMNS))
    return table.astype(dict.fromkeys(("Test films", "Groups", "Epochs"), "Int64"))


def comparison_to_csv(entries: Sequence[ComparedModel]) -> str:
    """Write the table as CSV with one number per cell and escaped spreadsheet formulas.

    Args:
        entries: Models and runs.

    Returns:
        The CSV text.
    """
    rows = []
    for entry, row in zip(entries, comparison_table(entries).to_dict(orient="records"), strict=True):
        for name in _MEASURED:
            del row[name]
        for name, key in _MEASURED.items():
            interval = getattr(entry.card.test, key) if entry.card and entry.card.test else Interval.unknown()
            row |= {name: interval.value, f"{name} low": interval.low, f"{name} high": interval.high}
        data = entry.card.data if entry.card else None
        row["Split"] = data.split_hash if data else ""
        row[_SPEED] = entry.speed.middle if entry.speed else None
        rows.append(
            {name: escape_formula(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        )
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n", float_format="%.6g")


_MEASURED = {"AUC": "auc", "Sensitivity": "sensitivity", "Specificity": "specificity"}
_SPEED = "A film here, ms"
_COLUMNS = (
    "Name", "Kind", "State", *_MEASURED, "Test films", "Groups", "Data", "Split", "Network", "MB", _SPEED, "Epochs",
    "Training, min", "Best validation AUC", "Made",
)  # fmt: skip


def _row(entry: ComparedModel) -> tuple[Any, ...]:
    card, epochs = entry.card, entry.epochs
    test = card.test if card else None
    data = card.data if card else None
    val_aucs = [epoch["val_auc"] for epoch in epochs if epoch.get("val_auc") is not None]
    return (
        entry.name,
        entry.kind,
        entry.fault or entry.state,
        *(_short(getattr(test, key)) if test else "" for key in _MEASURED.values()),
        test.n if test else None,
        test.groups if test else None,
        data.name if data else "",
        data.split_hash[:8] if data else "",
        card.title if card else "",
        round(card.weights.bytes / 1e6, 1) if card else None,
        entry.speed.text() if entry.speed else "",
        len(epochs) or None,
        round(sum(epoch.get("seconds", 0.0) for epoch in epochs) / 60, 1) if epochs else None,
        round(max(val_aucs), 3) if val_aucs else None,
        card.created[:10] if card else "",
    )


def _short(interval: Interval) -> str:
    """Format value and interval without the number of images, which has its own column."""
    return interval.text().replace("95% CI ", "").split(", n =")[0] + (")" if interval.is_measured else "")


def compare_models(store: ModelStore, first: str, second: str) -> tuple[PairedComparison, pd.DataFrame]:
    """Compare two models on the test images they share.

    Args:
        store: Models on this computer.
        first: Id of the first model.
        second: Id of the second model.

    Returns:
        The comparison, and the shared images from `evaluation.paired.shared_predictions`.

    Raises:
        ModelError: Both ids are equal, a model is unknown, or the models share no test images.
        DataError: A model has no predictions, or all shared images have one label.
    """
    if first == second:
        raise ModelError(f"{first} was given twice: choose two different models.")
    images = shared_test_images(*((store.card(name), store.predictions(name)) for name in (first, second)))
    return compare_paired(images), images


def shared_test_images(
    first: tuple[ModelCard, pd.DataFrame], second: tuple[ModelCard, pd.DataFrame]
) -> pd.DataFrame:
    """Find the test images that two models share.

    Args:
        first: Card and predictions of the first model.
        second: Card and predictions of the second model.

    Returns:
        The table of `evaluation.paired.shared_predictions`, one row per image.

    Raises:
        ModelError: The models share no test images.
    """
    (first_card, first_table), (second_card, second_table) = first, second
    images = (
        shared_predictions(first_table, second_table)
        if _is_same_dataset(first_card, second_card)
        else pd.DataFrame()
    )
    if images.empty:
        details = " and ".join(
            f"{card.id} on {(table['split'] == 'test').sum():,} images of "
            f"{card.data.name if card.data else 'unknown data'}"
            for card, table in (first, second)
        )
        raise ModelError(
            f"The two models share no test images ({details}): choose two models of one dataset, or evaluate both on "
            "the same images."
        )
    return images


def _is_same_dataset(first: ModelCard, second: ModelCard) -> bool:
    """Check whether two models were trained on the same dataset and finding."""
    if first.data is None or second.data is None:
        return False
    return (first.data.name, first.finding) == (second.data.name, second.finding)


def comparison_sentence(comparison: PairedComparison, first: str, second: str, finding: str) -> str:
    """Summarise a comparison in one sentence.

    Args:
        comparison: Comparison of two models.
        first: Name of the first model.
        second: Name of the second model.
        finding: Finding that both predict, from `vocabulary.FINDINGS`.

    Returns:
        The number of shared images, both AUCs, and whether they differ significantly.
    """
    images = (
        f"On {comparison.first.n:,} shared test images in {comparison.groups:,} groups ({comparison.positives:,} with "
        f"{finding_with_article(finding)})"
    )
    aucs = (
        f"AUC {comparison.first.value:.3f} and {comparison.second.value:.3f}, difference "
        f"{difference_text(comparison.difference)}"
    )
    if comparison.is_significant:
        better, other = (first, second) if comparison.difference.value > 0 else (second, first)
        return f"{images}, the AUC of {better} is higher than that of {other}: {aucs}."
    return f"{images}, the AUCs of {first} and {second} do not differ significantly: {aucs}."
