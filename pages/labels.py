"""Labels: films of a model's data set whose label is probably wrong, to look at again and to mark."""

import streamlit as st

from pages.components.common import data_folder, model_choice
from pages.components.common.test_record import TestRecord
from pages.components.failures import matrix, review_files
from pages.components.labels import issue, issue_list, search, state


def main() -> None:
    """Draws the page for the chosen model."""
    matrix.show_style()
    state.read_address()
    left, right = st.columns(2, gap="large", vertical_alignment="bottom")
    record = model_choice.choose_model(left)
    if record is None:
        return
    with right:
        root = data_folder.choose_folder(record.card, str(record.test["path"].iloc[0]))
    if root is None:
        st.info("Name the folder of the data set: every film in it is looked at.")
    else:
        _list(record)
    review_files.show(record)
    state.write_address(record.card)


def _list(record: TestRecord) -> None:
    """The search, and what it found."""
    data = data_folder.resolve_folder(data_folder.named_folder(record.card))
    found = search.show(record.card, data)
    if found is None:
        return
    film = state.opened_issue(found)
    if film is not None:
        issue.show(record, found, film)
    else:
        issue_list.show(record, found)


main()
