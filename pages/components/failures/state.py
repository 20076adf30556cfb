"""What is being looked at: kept for the session, and in the address so that a link opens the same view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st

from fracture_core.errors import DataError, SecondLookError
from fracture_core.evaluation import subgroup_members
from fracture_core.evaluation.subgroup import needs_properties
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common import boundary, resources, review_summary
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
_ARRIVED = "failures_arrived"

# What of the view stands in the address, beside the threshold.
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
}

#: Step of the threshold slider.
_STEP = 0.001

#: Ends and step of the prevalence slider, in percent.
_PREVALENCES, _PREVALENCE_STEP = (0.5, 90.0), 0.5


@dataclass(frozen=True, eq=False)
class CaseView:
    """What is being looked at.

    Attributes:
        threshold: at or above it a film counts as *fracture*.
        cells: every test film, as `case_list.with_cells` gives it.
        kind: a key of `case_list.CASE_FILTERS`.
        region: one of the regions, "" for all.
        slice: the slice as `Part.title` names it, "" for all.
        members: ids of its films; None for all, also while nobody knows yet which are the slice's.
        sort: a key of `case_list.SORT_ORDERS`.
        case: id of the opened film, "" where none is.
        review: a key of `review_summary.REVIEW_FILTERS`.
        kept: ids of the films that this filter keeps.
        away: how far each film lies from the one they are ordered by, by id; None until that is known. It is asked only
            when films are listed, for the model may have to wake first, and the numbers of the page do not wait for it.
    """

    threshold: float
    cells: pd.DataFrame
    kind: str
    region: str
    slice: str
    members: frozenset[str] | None
    sort: str
    case: str
    review: str
    kept: frozenset[str]
    away: Callable[[], pd.Series | None]

    def films(self) -> pd.DataFrame:
        """The listed films, in order."""
        cells = self.cells if self.members is None else self.cells[self.cells["id"].isin(self.members)]
        if self.sort == case_list.SIMILARITY_SORT:
            away = self.away()
            # Until that is known the surest answers stand first.
            cells = cells.assign(distance=-cells["confidence"] if away is None else cells["id"].map(away))
        films = case_list.filter_cases(cells, self.kind, self.region, self.sort)
        return films[films["id"].isin(self.kept)].reset_index(drop=True)


def choose_model(ids: list[str], in_use: str) -> str:
    """The model to look at; the one in use until another is chosen."""
    _read_address()
    wanted = st.session_state.get(MODEL_KEY, in_use)
    if wanted not in ids:
        st.warning(f"There is no model “{wanted}” on this computer; this is the one in use.")
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


def model_title(model: str) -> str:
    """A model as users read it; its bare id where its card is broken, and the page then says so."""
    try:
        return f"{resources.model_store().card(model).title} ({model})"
    except SecondLookError:
        return model


def choose_threshold(card: ModelCard) -> float:
    """The operating threshold: the card's own until the slider is moved."""
    key, own = f"failures_threshold {card.id}", slider_place(card.thresholds.balanced)
    linked = st.session_state.pop("failures_threshold", None)
    st.session_state.setdefault(key, own if linked is None else linked)
    slider, reset = st.columns([4, 1], vertical_alignment="bottom")
    with slider:
        place = st.slider(
            "Operating threshold",
            0.0,
            1.0,
            step=_STEP,
            format="%.3f",
            key=key,
            persist_state="session",
            help=f"A film whose probability is at or above it counts as “{card.finding}”. Everything here follows it.",
        )
    with reset:
        st.button(
            "Reset",
            key="failures_reset",
            disabled=place == own,
            help=f"Back to {own:.3f}, which was chosen on the validation films.",
            on_click=boundary.callback(_set),
            args=(key, own),
            width="stretch",
        )
    return threshold_at(place, card.thresholds.balanced)


def choose_prevalence(card: ModelCard, own: float) -> float:
    """The share of fractures in a clinic, in percent; that of the test films until the slider is moved.

    Args:
        card: the model's.
        own: share among the test films, 0–1.
    """
    key, start = f"failures_prevalence {card.id}", _prevalence_place(own)
    linked = st.session_state.pop("failures_prevalence", None)
    st.session_state.setdefault(key, start if linked is None else linked)
    place = st.slider(
        rephrase_for_finding("Films with a fracture in a clinic", card.finding),
        *_PREVALENCES,
        step=_PREVALENCE_STEP,
        format="%.1f%%",
        key=key,
        persist_state="session",
        help="Predictive values depend on it; sensitivity and specificity do not.",
    )
    # This slider draws nothing else anew, so it writes its own part of the address.
    if place == start:
        st.query_params.pop("prevalence", None)
    else:
        st.query_params["prevalence"] = f"{place:.1f}"
    return place


def _prevalence_place(share: float) -> float:
    """Where a share, 0–1, lies on the slider."""
    low, high = _PREVALENCES
    return min(max(round(100 * share / _PREVALENCE_STEP) * _PREVALENCE_STEP, low), high)


def slider_place(balanced: float) -> float:
    """Where a card's threshold lies on the slider."""
    return min(max(round(balanced, 3), 0.0), 1.0)


def threshold_at(place: float, balanced: float) -> float:
    """The threshold that a place of the slider stands for.

    At the card's own place it is the card's exact number, so that the page repeats the card's record to the
    last film instead of one at a rounded threshold.
    """
    return balanced if abs(place - slider_place(balanced)) < _STEP / 2 else place


def current_view(record: TestRecord, threshold: float) -> CaseView:
    """The view as the session holds it, after mending what does not fit this model."""
    cells = case_list.with_cells(record.test, threshold, record.card.thresholds)
    state = st.session_state
    if state.setdefault(SIMILAR_TO_KEY, "") not in set(record.test["id"]):
        state[SIMILAR_TO_KEY] = ""
    _reset_invalid(KIND_KEY, case_list.CASE_FILTERS, case_list.ERRORS)
    _reset_invalid(REGION_KEY, ["", *case_list.regions_of(record.test)], "")
    _reset_invalid(SORT_KEY, available_orders(), "confidence")
    _reset_invalid(REVIEW_KEY, review_summary.REVIEW_FILTERS, "")
    members = _members(record)
    case = state.setdefault(CASE_KEY, "")
    if case and case not in set(record.test["id"]):
        st.warning(f"There is no film “{case}” in the test split of this model: choose one from the list.")
        case = state[CASE_KEY] = ""
    try:
        reviews = review_summary.review_store(record.card).all()
    except DataError:
        reviews = []  # where reviews are shown the page says why there are none
    kept = review_summary.filter_by_review(reviews, state[REVIEW_KEY], list(record.test["id"]))
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
        kept,
        partial(similar_cases.distances, record, state[SIMILAR_TO_KEY]),
    )


def available_orders() -> list[str]:
    """The orders to choose from; films are listed by likeness only once one was chosen to be like."""
    alike = bool(st.session_state.get(SIMILAR_TO_KEY))
    return [name for name in case_list.SORT_ORDERS if alike or name != case_list.SIMILARITY_SORT]


def list_like(case: str) -> None:
    """Lists the films by how alike they are to one."""
    st.session_state[SIMILAR_TO_KEY] = case
    st.session_state[SORT_KEY] = case_list.SIMILARITY_SORT
    show_list()


def write_address(seen: CaseView, record: TestRecord) -> None:
    """Writes the view into the address."""
    params = address_parameters(seen, record)
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)


def address_parameters(seen: CaseView, record: TestRecord) -> dict[str, str]:
    """The view as the address spells it; what is as at first is left out."""
    state = st.session_state
    own = slider_place(record.card.thresholds.balanced)
    place = state[f"failures_threshold {record.card.id}"]
    page = state.get(PAGE_KEY, 0)
    params = {
        "model": record.card.id,
        "kind": seen.kind,
        "region": seen.region,
        "slice": seen.slice,
        "sort": "" if seen.sort == "confidence" else seen.sort,
        "like": state.get(SIMILAR_TO_KEY, "") if seen.sort == case_list.SIMILARITY_SORT else "",
        "threshold": "" if place == own else f"{place:.3f}",
        # The slider of the prevalence looks after its own.
        "prevalence": st.query_params.get("prevalence", ""),
        "review": seen.review,
        "page": "" if seen.case or not page else str(page + 1),
        "case": seen.case,
        "with": state.get(SECOND_MODEL_KEY, "") if seen.case else "",
    }
    return {name: value for name, value in params.items() if value}


def show_cell(kind: str) -> None:
    """Lists the films of one cell of the matrix."""
    st.session_state[KIND_KEY] = kind
    show_list()


def show_list() -> None:
    """Closes the opened film and goes to the first page of the list."""
    st.session_state[CASE_KEY] = ""
    st.session_state[PAGE_KEY] = 0


def open_case(case: str) -> None:
    """Opens a film."""
    st.session_state[CASE_KEY] = case


def step_case(ids: list[str], by: int) -> None:
    """Opens the film before (−1) or after (1) the open one.

    It steps from the film that is open when it is called, so that two quick keys go two films on though the page was
    not drawn in between.
    """
    _, before, after = case_list.neighbours(ids, st.session_state[CASE_KEY])
    case = before if by < 0 else after
    if case is not None:
        open_case(case)


def close_case(page: int) -> None:
    """Back to the list, at the page on which the film stands."""
    st.session_state[CASE_KEY] = ""
    st.session_state[PAGE_KEY] = page


def turn_to_page(page: int) -> None:
    """Turns to a page of the list."""
    st.session_state[PAGE_KEY] = page


def _read_address() -> None:
    """Takes the view from the address, once a session: afterwards the session leads and the address follows."""
    if _ARRIVED in st.session_state:
        return
    st.session_state[_ARRIVED] = True
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


def parse_threshold(text: str) -> float | None:
    """A threshold as an address spells it; None for anything that is not a number from 0 to 1."""
    value = parse_number(text, 0, 1)
    return None if value is None else round(value, 3)


def parse_number(text: str, low: float, high: float) -> float | None:
    """A number as an address spells it; None for anything that is none from `low` to `high`."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if low <= value <= high else None


def _members(record: TestRecord) -> frozenset[str] | None:
    """Ids of the films of the chosen slice; one that these films do not have is forgotten once that is certain."""
    name = st.session_state.setdefault(SUBGROUP_KEY, "")
    if not name:
        return None
    known = case_properties.known_properties(record)
    found = subgroup_members(record.test, name, known)
    if found is not None:
        return frozenset(record.test["id"][found])
    work = case_properties.current_measurement(record)
    told = rephrase_for_finding(name, record.card.finding)
    if needs_properties(name) and (work is None or work.is_running):
        when = (
            "the folder of the data set is named, under Films" if work is None else "the films are measured"
        )
        st.info(f"The slice “{told}” is known once {when}; until then all films are listed.")
    else:
        st.warning(f"The test films of this model have no slice “{told}”: all films are listed.")
        st.session_state[SUBGROUP_KEY] = ""
    return None


def _reset_invalid(key: str, allowed, default: str) -> None:
    if st.session_state.get(key) not in allowed:
        st.session_state[key] = default


def _set(key: str, value: float) -> None:
    st.session_state[key] = value
