"""Runs and models beside one another, and two models on the same films."""

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

#: Below the folder of runs, what was measured of models on this computer.
SPEED_FOLDER = Path(".cache") / "speed"


@dataclass(frozen=True)
class ComparedModel:
    """A model, or a run whose result is no model here.

    Attributes:
        name: of the model or the run.
        kind: "model" or "run".
        state: "in use" or "" for a model; of a run as `Run.state` says it.
        card: its card; None for a run without a result, and where there is a fault.
        speed: of one film on this computer; None where nobody measured it.
        epochs: reports of the completed epochs of the run it comes from.
        fault: why the card cannot be read, "" where it can.
    """

    name: str
    kind: str
    state: str
    card: ModelCard | None
    speed: inference_speed.InferenceSpeed | None
    epochs: Sequence[dict[str, Any]] = ()
    fault: str = ""


def compared_models(store: ModelStore, runs: Path) -> list[ComparedModel]:
    """Every model, then every run whose result is not among them.

    Args:
        store: the models on this computer.
        runs: where runs lie.
    """
    found = []
    trained = {entry.name: entry for entry in (_entry_of_run(run, runs) for run in Run.all(runs))}
    in_use = store.model_in_use() if store.ids() else ""
    for model_id in store.ids():
        state = "in use" if model_id == in_use else ""
        try:
            card = store.card(model_id)
        except SecondLookError as error:
            found.append(ComparedModel(model_id, "model", state, None, None, fault=str(error)))
            continue
        source = next((name for name, run in trained.items() if _is_result_of(run, card)), "")
        epochs = trained.pop(source).epochs if source else ()
        found.append(
            ComparedModel(
                model_id,
                "model",
                state,
                card,
                inference_speed.load_inference_speed(card, runs / SPEED_FOLDER),
                epochs,
            )
        )
    return [*found, *trained.values()]


def _is_result_of(run: ComparedModel, card: ModelCard) -> bool:
    """Whether a run's result is this model."""
    return run.card is not None and run.card.weights.sha256 == card.weights.sha256


def _entry_of_run(run: Run, runs: Path) -> ComparedModel:
    state, epochs = run.state().status, run.epochs()
    # A run that is being trained anew still has its old result.
    if state in ACTIVE_STATUSES or not (run.result / CARD_NAME).is_file():
        return ComparedModel(run.name, "run", state, None, None, epochs)
    try:
        card = ModelCard.load(run.result / CARD_NAME)
    except SecondLookError as error:
        return ComparedModel(run.name, "run", state, None, None, epochs, str(error))
    return ComparedModel(
        run.name, "run", state, card, inference_speed.load_inference_speed(card, runs / SPEED_FOLDER), epochs
    )


def comparison_table(found: Iterable[ComparedModel]) -> pd.DataFrame:
    """A line for each, as users read it; what is not known is empty."""
    lines = pd.DataFrame([_line(entry) for entry in found], columns=list(_COLUMNS))
    return lines.astype(dict.fromkeys(("Test films", "Groups", "Epochs"), "Int64"))


def comparison_to_csv(found: Iterable[ComparedModel]) -> str:
    """The table as CSV, each number in a cell of its own, and each text one that a spreadsheet does not calculate."""
    lines = []
    for entry, line in zip(found, comparison_table(found).to_dict(orient="records"), strict=True):
        for name in _MEASURED:
            del line[name]
        for name, key in _MEASURED.items():
            measured = getattr(entry.card.test, key) if entry.card and entry.card.test else Interval.unknown()
            line |= {name: measured.value, f"{name} low": measured.low, f"{name} high": measured.high}
        data = entry.card.data if entry.card else None
        line["Split"] = data.split_hash if data else ""
        line[_SPEED] = entry.speed.middle if entry.speed else None
        lines.append(
            {name: escape_formula(cell) if isinstance(cell, str) else cell for name, cell in line.items()}
        )
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\n", float_format="%.6g")


_MEASURED = {"AUC": "auc", "Sensitivity": "sensitivity", "Specificity": "specificity"}
_SPEED = "A film here, ms"
_COLUMNS = (
    "Name", "Kind", "State", *_MEASURED, "Test films", "Groups", "Data", "Split", "Network", "MB", _SPEED, "Epochs",
    "Training, min", "Best validation AUC", "Made",
)  # fmt: skip


def _line(entry: ComparedModel) -> tuple[Any, ...]:
    card, epochs = entry.card, entry.epochs
    test = card.test if card else None
    data = card.data if card else None
    best = [line["val_auc"] for line in epochs if line.get("val_auc") is not None]
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
        round(sum(line.get("seconds", 0.0) for line in epochs) / 60, 1) if epochs else None,
        round(max(best), 3) if best else None,
        card.created[:10] if card else "",
    )


def _short(found: Interval) -> str:
    """The value and its interval, without the number of films, which has a column of its own."""
    return found.text().replace("95% CI ", "").split(", n =")[0] + (")" if found.is_measured else "")


def compare_models(store: ModelStore, first: str, second: str) -> tuple[PairedComparison, pd.DataFrame]:
    """Two models on the test films that they share.

    Args:
        store: the models on this computer.
        first: a model.
        second: another.

    Returns:
        The comparison, and the films as `evaluation.paired.shared_films` gives them.

    Raises:
        ModelError: it is one model twice, a model is unknown, or they share no test films.
        DataError: a model has no table of predictions, or the shared films are all of one class.
    """
    if first == second:
        raise ModelError(f"Expected two models, but got {first} twice: choose another one.")
    films = shared_test_images(*((store.card(name), store.predictions(name)) for name in (first, second)))
    return compare_paired(films), films


def shared_test_images(
    first: tuple[ModelCard, pd.DataFrame], second: tuple[ModelCard, pd.DataFrame]
) -> pd.DataFrame:
    """The test images that two models share.

    Args:
        first: card and predictions of a model.
        second: of another.

    Returns:
        The table that `evaluation.paired.shared_films` gives, with a row for each image.

    Raises:
        ModelError: there are none.
    """
    (card, table), (other, others) = first, second
    films = shared_predictions(table, others) if _one_set(card, other) else pd.DataFrame()
    if films.empty:
        told = " and ".join(
            f"{one.id} on {(part['split'] == 'test').sum():,} films of {one.data.name if one.data else 'unknown data'}"
            for one, part in (first, second)
        )
        raise ModelError(
            f"Expected two models with test films in common, but they share none ({told}): choose two models of one "
            "data set, or evaluate both on the same films."
        )
    return films


def _one_set(first: ModelCard, second: ModelCard) -> bool:
    """Whether films of one name can be the same film: the same data, and the same question."""
    if first.data is None or second.data is None:
        return False
    return (first.data.name, first.finding) == (second.data.name, second.finding)


def comparison_sentence(found: PairedComparison, first: str, second: str, finding: str) -> str:
    """What a comparison comes to, in words."""
    where = (
        f"On the {found.first.n:,} films in {found.groups:,} groups that both were tested on, {found.positives:,} of "
        f"them with {finding_with_article(finding)}"
    )
    areas = f"AUC {found.first.value:.3f} and {found.second.value:.3f}, difference {difference_text(found.difference)}"
    if found.is_significant:
        better, other = (first, second) if found.difference.value > 0 else (second, first)
        return f"{where}, {better} ranks better than {other}: {areas}."
    return f"{where}, nothing shows that {first} or {second} ranks better: {areas}."
