"""The view of the page Labels, in the session and in the URL."""

from __future__ import annotations

import streamlit as st

from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.registry.card import ModelCard
from pages.components.common import layout
from pages.components.failures import case_list, state

CASE_KEY, KIND_KEY, LABEL_KEY, SPLIT_KEY, REVIEW_KEY, PAGE_KEY = (
    "labels_film",
    "labels_kind",
    "labels_label",
    "labels_split",
    "labels_review",
    "labels_page",
)

#: Values of the label filter: all, 0 or 1.
LABEL_FILTERS = ("", "0", "1")

#: Values of the filter by the reason why an image is listed, with their names.
KIND_FILTERS = {"": "all", "both": "image with both labels", "unlike": "label unlike similar images"}


def read_address() -> None:
    """Read model and image from the URL when the page is opened."""
    if st.session_state.get("arrived"):
        params = st.query_params
        if params.get("model"):
            st.session_state[state.MODEL_KEY] = params["model"]
        st.session_state[CASE_KEY] = params.get("film", "")


def write_address(card: ModelCard) -> None:
    """Write the view into the URL."""
    params = {"model": card.id, "film": st.session_state.get(CASE_KEY, "")}
    params = {name: value for name, value in params.items() if value}
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)


def opened_issue(issues: LabelIssues) -> LabelIssue | None:
    """Return the opened image; None, with a warning, if it is not in the list."""
    case = st.session_state.setdefault(CASE_KEY, "")
    issue = issues.find(case) if case else None
    if case and issue is None:
        st.warning(f"The image “{layout.escape_markdown(case)}” is not in this list. Choose one from it.")
        st.session_state[CASE_KEY] = ""
    return issue


def filter_issues(issues: LabelIssues, reviewed: frozenset[str]) -> tuple[LabelIssue, ...]:
    """Return the images that match the filters: those with both labels first, then the least likely label.

    Args:
        issues: the results of the search.
        reviewed: ids of the images that match the filter by review.
    """
    state = st.session_state
    kind, label, split = state.get(KIND_KEY, ""), state.get(LABEL_KEY, ""), state.get(SPLIT_KEY, "")
    return tuple(
        issue
        for issue in issues.all_issues()
        if kind in ("", "both" if issues.has_both_labels(issue) else "unlike")
        and label in ("", str(issue.label))
        and split in ("", issue.split)
        and issue.case in reviewed
    )


def open_film(case: str) -> None:
    """Open an image; "" returns to the list."""
    st.session_state[CASE_KEY] = case


def current_page() -> int:
    """Return the page of the gallery, from 0."""
    return st.session_state.get(PAGE_KEY, 0)


def step_case(ids: list[str], by: int) -> None:
    """Open the previous (−1) or next (1) image, as `failures.state.step_case` does."""
    _, before, after = case_list.neighbours(ids, st.session_state[CASE_KEY])
    case = before if by < 0 else after
    if case is not None:
        open_film(case)


def turn_to_page(page: int) -> None:
    """Show a page of the gallery, from 0."""
    st.session_state[PAGE_KEY] = page
