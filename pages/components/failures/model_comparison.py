"""A second model on the opened film: what it said of it, and where it looked."""

from __future__ import annotations

import html
from collections.abc import Container
from dataclasses import dataclass

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import label_text, verdict_text
from pages.components.common import case_images, resources, test_record
from pages.components.common.case_images import DisplayedCase
from pages.components.common.test_record import TestRecord
from pages.components.failures import state


@dataclass(frozen=True, eq=False)
class SecondModel:
    """Another model and the opened film.

    Attributes:
        card: the model's.
        probability: of its finding; None where it is neither on record nor could be asked.
        source: a sentence on where this comes from, and what to mind.
        look: where it looked; None where it was not asked.
    """

    card: ModelCard
    probability: float | None
    source: str
    look: DisplayedCase | None


def choose_model(record: TestRecord) -> str:
    """Asks which model to compare with; "" for none."""
    others = [name for name in resources.model_store().ids() if name != record.card.id]
    if not others:
        return ""
    if st.session_state.get(state.SECOND_MODEL_KEY) not in others:
        st.session_state[state.SECOND_MODEL_KEY] = ""
    return st.selectbox(
        "Compare with another model",
        ["", *others],
        format_func=lambda name: state.model_title(name) if name else "none",
        key=state.SECOND_MODEL_KEY,
        persist_state="session",
        help="Its verdict and heatmap appear beside those of this model, on the same film.",
    )


def ask_second_model(name: str, record: TestRecord, row: dict, root: str | None) -> SecondModel | None:
    """What another model says of the film; None, with a sentence, where it cannot be compared.

    Args:
        name: the model's id.
        record: of the model whose films are listed.
        row: of the film in its record.
        root: the data folder, None where none is named.
    """
    try:
        card = resources.model_store().card(name)
        found = test_record.load_predictions(resources.model_store(), name)
        index = resources.load_neighbours(card)
    except SecondLookError as error:
        st.warning(str(error))
        return None
    mine = found[(found["id"] == row["id"]) & (found["path"] == row["path"])]
    look, fault = None, ""
    if root is not None:
        try:
            look = case_images.explain_case(card, root, row["path"])
        except SecondLookError as error:
            fault = str(error)
    if len(mine):
        split, recorded = str(mine["split"].iloc[0]), float(mine["probability"].iloc[0])
        return SecondModel(card, recorded, f"{_SOURCES[split]} {fault}".strip(), look)
    source = unrecorded_text(
        record.card, card, row["id"], frozenset(index.cases.tolist()) if index is not None else ()
    )
    if look is not None and look.probability is not None:
        return SecondModel(card, look.probability, source, look)
    why = fault or (
        "Name the folder of the data set to ask it."
        if root is None
        else " ".join(look.reasons if look else ())
    )
    return SecondModel(card, None, f"Its record does not hold this film. {why}", look)


_SOURCES = {
    "test": "One of its own test films.",
    "val": "One of its validation films: its calibration and thresholds were fitted to them.",
    "train": "It was trained on this film.",
}
_TESTED = "One of its own test films; asked just now, for its record does not hold it."
_UNKNOWN = "Asked just now: its record does not hold this film, and it may have been trained on it."


def unrecorded_text(own: ModelCard, other: ModelCard, case: str, trained: Container[str]) -> str:
    """What is known of a test film of one model that the record of another does not hold.

    Args:
        own: the model that was tested on the film.
        other: the second one.
        case: the film's id.
        trained: ids of the second one's training films, as far as known.
    """
    if own.data and other.data:
        if own.data.split_hash == other.data.split_hash:
            return _TESTED
        # Films of two data sets may have one id.
        if own.data.name == other.data.name and case in trained:
            return _SOURCES["train"]
    return _UNKNOWN


def comparison_html(found: SecondModel, own: ModelCard, row: dict, threshold: float) -> str:
    """Both models on the film, as an HTML table.

    Args:
        found: the second model.
        own: the card of the first.
        row: of the film in the first one's record.
        threshold: at which the first one's answer is taken; the second one's is taken at its own.
    """
    cut = found.card.thresholds.balanced
    mine = _said(own, float(row["probability"]), threshold)
    theirs = _said(found.card, found.probability, cut)
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{html.escape(first)}</td><td>{html.escape(other)}</td></tr>'
        for name, first, other in zip(
            ("Verdict", "Probability", "At its threshold"), mine, theirs, strict=True
        )
    )
    head = "".join(f'<th scope="col">{html.escape(card.title)}</th>' for card in (own, found.card))
    return (
        '<div class="wide"><table class="numbers compared" aria-label="Two models on this film"><thead><tr><th></th>'
        f"{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        f'<p class="count" data-testid="compared">{html.escape(agreement_text(found, own, row, threshold))}</p>'
        f'<p class="note">{html.escape(found.card.title)}: {html.escape(found.source)}</p>'
    )


def _said(card: ModelCard, probability: float | None, threshold: float) -> tuple[str, str, str]:
    if probability is None:
        return "–", "–", "–"
    verdict = verdict_text(card.thresholds.verdict(probability), card.finding)
    called = label_text(probability >= threshold, card.finding)
    return verdict, f"{probability:.3f}", f"{called} ({threshold:.3f})"


def agreement_text(found: SecondModel, own: ModelCard, row: dict, threshold: float) -> str:
    """Whether both are right, at the first one's threshold and the second one's own."""
    if found.probability is None:
        return "Nothing to compare yet."
    if found.card.finding != own.finding:
        return f"They answer different questions: one looks for {own.finding}, the other for {found.card.finding}."
    label = bool(row["label"])
    right = (float(row["probability"]) >= threshold) == label
    other = (found.probability >= found.card.thresholds.balanced) == label
    if right and other:
        return "Both are right."
    if not right and not other:
        return "Both are wrong."
    return f"Only {own.title if right else found.card.title} is right."
