"""The page Labels: probable label errors in the dataset of a model."""

import streamlit as st

from pages.components.common import context, data_folder
from pages.components.common.test_record import TestRecord
from pages.components.failures import matrix, review_files
from pages.components.labels import issue, issue_list, search, state


def main() -> None:
    """Draw the page for the chosen model."""
    matrix.show_style()
    state.read_address()
    chosen = context.choose()
    if chosen is None:
        return
    record = chosen.record
    if chosen.root is None:
        st.info("Enter the dataset folder to search its images for label errors.")
    else:
        _show_issues(record)
    review_files.show(record)
    state.write_address(record.card)


def _show_issues(record: TestRecord) -> None:
    """Draw the search and its results."""
    data = data_folder.resolve_folder(data_folder.named_folder(record.card))
    issues = search.show(record.card, data)
    if issues is None:
        return
    opened = state.opened_issue(issues)
    if opened is not None:
        issue.show(record, issues, opened)
    else:
        issue_list.show(record, issues)


main()
