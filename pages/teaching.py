"""Teaching: failures of a model, collected and in order, shown one after the other and taken along."""

import streamlit as st

from fracture_core.errors import DataError
from pages.components.common import boundary, data_folder, layout, model_choice
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, matrix
from pages.components.teaching import collect, order, presentation, state

_SHOW, _ORDER = "Show", "Order and notes"
_FAULT = "teaching_begin_fault"

#: Films of a teaching file that begins with the surest errors.
_FIRST = 10


def main() -> None:
    """Draws the page for the chosen model."""
    matrix.show_style()
    state.read_address()
    left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
    record = model_choice.choose_model(left)
    if record is None:
        return
    names = collect.lesson_store(record.card).names()
    if not names:
        _begin(record)
        state.write_address(record.card, "")
        return
    with middle:
        name = state.choose_lesson(record.card, names)
    with right:
        root = data_folder.choose_folder(record.card, str(record.test["path"].iloc[0]))
    try:
        collection = collect.lesson_store(record.card).load(name)
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
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
        order.show(record, root, collection)
    elif not collection.entries:
        st.info("This teaching file is empty: add films on the page Failures, under Films.")
    elif root is None:
        st.info("To show the films, name the folder of the data set above.")
    else:
        presentation.show(record, root, collection)
    state.write_address(record.card, name)


def _begin(record: TestRecord) -> None:
    """What to do where there is no teaching file yet."""
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))
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


def _surest(record: TestRecord) -> None:
    cells = case_list.with_cells(record.test, record.card.thresholds.balanced, record.card.thresholds)
    cases = tuple(case_list.filter_cases(cells, case_list.ERRORS)["id"][:_FIRST])
    try:
        collect.lesson_store(record.card).update("Surest errors", lambda found: found.with_cases(cases))
    except DataError as error:
        st.session_state[_FAULT] = str(error)


main()
