"""Labels: films of a model's data set whose label is probably wrong, to look at again and to mark."""

import streamlit as st

from pages.parts import (
    failures_matrix,
    failures_review_files,
    folder,
    labels_film,
    labels_list,
    labels_search,
    labels_state,
    layout,
    model_record,
)
from pages.parts.failures_record import Record


def main() -> None:
    """Draws the page for the chosen model."""
    failures_matrix.style()
    layout.title(
        "Suspected label errors",
        "Films whose label disagrees with what the rest of the data set says of them: look at them again, and mark "
        "those whose label is wrong.",
    )
    labels_state.arrive()
    left, right = st.columns(2, gap="large", vertical_alignment="bottom")
    record = model_record.choose(left)
    if record is None:
        return
    with right:
        root = folder.choose(record.card, str(record.test["path"].iloc[0]))
    if root is None:
        st.info("Name the folder of the data set: every film in it is looked at.")
    else:
        _list(record)
    failures_review_files.show(record)
    labels_state.share(record.card)


def _list(record: Record) -> None:
    """The search, and what it found."""
    data = folder.resolved(folder.named(record.card))
    found = labels_search.show(record.card, data)
    if found is None:
        return
    film = labels_state.opened(found)
    if film is not None:
        labels_film.show(record, found, film)
    else:
        labels_list.show(record, found)


main()
