"""The frame of a page: title and lead."""

import html

import streamlit as st


def title(words: str, lead: str) -> None:
    """A page's title and the sentence that says what it is for."""
    st.title(words, anchor=False)
    st.html(f'<p class="lead">{html.escape(lead)}</p>')
