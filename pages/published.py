"""The page Published systems: figures of five publications beside those of our runs of the same architectures."""

from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.published.published_report import load_reports
from fracture_core.published.run_result import load_results
from pages.components.published import overview, regions, system
from pages.components.train import state


def main() -> None:
    """Draw one table of all systems, error rates by region, and the details of each system."""
    st.html(Path(__file__).with_name("components") / "published" / "style.css")
    state.show_notice()
    st.markdown(
        "In the multi-region dataset 499 of 506 test images are duplicates of training images, in devbatrax 106 of "
        "600. Scores on such images are too high; the page **Data audit** finds them. Our accuracy, sensitivity and "
        "specificity use a threshold chosen on validation images to balance the last two; publications use 0.5. AUC "
        "does not depend on a threshold."
    )
    results = load_results(paths.published_dir() / "results")
    reports = load_reports(paths.published_dir())
    overview.show(reports, results)
    st.subheader("Error rates by body region", anchor=False)
    regions.show(results)
    st.subheader("Details", anchor=False)
    for report in reports:
        system.show(report, results)


main()
