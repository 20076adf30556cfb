"""What of the suspected labels is being looked at: kept for the session, and in the address."""

from __future__ import annotations

import streamlit as st

from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.registry.card import ModelCard
from pages.components.failures import case_list, state

CASE_KEY, LABEL_KEY, SPLIT_KEY, REVIEW_KEY, PAGE_KEY = (
    "labels_film",
    "labels_label",
    "labels_split",
    "labels_review",
    "labels_page",
)

#: Labels that a list can be narrowed to: any, 0 or 1.
LABEL_FILTERS = ("", "0", "1")


def read_address() -> None:
    """Takes model and film from the address, whenever the page is come to."""
    if st.session_state.get("arrived"):
        params = st.query_params
        if params.get("model"):
            st.session_state[state.MODEL_KEY] = params["model"]
        st.session_state[CASE_KEY] = params.get("film", "")


def write_address(card: ModelCard) -> None:
    """Writes the view into the address."""
    params = {"model": card.id, "film": st.session_state.get(CASE_KEY, "")}
    params = {name: value for name, value in params.items() if value}
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)


def opened_issue(found: LabelIssues) -> LabelIssue | None:
    """The opened film; None where none is, or where it is not listed any more."""
    case = st.session_state.setdefault(CASE_KEY, "")
    film = found.find(case) if case else None
    if case and film is None:
        st.warning(f"The film “{case}” is not on this list: choose one from it.")
        st.session_state[CASE_KEY] = ""
    return film


def filter_issues(found: LabelIssues, marks: frozenset[str]) -> tuple[LabelIssue, ...]:
    """The suspected films that the filters keep, the most doubtful first.

    Args:
        found: the list.
        marks: ids that the filter by review keeps.
    """
    state = st.session_state
    label, split = state.get(LABEL_KEY, ""), state.get(SPLIT_KEY, "")
    return tuple(
        film
        for film in found.suspected
        if label in ("", str(film.label)) and split in ("", film.split) and film.case in marks
    )


def open_film(case: str) -> None:
    """Opens a film; "" goes back to the list."""
    st.session_state[CASE_KEY] = case


def current_page(name: str) -> int:
    """The page, from 0, at which a list of that name stands."""
    return st.session_state.get(f"{PAGE_KEY} {name}", 0)


def step_case(ids: list[str], by: int) -> None:
    """Opens the film before (−1) or after (1) the one that is open; `state.step_case` says why."""
    _, before, after = case_list.neighbours(ids, st.session_state[CASE_KEY])
    case = before if by < 0 else after
    if case is not None:
        open_film(case)


def turn_to_page(page: int, name: str = "suspect") -> None:
    """Turns to a page of a list."""
    st.session_state[f"{PAGE_KEY} {name}"] = page
