"""Small pictures of films, made once."""

from pathlib import Path

import streamlit as st

from fracture_core.data.audit.thumbnail import data_uri


@st.cache_data(max_entries=800, show_spinner=False)
def of(path: str) -> str:
    """A film as a data URI, letterboxed into a square; "" where it cannot be read."""
    return data_uri(Path(path))
