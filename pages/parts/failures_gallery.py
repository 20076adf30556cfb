"""The list of films: filters, pages of cards, download."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from fracture_core.errors import ImageReadError
from fracture_core.teaching.collection import Collection
from fracture_core.words import label_words, told_of, verdict_words
from pages.parts import (
    boundary,
    failures_alike,
    failures_films,
    failures_link,
    failures_list,
    failures_reviews,
    failures_state,
    folder,
    teaching_collect,
)
from pages.parts.failures_record import Record
from pages.parts.failures_state import View


def show(record: Record, seen: View) -> None:
    """Filters, the data folder, and a page of films."""
    st.subheader("Films", anchor=False)
    _filters(record)
    films = seen.films()
    root = folder.choose(record.card, film_of(record))
    finding = record.card.finding
    if seen.sort == failures_list.ALIKE and failures_alike.watch(record):
        st.button("Stop", key="failures_alike_stop", on_click=boundary.callback(_unlike), args=(record,))
    with st.container(horizontal=True, vertical_alignment="center", key="failures-count"):
        st.html(f'<p class="count">{html.escape(told_of(heading(seen, len(films)), finding))}</p>')
        st.download_button(
            "Download the list (CSV)",
            data=boundary.download(lambda: failures_list.to_csv(films, seen.threshold, finding)),
            file_name=f"{record.card.id}-{seen.kind}{'-' + seen.region if seen.region else ''}.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=films.empty,
        )
        failures_link.show(record, seen)
    if films.empty:
        st.info(
            "No film of this kind at this threshold: move the threshold, or choose another kind or another review."
        )
        return
    page = min(st.session_state.get(failures_state.PAGE, 0), failures_list.pages(len(films)) - 1)
    first = page * failures_list.PAGE
    shown = films.iloc[first : first + failures_list.PAGE]
    collection = teaching_collect.show(record.card, list(shown["id"]))
    _cards(record, collection, shown, root)
    pager("failures", page, failures_list.pages(len(films)), failures_state.turn_to)


def heading(seen: View, count: int) -> str:
    """What is listed, in words."""
    region = f", {seen.region}" if seen.region else ""
    region += f" ({seen.slice})" if seen.members is not None else ""
    review = f", {failures_reviews.FILTERS[seen.review]}" if seen.review else ""
    return f"{failures_list.KINDS[seen.kind]}{region}{review}: {count:,} of {len(seen.cells):,} test films"


def film_of(record: Record) -> str:
    """The path of one of its films below the data folder."""
    return str(record.test["path"].iloc[0])


def _filters(record: Record) -> None:
    kind, region, sort, review = st.columns(4)
    again = failures_state.show_list
    with kind:
        kinds = list(failures_list.KINDS)
        st.selectbox(
            "Kind",
            kinds,
            format_func=lambda name: told_of(failures_list.KINDS[name], record.card.finding),
            key=failures_state.KIND,
            on_change=boundary.callback(again),
            persist_state="session",
        )
    with region:
        names = ["", *failures_list.regions_of(record.test)]
        st.selectbox(
            "Region",
            names,
            format_func=lambda name: name or ("all regions" if len(names) > 1 else "not named in this data"),
            key=failures_state.REGION,
            disabled=len(names) == 1,
            on_change=boundary.callback(again),
            persist_state="session",
        )
    with sort:
        st.selectbox(
            "Order",
            failures_state.orders(),
            format_func=_order,
            key=failures_state.SORT,
            on_change=boundary.callback(again),
            persist_state="session",
            help="Confidence is the distance of a film's probability from the threshold, in log-odds; loss is how "
            "surprised the model was by the truth. To list films by likeness, open one and choose “List films like "
            "this”.",
        )
    with review:
        st.selectbox(
            "Review",
            list(failures_reviews.FILTERS),
            format_func=failures_reviews.FILTERS.__getitem__,
            key=failures_state.REVIEW,
            on_change=boundary.callback(again),
            persist_state="session",
        )


def _order(name: str) -> str:
    if name == failures_list.ALIKE:
        return f"Most like {failures_list.short(st.session_state[failures_state.LIKE])} first"
    return failures_list.SORTS[name][0]


def _unlike(record: Record) -> None:
    """Back to the order that was there at first; films are looked at no longer."""
    failures_alike.stop(record)
    st.session_state[failures_state.LIKE] = ""
    st.session_state[failures_state.SORT] = "confidence"


def _cards(record: Record, collection: Collection | None, films: pd.DataFrame, root: Path | None) -> None:
    with st.container(key="failures-gallery"):
        for number, row in enumerate(films.to_dict("records")):
            with st.container(key=f"failures-card-{number}", gap=None):
                picture = picture_of(root, row["path"], row["id"]) if root else ""
                st.html(card(row, picture, record.card.finding))
                st.button(
                    failures_list.short(row["id"]),
                    key=f"failures-open-{number}",
                    on_click=boundary.callback(failures_state.open_case),
                    args=(row["id"],),
                    width="stretch",
                )
                if collection is not None:
                    teaching_collect.button(record.card, collection, row["id"], f"teaching-add-{number}")


def card(row: dict, picture: str, finding: str) -> str:
    """The numbers of a film, below its picture where there is one, as HTML."""
    region = f" · {html.escape(', '.join(row['regions'].split()))}" if row["regions"] else ""
    kind = told_of(failures_list.WORDS[row["cell"]], finding)
    # Below 0 stand films whose distance is not known yet, infinitely far those that could not be judged.
    away = row.get("distance", -1.0)
    near = f" · distance {away:.2f}" if 0 <= away < math.inf else ""
    return (
        f'<div class="card {row["cell"]}">{picture}<div class="kind">{kind}</div>'
        f"<div>probability <b>{row['probability']:.3f}</b></div><div>{verdict_words(row['verdict'], finding)}</div>"
        f'<div class="small">truth: {label_words(row["label"], finding)}{region}{near}</div></div>'
    )


def picture_of(root: Path, path: str, case: str) -> str:
    """A thumbnail, or words in its place."""
    try:
        return failures_films.thumbnail(str(root), path, html.escape(f"Film {case}"))
    except ImageReadError:
        return '<div class="missing">This film cannot be read.</div>'


def pager(key: str, page: int, pages: int, turn: Callable[[int], None]) -> None:
    """The way to the pages before and after; nothing where there is one page only.

    Args:
        key: tells the pagers of a page apart.
        page: the one that is shown, from 0.
        pages: how many there are.
        turn: called with the page that is wanted.
    """
    if pages == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous page",
            key=f"{key}_page_back",
            disabled=page == 0,
            on_click=boundary.callback(turn),
            args=(page - 1,),
        )
        st.html(f'<span class="count">Page {page + 1} of {pages}</span>', width="content")
        st.button(
            "Next page",
            key=f"{key}_page_on",
            disabled=page + 1 == pages,
            on_click=boundary.callback(turn),
            args=(page + 1,),
        )
