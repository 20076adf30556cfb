"""Which model a page is about, and its record."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fracture_core.errors import SecondLookError
from pages.components.common import resources, test_record
from pages.components.common.test_record import TestRecord
from pages.components.failures import state


def choose_model(place: DeltaGenerator) -> TestRecord | None:
    """Lets the user choose a model; None, and why, where there is none or it has no record.

    Args:
        place: where the choice is drawn.
    """
    ids = resources.model_store().ids()
    if not ids:
        st.info(
            "There is no model on this computer yet: train one on the page Train, or add one on the command line."
        )
        return None
    with place:
        model = state.choose_model(ids, resources.model_store().model_in_use())
    try:
        return test_record.load_test_record(resources.model_store(), model)
    except SecondLookError as error:
        # Names a command in backticks, so it is not made plain.
        st.info(str(error))
        return None
