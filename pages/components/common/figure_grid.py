"""Films side by side in a row that wraps."""

import html
from collections.abc import Iterable
from typing import NamedTuple

import streamlit as st


class Figure(NamedTuple):
    """One film.

    Attributes:
        picture: its address, such as a data URI; "" where it cannot be read.
        alt: what it shows, for those who do not see it.
        title: the word above all others; "" for none.
        words: what else is said of it.
    """

    picture: str
    alt: str
    title: str = ""
    words: str = ""


def show(figures: Iterable[Figure], name: str) -> None:
    """Draws films with what is said of them.

    Args:
        figures: the films.
        name: for the browser tests.
    """
    drawn = "".join(map(_figure, figures))
    st.html(f'<div class="films" data-testid="{name}">{drawn}</div>')


def _figure(film: Figure) -> str:
    picture = (
        f'<img alt="{html.escape(film.alt)}" src="{film.picture}">'
        if film.picture
        else '<div class="blank">cannot be read</div>'
    )
    title = f"<b>{html.escape(film.title)}</b>" if film.title else ""
    words = f"<small>{html.escape(film.words)}</small>" if film.words else ""
    caption = f"<figcaption>{title}{words}</figcaption>" if title or words else ""
    return f"<figure>{picture}{caption}</figure>"
