"""List of the findings on an image."""

import streamlit as st

from fracture_core.inference.predictor import Opinion
from fracture_core.report.finding_sentences import NO_BOX, finding_text, findings_meaning


def show(opinion: Opinion) -> None:
    """Draw the findings in the order of their numbers in the viewer; nothing for a model without findings.

    Args:
        opinion: the opinion on the image, with a probability.
    """
    if opinion.card.findings is None:
        return
    st.markdown("**Findings**" if opinion.findings else f"**Findings:** {NO_BOX}.")
    if opinion.findings:
        st.markdown(
            "\n".join(
                f"- Box {finding_text(number, finding)}" for number, finding in enumerate(opinion.findings, 1)
            )
        )
    if meaning := findings_meaning(opinion.card):
        st.caption(meaning)
