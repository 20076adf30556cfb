"""Published systems: what five reports state, beside our runs of the same architectures."""

from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.published.published_report import load_reports
from fracture_core.published.run_result import load_results
from pages.components.published import regions, system
from pages.components.train import state


def main() -> None:
    """Draws a part for each system."""
    st.html(Path(__file__).with_name("components") / "published" / "style.css")
    state.show_notice()
    st.markdown(
        "A score is worth what its test films are worth. In the multi-region set 499 of 506 test films show a picture "
        "that is also in training, in devbatrax 106 of 600: a network can answer those from memory. The page "
        "**Data audit** finds them. Our accuracy, sensitivity and specificity are taken at the threshold that was "
        "chosen on validation films to balance the last two; reports take 0.5. AUC depends on no threshold."
    )
    found = load_results(paths.published_dir() / "results")
    st.subheader("Does it fail on hands?", anchor=False)
    regions.show(found)
    for report in load_reports(paths.published_dir()):
        system.show(report, found)


main()
