"""Which model a page is about, and its record."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fracture_core.errors import SecondLookError
from pages.parts import failures_record, failures_state, resources
from pages.parts.failures_record import Record


def choose(place: DeltaGenerator) -> Record | None:
    """Lets the user choose a model; None, and why, where there is none or it has no record.

    Args:
        place: where the choice is drawn.
    """
    ids = resources.store().ids()
    if not ids:
        st.info(
            "There is no model on this computer yet: train one on the page Train, or add one on the command line."
        )
        return None
    with place:
        model = failures_state.choose_model(ids, resources.store().in_use())
    try:
        return failures_record.load(resources.store(), model)
    except SecondLookError as error:
        # Names a command in backticks, so it is not made plain.
        st.info(str(error))
        return None
