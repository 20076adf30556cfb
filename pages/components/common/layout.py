"""Title, lead and tabs of a page, and escaping of Markdown."""

import html
import re
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def show_title(title: str, lead: str) -> None:
    """Draw the title of a page and one sentence about its purpose."""
    _restart_through_app()
    st.title(title, anchor=False)
    st.html(f'<p class="lead">{html.escape(lead)}</p>')


def show_page_tabs(tabs: Sequence[tuple[str, str, bool]]) -> None:
    """Draw links between pages that are tabs of one page; nothing for a page without tabs.

    Args:
        tabs: script, name, and whether it is the open one.
    """
    with st.container(horizontal=True, key="page-tabs"):
        for file, name, is_open in tabs:
            with st.container(
                key=f"page-tab-{'open' if is_open else 'other'}-{name.lower()}", width="content"
            ):
                st.page_link(page=file, label=name)


def escape_markdown(text: str) -> str:
    r"""Escape a text that this program did not write, such as a file name or an error message, for Markdown.

    Every text that an element of Streamlit renders as Markdown passes through this function, unless it is ours;
    `tests/pages/test_markdown_escaping.py` checks that. Line breaks become spaces.

    Example:
        >>> print(escape_markdown("a_b.png"))
        a\_b\.png
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&=@])", r"\\\1", " ".join(text.splitlines()))


def _restart_through_app() -> None:
    """Rerun through app.py if Streamlit ran a page without it.

    Until `st.navigation` has run once in a server, Streamlit treats a folder named pages/ as its older multipage
    format. The first visitor who follows a link to a page would see it without menu.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
