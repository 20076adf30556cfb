"""Title of a page, and Markdown escaping."""

import html
import re

import streamlit as st


def show_title(title: str, description: str) -> None:
    """Draw a page's title and, below it, what the page is for."""
    st.title(title, anchor=False)
    st.html(f'<p class="lead">{html.escape(description)}</p>')


def escape_markdown(text: str) -> str:
    """Escape a text, such as a file name, so that Markdown shows it unchanged."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", text)
