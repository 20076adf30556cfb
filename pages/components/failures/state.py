"""View of the Failures page: in the session, and in the URL so that a link opens the same view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from fracture_core.errors import DataError, SecondLookError
from fracture_core.evaluation import subgroup_members
from fracture_core.evaluation.subgroup import needs_properties
from fracture_core.registry.card import ModelCard
from fracture_core.review import Review
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common import (
    boundary,
    browser_history,
    layout,
    resources,
    review_summary,
    test_record,
)
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, case_properties, similar_cases

MODEL_KEY, KIND_KEY, REGION_KEY, SORT_KEY = (
    "failures_model",
    "failures_kind",
    "failures_region",
    "failures_sort",
)
CASE_KEY, PAGE_KEY, SUBGROUP_KEY, REVIEW_KEY = (
    "failures_case",
    "failures_page",
    "failures_slice",
    "failures_filter",
)
SECOND_MODEL_KEY, SIMILAR_TO_KEY = "failures_with", "failures_like"
MATRIX_KEY, TAB_KEY = "failures_matrix_view", "failures_tab"

#: Titles of the tabs; the first is the gallery.
TABS = (
    "Cases",
    "Metrics",
    "Curves",
    "Predictive values",
    "Subgroups",
    "Findings",
    "Heatmaps",
    "Reviews",
)
_ARRIVED = "failures_arrived"

# URL parameters of the view, beside the threshold.
_IN_ADDRESS = {
    "model": MODEL_KEY,
    "kind": KIND_KEY,
    "region": REGION_KEY,
    "slice": SUBGROUP_KEY,
    "sort": SORT_KEY,
    "review": REVIEW_KEY,
    "case": CASE_KEY,
    "with": SECOND_MODEL_KEY,
    "like": SIMILAR_TO_KEY,
    "tab": TAB_KEY,
    "matrix": MATRIX_KEY,
}

#: Step of the threshold slider.
_STEP = 0.001

#: Ends and step of the prevalence slider, in percent.
_PREVALENCES, _PREVALENCE_STEP = (0.5, 90.0), 0.5


@dataclass(frozen=True, eq=False)
class CaseView:
    """Filters, order and open case of the page.

    Attributes:
        threshold: at or above it a case counts as *fracture*.
        cells: all test cases, as `case_list.with_cells` gives it.
        kind: a key of `case_list.CASE_FILTERS`.
        region: a region, "" for all.
        subgroup: title of a subgroup, "" for all.
        members: ids of the cases in the subgroup; None for all, and while they are unknown.
        sort: a key of `case_list.SORT_ORDERS`.
        case: id of the open case, "" for none.
        review: a key of `review_summary.REVIEW_FILTERS`.
        reviewed: ids of the cases that pass this filter.
        reviews: all reviews of the model's images.
        load_distances: returns the distance of each case to the one they are sorted by, by id; None until it is known.
            It is called only for the list, because it may load the model.
    """

    threshold: float
    cells: pd.DataFrame
    kind: str
    region: str
    subgroup: str
    members: frozenset[str] | None
    sort: str
    case: str
    review: str
    reviewed: frozenset[str]
    reviews: tuple[Review, ...]
    load_distances: Callable[[], pd.Series | None]

    def films(self) -> pd.DataFrame:
        """The listed cases, in order."""
        cells = self.cells if self.members is None else self.cells[self.cells["id"].isin(self.members)]
        if self.sort == case_list.SIMILARITY_SORT:
            distances = self.load_distances()
            # Until the distances are known, the most confident predictions come first.
            cells = cells.assign(
                distance=-cells["confidence"] if distances is None else cells["id"].map(distances)
            )
        films = case_list.filter_cases(cells, self.kind, self.region, self.sort)
        return films[films["id"].isin(self.reviewed)].reset_index(drop=True)


def choose_model(ids: list[str], in_use: str) -> str:
    """Ask for the model; the model in use is the default."""
    _read_address()
    wanted = st.session_state.get(MODEL_KEY, in_use)
    if wanted not in ids:
        st.warning(
            f"Model “{layout.escape_markdown(wanted)}” is not on this computer. Showing the model in use."
        )
        wanted = in_use
    st.session_state[MODEL_KEY] = wanted
    return st.selectbox(
        "Model",
        ids,
        format_func=model_title,
        key=MODEL_KEY,
        on_change=boundary.callback(show_list),
        persist_state="session",
    )


def open_model(model: str) -> None:
    """Show the list of all cases of a model when the page is opened next."""
    _forget_view()
    st.session_state[_ARRIVED] = True  # the URL of another page is not read
    st.session_state[MODEL_KEY] = model


def model_title(model: str) -> str:
    """Title and id of a model; only its id where its card is damaged."""
    try:
        return f"{resources.model_store().card(model).title} ({model})"
    except SecondLookError:
        return model


def choose_threshold(card: ModelCard) -> float:
    """Ask for the operating threshold; that of the card is the default."""
    key, own = f"failures_threshold {card.id}", slider_place(card.thresholds.balanced)
    place = st.slider(
        "Operating threshold",
        0.0,
        1.0,
        step=_STEP,
        format="%.3f",
        key=key,
        persist_state="session",
        help=f"Images with a probability at or above it count as “{card.finding}”.",
    )
    if place != own:
        st.button(
            f"Reset to {own:.3f}, chosen on the validation images",
            key="failures_reset",
            type="tertiary",
            on_click=boundary.callback(_set),
            args=(key, own),
        )
    return threshold_at(place, card.thresholds.balanced)


def current_threshold(card: ModelCard) -> float:
    """The operating threshold of the session, whether its slider is drawn or not."""
    own = slider_place(card.thresholds.balanced)
    linked = st.session_state.pop("failures_threshold", None)
    place = st.session_state.setdefault(f"failures_threshold {card.id}", own if linked is None else linked)
    return threshold_at(place, card.thresholds.balanced)


def choose_prevalence(card: ModelCard, own: float) -> float:
    """Ask for the prevalence in percent; that of the test split is the default.

    Args:
        card: card of the model.
        own: prevalence in the test split, 0–1.
    """
    key, start = f"failures_prevalence {card.id}", _prevalence_place(own)
    linked = st.session_state.pop("failures_prevalence", None)
    st.session_state.setdefault(key, start if linked is None else linked)
    place = st.slider(
        "Prevalence",
        *_PREVALENCES,
        step=_PREVALENCE_STEP,
        format="%.1f%%",
        key=key,
        persist_state="session",
        help="Predictive values depend on it; sensitivity and specificity do not.",
    )
    # The slider is in a fragment, so it updates its own URL parameter.
    if place == start:
        st.query_params.pop("prevalence", None)
    else:
        st.query_params["prevalence"] = f"{place:.1f}"
    return place


def _prevalence_place(share: float) -> float:
    """Slider value of a share, 0–1."""
    low, high = _PREVALENCES
    return min(max(round(100 * share / _PREVALENCE_STEP) * _PREVALENCE_STEP, low), high)


def slider_place(balanced: float) -> float:
    """Slider value of a card's threshold."""
    return min(max(round(balanced, 3), 0.0), 1.0)


def threshold_at(place: float, balanced: float) -> float:
    """The threshold of a slider value.

    At the card's slider value it is the card's exact threshold, so that the page reproduces the card's metrics
    instead of those at a rounded threshold.
    """
    return balanced if abs(place - slider_place(balanced)) < _STEP / 2 else place


def current_view(record: TestRecord, threshold: float) -> CaseView:
    """The view in the session; values that do not fit the model are reset."""
    cells = case_list.with_cells(record.test, threshold, record.card.thresholds)
    state = st.session_state
    if state.setdefault(SIMILAR_TO_KEY, "") not in set(record.test["id"]):
        state[SIMILAR_TO_KEY] = ""
    second = _second_model(record)
    if second is not None:
        cells = case_list.with_second_model(cells, *second)
    _reset_invalid(KIND_KEY, case_list.available_filters(cells), case_list.ERRORS)
    _reset_invalid(REGION_KEY, ["", *case_list.regions_of(record.test)], "")
    _reset_invalid(SORT_KEY, available_orders(), "confidence")
    _reset_invalid(TAB_KEY, TABS, TABS[0])
    _reset_invalid(REVIEW_KEY, review_summary.REVIEW_FILTERS, "")
    members = _members(record)
    case = state.setdefault(CASE_KEY, "")
    if case and case not in set(record.test["id"]):
        st.warning(
            f"Case “{layout.escape_markdown(case)}” is not in the test split of this model. Choose one from the list."
        )
        case = state[CASE_KEY] = ""
    try:
        reviews = review_summary.review_store(record.card).all()
    except DataError:
        reviews = []  # the Reviews section shows the error
    reviewed = review_summary.filter_by_review(reviews, state[REVIEW_KEY], list(record.test["id"]))
    return CaseView(
        threshold,
        cells,
        state[KIND_KEY],
        state[REGION_KEY],
        state[SUBGROUP_KEY],
        members,
        state[SORT_KEY],
        case,
        state[REVIEW_KEY],
        reviewed,
        tuple(reviews),
        partial(similar_cases.distances, record, state[SIMILAR_TO_KEY]),
    )


def _second_model(record: TestRecord) -> tuple[pd.DataFrame, float] | None:
    """Predictions on its test images and threshold of the second model; None if there is none to compare with."""
    store, name = resources.model_store(), st.session_state.get(SECOND_MODEL_KEY, "")
    if not name or name not in store.ids():
        return None
    try:
        card, table = store.card(name), test_record.load_predictions(store, name)
    except SecondLookError:
        return None  # reported when it is compared on a case
    if card.finding != record.card.finding:
        return None
    return table[table["split"] == "test"], card.thresholds.balanced


def available_orders() -> list[str]:
    """The sort orders; similarity only once a case was chosen for it."""
    has_reference = bool(st.session_state.get(SIMILAR_TO_KEY))
    return [name for name in case_list.SORT_ORDERS if has_reference or name != case_list.SIMILARITY_SORT]


def list_like(case: str) -> None:
    """Sort the list by similarity to a case."""
    st.session_state[SIMILAR_TO_KEY] = case
    st.session_state[SORT_KEY] = case_list.SIMILARITY_SORT
    show_list()


def write_address(view: CaseView, record: TestRecord) -> None:
    """Write the view to the URL."""
    parameters = address_parameters(view, record)
    if st.query_params.to_dict() != parameters:
        st.query_params.from_dict(parameters)


def address_parameters(view: CaseView, record: TestRecord) -> dict[str, str]:
    """The view as URL parameters, without default values."""
    state = st.session_state
    own = slider_place(record.card.thresholds.balanced)
    place = state[f"failures_threshold {record.card.id}"]
    page = state.get(PAGE_KEY, 0)
    parameters = {
        "model": record.card.id,
        "kind": view.kind,
        "region": view.region,
        "slice": view.subgroup,
        "sort": "" if view.sort == "confidence" else view.sort,
        "like": state.get(SIMILAR_TO_KEY, "") if view.sort == case_list.SIMILARITY_SORT else "",
        "threshold": "" if place == own else f"{place:.3f}",
        # Written by `choose_prevalence`.
        "prevalence": st.query_params.get("prevalence", ""),
        "review": view.review,
        "page": "" if view.case or not page else str(page + 1),
        "case": view.case,
        "with": state.get(SECOND_MODEL_KEY, ""),
        "matrix": "threshold" if state.get(MATRIX_KEY) == "threshold" else "",
        "tab": "" if view.case or state[TAB_KEY] == TABS[0] else state[TAB_KEY],
    }
    return {name: value for name, value in parameters.items() if value}


@boundary.fragment
def show_link(record: TestRecord, view: CaseView) -> None:
    """Draw a button that shows the link to the view.

    Opening it redraws the link, because the prevalence slider redraws nothing else.
    """
    with st.popover("Link", key="failures_link", on_change="rerun"):
        st.code(
            page_url(st.context.url or "", address_parameters(view, record)), language=None, wrap_lines=True
        )
        st.caption("Opens this view on any computer with this app and this model. It contains no image.")


def page_url(page: str, parameters: dict[str, str]) -> str:
    """The link; relative where the browser did not send its address."""
    return f"{page}?{urlencode(parameters)}"


def show_cell(kind: str) -> None:
    """List the cases of one cell of the matrix."""
    st.session_state[KIND_KEY] = kind
    show_list()


def show_list() -> None:
    """Close the case and go to the first page of the list."""
    close_case(0)


def show_all_subgroups() -> None:
    """List the cases of all subgroups."""
    st.session_state[SUBGROUP_KEY] = ""
    show_list()


def open_case(case: str) -> None:
    """Open a case."""
    st.session_state[CASE_KEY] = case


def step_case(ids: list[str], by: int) -> None:
    """Open the previous (−1) or next (1) case.

    It starts from the case that is open now, so that two quick key presses move two cases.
    """
    _, before, after = case_list.neighbours(ids, st.session_state[CASE_KEY])
    case = before if by < 0 else after
    if case is not None:
        open_case(case)


def close_case(page: int) -> None:
    """Close the case and go to a page of the list."""
    st.session_state[CASE_KEY] = ""
    st.session_state[TAB_KEY] = TABS[0]
    st.session_state[PAGE_KEY] = page


def turn_to_page(page: int) -> None:
    """Go to a page of the list."""
    st.session_state[PAGE_KEY] = page


def _read_address() -> None:
    """Read the view from the URL once per session and after *Back*; otherwise the URL follows the session."""
    back = browser_history.came_back()
    if _ARRIVED in st.session_state and not back:
        return
    st.session_state[_ARRIVED] = True
    if back:
        _forget_view()
    params = st.query_params
    for name, key in _IN_ADDRESS.items():
        if params.get(name):
            st.session_state[key] = params[name]
    linked = parse_threshold(params.get("threshold", ""))
    if linked is not None:
        st.session_state["failures_threshold"] = linked
    page = parse_number(params.get("page", ""), 1, 1e6)
    if page is not None:
        st.session_state[PAGE_KEY] = int(page) - 1
    percent = parse_number(params.get("prevalence", ""), *_PREVALENCES)
    if percent is not None:
        st.session_state["failures_prevalence"] = _prevalence_place(percent / 100)


def _forget_view() -> None:
    """Remove the view from the session, so that what the URL does not name has its default value."""
    keys = {*_IN_ADDRESS.values(), PAGE_KEY}
    for key in map(str, list(st.session_state)):
        if key in keys or key.startswith(("failures_threshold ", "failures_prevalence ")):
            del st.session_state[key]


def parse_threshold(text: str) -> float | None:
    """Parse a threshold of the URL; None unless it is a number from 0 to 1."""
    value = parse_number(text, 0, 1)
    return None if value is None else round(value, 3)


def parse_number(text: str, low: float, high: float) -> float | None:
    """Parse a number of the URL; None unless it is from `low` to `high`."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if low <= value <= high else None


def _members(record: TestRecord) -> frozenset[str] | None:
    """Ids of the cases in the chosen subgroup; resets a subgroup that does not exist."""
    name = st.session_state.setdefault(SUBGROUP_KEY, "")
    if not name:
        return None
    known = case_properties.known_properties(record)
    found = subgroup_members(record.test, name, known)
    if found is not None:
        return frozenset(record.test["id"][found])
    work = case_properties.current_measurement(record)
    title = rephrase_for_finding(name, record.card.finding)
    if needs_properties(name) and (work is None or work.is_running):
        when = "the dataset folder is entered, under Cases" if work is None else "all images are measured"
        st.info(f"Subgroup “{layout.escape_markdown(title)}” is unknown until {when}. Showing all images.")
    else:
        st.warning(f"The test split has no subgroup “{layout.escape_markdown(title)}”. Showing all images.")
        st.session_state[SUBGROUP_KEY] = ""
    return None


def _reset_invalid(key: str, allowed, default: str) -> None:
    if st.session_state.get(key) not in allowed:
        st.session_state[key] = default


def _set(key: str, value: float) -> None:
    st.session_state[key] = value
