"""Published systems: what five reports state, beside our runs of the same architectures."""

from pathlib import Path

import streamlit as st

from fracture_core import places
from fracture_core.published.report import reports
from fracture_core.published.result import results
from pages.parts import layout, published_regions, published_row, train_state


def main() -> None:
    """Draws a part for each system."""
    st.html(Path(__file__).with_name("parts") / "published.css")
    layout.title(
        "Published systems",
        "What published fracture readers state of themselves, and what the same architectures reach in our runs: on "
        "the data they used as it is distributed, on that data without leaks, and on FracAtlas split by groups.",
    )
    train_state.show_notice()
    st.markdown(
        "A score is worth what its test films are worth. In the multi-region set 499 of 506 test films show a picture "
        "that is also in training, in devbatrax 106 of 600: a network can answer those from memory. The page "
        "**Data audit** finds them. Our accuracy, sensitivity and specificity are taken at the threshold that was "
        "chosen on validation films to balance the last two; reports take 0.5. AUC depends on no threshold."
    )
    found = results(places.published() / "results")
    st.subheader("Does it fail on hands?", anchor=False)
    published_regions.show(found)
    for report in reports(places.published()):
        published_row.show(report, found)


main()
