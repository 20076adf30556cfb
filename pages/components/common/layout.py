"""Title and lead of a page, and escaping of Markdown."""

import html
import re

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def show_title(title: str, lead: str) -> None:
    """Draw the title of a page and one sentence about its purpose."""
    _restart_through_app()
    st.title(title, anchor=False)
    st.html(f'<p class="lead">{html.escape(lead)}</p>')


def escape_markdown(text: str) -> str:
    r"""Escape a text, such as a file name, for Markdown.

    Example:
        >>> print(escape_markdown("a_b.png"))
        a\_b\.png
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", text)


def _restart_through_app() -> None:
    """Rerun through app.py if Streamlit ran a page without it.

    Until `st.navigation` has run once in a server, Streamlit treats a folder named pages/ as its older multipage
    format. The first visitor who follows a link to a page would see it without menu.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
