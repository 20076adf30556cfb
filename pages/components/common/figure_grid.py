"""Images with captions in a row that wraps."""

import html
from collections.abc import Iterable
from typing import NamedTuple

import streamlit as st


class Figure(NamedTuple):
    """One image.

    Attributes:
        picture: its URL, such as a data URI; "" if it cannot be read.
        alt: alternative text.
        title: first line of the caption; "" for none.
        words: the rest of the caption; "" for none.
    """

    picture: str
    alt: str
    title: str = ""
    words: str = ""


def show(figures: Iterable[Figure], name: str) -> None:
    """Draw images with their captions.

    Args:
        figures: the images.
        name: `data-testid` of the row.
    """
    content = "".join(map(_figure_html, figures))
    st.html(f'<div class="films" data-testid="{name}">{content}</div>')


def _figure_html(figure: Figure) -> str:
    image = (
        f'<img alt="{html.escape(figure.alt)}" src="{figure.picture}">'
        if figure.picture
        else '<div class="blank">cannot be read</div>'
    )
    title = f"<b>{html.escape(figure.title)}</b>" if figure.title else ""
    words = f"<small>{html.escape(figure.words)}</small>" if figure.words else ""
    caption = f"<figcaption>{title}{words}</figcaption>" if title or words else ""
    return f"<figure>{image}{caption}</figure>"
