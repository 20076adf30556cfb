"""The frame of a page: title and lead."""

import html
import re

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def show_title(words: str, lead: str) -> None:
    """A page's title and the sentence that says what it is for."""
    _through_app()
    st.title(words, anchor=False)
    st.html(f'<p class="lead">{html.escape(lead)}</p>')


def escape_markdown(text: str) -> str:
    """A text, such as a file's name, that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", text)


def _through_app() -> None:
    """Starts over through app.py where Streamlit ran a page without it.

    A folder named pages/ is Streamlit's older kind of several pages, until `st.navigation` has run once in this
    server: the first visitor of a server who follows a link to a page would get it without frame and menu.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
