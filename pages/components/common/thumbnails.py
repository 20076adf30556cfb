"""Small pictures of films, made once."""

from pathlib import Path

import streamlit as st

from fracture_core.audit.thumbnail import thumbnail_data_uri as data_uri


@st.cache_data(max_entries=800, show_spinner=False)
def thumbnail_data_uri(path: str) -> str:
    """A film as a data URI, letterboxed into a square; "" where it cannot be read."""
    return data_uri(Path(path))
