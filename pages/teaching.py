"""The page Teaching: collected failures of a model as a lesson."""

import streamlit as st

from fracture_core.errors import DataError
from pages.components.common import boundary, context, layout
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, matrix
from pages.components.teaching import collect, order, presentation, state

_LESSON_VIEW, _ORDER_VIEW = "Show", "Order and notes"
_ERROR_KEY = "teaching_begin_fault"

# Images of a teaching file made from the most confident errors.
_ERROR_COUNT = 10


def main() -> None:
    """Draw the page for the chosen model."""
    matrix.show_style()
    state.read_address()
    chosen = context.choose()
    if chosen is None:
        return
    record, root = chosen.record, chosen.root
    names = collect.lesson_store(record.card).names()
    if not names:
        _show_start(record)
        state.write_address(record.card, "")
        return
    left, right = st.columns([4, 6], gap="medium", vertical_alignment="bottom")
    with left:
        name = state.choose_lesson(record.card, names)
    try:
        lesson = collect.lesson_store(record.card).load(name)
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    view = right.segmented_control(
        "View",
        (_LESSON_VIEW, _ORDER_VIEW),
        default=_LESSON_VIEW,
        required=True,
        key="teaching_way",
        label_visibility="collapsed",
    )
    if view == _ORDER_VIEW:
        order.show(record, root, lesson)
    elif not lesson.entries:
        st.info("This teaching file is empty. Add images on the page Failures.")
    elif root is None:
        st.info("Enter the dataset folder above to show the images.")
    else:
        presentation.show(record, root, lesson)
    state.write_address(record.card, name)


def _show_start(record: TestRecord) -> None:
    """Draw the instructions for a model without teaching files."""
    error_message = st.session_state.pop(_ERROR_KEY, "")
    if error_message:
        st.error(layout.escape_markdown(error_message))
    st.info(
        "This model has no teaching file yet. On the page Failures, enter a name under “Collect for teaching” and add "
        "images; or start with the most confident errors of the model."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Start with the {_ERROR_COUNT} most confident errors",
            on_click=boundary.callback(_collect_errors),
            args=(record,),
        )
        st.page_link("pages/failures.py", label="Go to Failures")


def _collect_errors(record: TestRecord) -> None:
    cells = case_list.with_cells(record.test, record.card.thresholds.balanced, record.card.thresholds)
    cases = tuple(case_list.filter_cases(cells, case_list.ERRORS)["id"][:_ERROR_COUNT])
    try:
        collect.lesson_store(record.card).update(
            "Most confident errors", lambda lesson: lesson.with_cases(cases)
        )
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)


main()
