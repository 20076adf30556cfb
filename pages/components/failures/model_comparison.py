"""Comparison with a second model on the open case."""

from __future__ import annotations

import html
from collections.abc import Container
from dataclasses import dataclass

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import label_text, verdict_text
from pages.components.common import case_images, layout, resources, test_record
from pages.components.common.case_images import DisplayedCase
from pages.components.common.test_record import TestRecord
from pages.components.failures import state


@dataclass(frozen=True, eq=False)
class SecondModel:
    """Answer of a second model on the open case.

    Attributes:
        card: card of the model.
        probability: of its finding, 0–1; None where it is neither recorded nor could be computed.
        source: where the probability comes from, in one sentence.
        explained: image and heatmap; None where they were not computed.
    """

    card: ModelCard
    probability: float | None
    source: str
    explained: DisplayedCase | None


def choose_model(record: TestRecord) -> str:
    """Ask for the second model; return its id, or "" for none."""
    others = [name for name in resources.model_store().ids() if name != record.card.id]
    if not others:
        return ""
    if st.session_state.get(state.SECOND_MODEL_KEY) not in others:
        st.session_state[state.SECOND_MODEL_KEY] = ""
    return st.selectbox(
        "Second model",
        ["", *others],
        format_func=lambda name: state.model_title(name) if name else "none",
        key=state.SECOND_MODEL_KEY,
        persist_state="session",
        help="Its verdict and heatmap appear beside those of this model, and the outcome can be that only one of the "
        "two is correct.",
    )


def ask_second_model(name: str, record: TestRecord, row: dict, root: str | None) -> SecondModel | None:
    """The answer of a second model on a case; None, with a warning on the page, where it cannot be compared.

    Args:
        name: the model's id.
        record: test record of the first model.
        row: row of the case in that record.
        root: dataset folder; None where it is unknown.
    """
    try:
        card = resources.model_store().card(name)
        found = test_record.load_predictions(resources.model_store(), name)
        index = resources.load_neighbours(card)
    except SecondLookError as error:
        st.warning(layout.escape_markdown(str(error)))
        return None
    mine = found[(found["id"] == row["id"]) & (found["path"] == row["path"])]
    explained, error_text = None, ""
    if root is not None:
        try:
            explained = case_images.explain_case(card, root, row["path"])
        except SecondLookError as error:
            error_text = str(error)
    if len(mine):
        split, recorded = str(mine["split"].iloc[0]), float(mine["probability"].iloc[0])
        return SecondModel(card, recorded, f"{_SOURCES[split]} {error_text}".strip(), explained)
    source = unrecorded_text(
        record.card, card, row["id"], frozenset(index.cases.tolist()) if index is not None else ()
    )
    if explained is not None and explained.probability is not None:
        return SecondModel(card, explained.probability, source, explained)
    why = error_text or (
        "Enter the dataset folder to compute its answer."
        if root is None
        else " ".join(explained.reasons if explained else ())
    )
    return SecondModel(card, None, f"Not recorded. {why}", explained)


_SOURCES = {
    "test": "One of its own test images.",
    "val": "One of its validation images, which were used for calibration and thresholds.",
    "train": "It was trained on this image.",
}
_TESTED = "One of its own test images; computed now, because it is not recorded."
_UNKNOWN = "Computed now; the model may have been trained on this image."


def unrecorded_text(own: ModelCard, other: ModelCard, case: str, trained: Container[str]) -> str:
    """How a case that a second model has no record of relates to that model's training data.

    Args:
        own: card of the model that was tested on the case.
        other: card of the second model.
        case: id of the case.
        trained: ids of the second model's training cases, as far as known.
    """
    if own.data and other.data:
        if own.data.split_hash == other.data.split_hash:
            return _TESTED
        # Ids are unique only within a dataset.
        if own.data.name == other.data.name and case in trained:
            return _SOURCES["train"]
    return _UNKNOWN


def comparison_html(found: SecondModel, own: ModelCard, row: dict, threshold: float) -> str:
    """Both answers as an HTML table.

    Args:
        found: the second model.
        own: card of the first model.
        row: row of the case in the first model's record.
        threshold: threshold of the first model; the second model uses its own.
    """
    cut = found.card.thresholds.balanced
    mine = _answer_cells(own, float(row["probability"]), threshold)
    theirs = _answer_cells(found.card, found.probability, cut)
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{html.escape(first)}</td><td>{html.escape(other)}</td></tr>'
        for name, first, other in zip(
            ("Verdict", "Probability", "At its threshold"), mine, theirs, strict=True
        )
    )
    head = "".join(f'<th scope="col">{html.escape(card.title)}</th>' for card in (own, found.card))
    return (
        '<div class="wide"><table class="numbers compared" aria-label="Two models on this image"><thead><tr><th></th>'
        f"{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        f'<p class="count" data-testid="compared">{html.escape(agreement_text(found, own, row, threshold))}</p>'
        f'<p class="note">{html.escape(found.card.title)}: {html.escape(found.source)}</p>'
    )


def _answer_cells(card: ModelCard, probability: float | None, threshold: float) -> tuple[str, str, str]:
    if probability is None:
        return "–", "–", "–"
    verdict = verdict_text(card.thresholds.verdict(probability), card.finding)
    called = label_text(probability >= threshold, card.finding)
    return verdict, f"{probability:.3f}", f"{called} ({threshold:.3f})"


def agreement_text(found: SecondModel, own: ModelCard, row: dict, threshold: float) -> str:
    """Which of both models is correct, each at its threshold."""
    if found.probability is None:
        return "No answer to compare yet."
    if found.card.finding != own.finding:
        return f"Not comparable: one model detects {own.finding}, the other {found.card.finding}."
    label = bool(row["label"])
    right = (float(row["probability"]) >= threshold) == label
    other = (found.probability >= found.card.thresholds.balanced) == label
    if right and other:
        return "Both are correct."
    if not right and not other:
        return "Both are wrong."
    return f"Only {own.title if right else found.card.title} is correct."
