"""Teaching: failures of a model, collected and in order, shown one after the other and taken along."""

import streamlit as st

from fracture_core.errors import DataError
from pages.parts import (
    boundary,
    failures_list,
    failures_matrix,
    folder,
    layout,
    model_record,
    teaching_collect,
    teaching_lesson,
    teaching_order,
    teaching_state,
)
from pages.parts.failures_record import Record

_SHOW, _ORDER = "Show", "Order and notes"
_FAULT = "teaching_begin_fault"

#: Films of a teaching file that begins with the surest errors.
_FIRST = 10


def main() -> None:
    """Draws the page for the chosen model."""
    failures_matrix.style()
    layout.title(
        "Teaching",
        "Failures one after the other: the film, your guess, the model, the truth, and where the model looked.",
    )
    teaching_state.arrive()
    left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
    record = model_record.choose(left)
    if record is None:
        return
    names = teaching_collect.shelf(record.card).names()
    if not names:
        _begin(record)
        teaching_state.share(record.card, "")
        return
    with middle:
        name = teaching_state.opened(record.card, names)
    with right:
        root = folder.choose(record.card, str(record.test["path"].iloc[0]))
    try:
        collection = teaching_collect.shelf(record.card).get(name)
    except DataError as error:
        st.error(layout.plain(str(error)))
        return
    way = st.segmented_control(
        "View",
        (_SHOW, _ORDER),
        default=_SHOW,
        required=True,
        key="teaching_way",
        label_visibility="collapsed",
    )
    if way == _ORDER:
        teaching_order.show(record, root, collection)
    elif not collection.entries:
        st.info("This teaching file is empty: add films on the page Failures, under Films.")
    elif root is None:
        st.info("To show the films, name the folder of the data set above.")
    else:
        teaching_lesson.show(record, root, collection)
    teaching_state.share(record.card, name)


def _begin(record: Record) -> None:
    """What to do where there is no teaching file yet."""
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.plain(fault))
    st.info(
        "There is no teaching file of this model yet. On the page Failures, under Films, type a name into “Collect for "
        "teaching” and add films of the list or the film you have opened; or begin with the errors the model was "
        "surest of."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Begin with the {_FIRST} surest errors", on_click=boundary.callback(_surest), args=(record,)
        )
        st.page_link("pages/failures.py", label="Go to Failures")


def _surest(record: Record) -> None:
    cells = failures_list.with_cells(record.test, record.card.thresholds.balanced, record.card.thresholds)
    cases = tuple(failures_list.listed(cells, failures_list.ERRORS)["id"][:_FIRST])
    try:
        teaching_collect.shelf(record.card).change("Surest errors", lambda found: found.with_films(cases))
    except DataError as error:
        st.session_state[_FAULT] = str(error)


main()
