"""Choice of a model, and its test record."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fracture_core.errors import SecondLookError
from pages.components.common import layout, resources, test_record
from pages.components.common.test_record import TestRecord
from pages.components.failures import state


def choose_model(place: DeltaGenerator) -> TestRecord | None:
    """Draw the choice of a model and load its test record.

    Args:
        place: container for the choice.

    Returns:
        The test record; None, with a message, if there is no model or it has no record.
    """
    ids = resources.model_store().ids()
    if not ids:
        st.info(
            "There is no model on this computer yet. Train one on the page Train, or add one on the command line."
        )
        return None
    with place:
        model = state.choose_model(ids, resources.model_store().model_in_use())
    try:
        return test_record.load_test_record(resources.model_store(), model)
    except SecondLookError as error:
        st.info(layout.escape_markdown(str(error)))
        return None
