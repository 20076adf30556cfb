"""The list of films: filters, pages of cards, download."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from fracture_core.errors import ImageReadError
from fracture_core.teaching.lesson import Lesson
from fracture_core.vocabulary import label_text, rephrase_for_finding, verdict_text
from pages.components.common import boundary, case_images, data_folder, review_summary
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, link, similar_cases, state
from pages.components.failures.state import CaseView
from pages.components.teaching import collect


def show(record: TestRecord, seen: CaseView) -> None:
    """Filters, the data folder, and a page of films."""
    st.subheader("Films", anchor=False)
    _filters(record)
    films = seen.films()
    root = data_folder.choose_folder(record.card, path_of(record))
    finding = record.card.finding
    if seen.sort == case_list.SIMILARITY_SORT and similar_cases.show_progress(record):
        st.button("Stop", key="failures_alike_stop", on_click=boundary.callback(_reset_order), args=(record,))
    with st.container(horizontal=True, vertical_alignment="center", key="failures-count"):
        st.html(
            f'<p class="count">{html.escape(rephrase_for_finding(heading_text(seen, len(films)), finding))}</p>'
        )
        st.download_button(
            "Download the list (CSV)",
            data=boundary.download(lambda: case_list.cases_to_csv(films, seen.threshold, finding)),
            file_name=f"{record.card.id}-{seen.kind}{'-' + seen.region if seen.region else ''}.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=films.empty,
        )
        link.show(record, seen)
    if films.empty:
        st.info(
            "No film of this kind at this threshold: move the threshold, or choose another kind or another review."
        )
        return
    page = min(st.session_state.get(state.PAGE_KEY, 0), case_list.page_count(len(films)) - 1)
    first = page * case_list.PAGE_SIZE
    shown = films.iloc[first : first + case_list.PAGE_SIZE]
    collection = collect.show(record.card, list(shown["id"]))
    _cards(record, collection, shown, root)
    show_pager("failures", page, case_list.page_count(len(films)), state.turn_to_page)


def heading_text(seen: CaseView, count: int) -> str:
    """What is listed, in words."""
    region = f", {seen.region}" if seen.region else ""
    region += f" ({seen.slice})" if seen.members is not None else ""
    review = f", {review_summary.REVIEW_FILTERS[seen.review]}" if seen.review else ""
    return f"{case_list.CASE_FILTERS[seen.kind]}{region}{review}: {count:,} of {len(seen.cells):,} test films"


def path_of(record: TestRecord) -> str:
    """The path of one of its films below the data folder."""
    return str(record.test["path"].iloc[0])


def _filters(record: TestRecord) -> None:
    kind, region, sort, review = st.columns(4)
    again = state.show_list
    with kind:
        kinds = list(case_list.CASE_FILTERS)
        st.selectbox(
            "Kind",
            kinds,
            format_func=lambda name: rephrase_for_finding(case_list.CASE_FILTERS[name], record.card.finding),
            key=state.KIND_KEY,
            on_change=boundary.callback(again),
            persist_state="session",
        )
    with region:
        names = ["", *case_list.regions_of(record.test)]
        st.selectbox(
            "Region",
            names,
            format_func=lambda name: name or ("all regions" if len(names) > 1 else "not named in this data"),
            key=state.REGION_KEY,
            disabled=len(names) == 1,
            on_change=boundary.callback(again),
            persist_state="session",
        )
    with sort:
        st.selectbox(
            "Order",
            state.available_orders(),
            format_func=_order,
            key=state.SORT_KEY,
            on_change=boundary.callback(again),
            persist_state="session",
            help="Confidence is the distance of a film's probability from the threshold, in log-odds; loss is how "
            "surprised the model was by the truth. To list films by likeness, open one and choose “List films like "
            "this”.",
        )
    with review:
        st.selectbox(
            "Review",
            list(review_summary.REVIEW_FILTERS),
            format_func=review_summary.REVIEW_FILTERS.__getitem__,
            key=state.REVIEW_KEY,
            on_change=boundary.callback(again),
            persist_state="session",
        )


def _order(name: str) -> str:
    if name == case_list.SIMILARITY_SORT:
        return f"Most like {case_list.short_name(st.session_state[state.SIMILAR_TO_KEY])} first"
    return case_list.SORT_ORDERS[name][0]


def _reset_order(record: TestRecord) -> None:
    """Back to the order that was there at first; films are looked at no longer."""
    similar_cases.stop_search(record)
    st.session_state[state.SIMILAR_TO_KEY] = ""
    st.session_state[state.SORT_KEY] = "confidence"


def _cards(record: TestRecord, collection: Lesson | None, films: pd.DataFrame, root: Path | None) -> None:
    with st.container(key="failures-gallery"):
        for number, row in enumerate(films.to_dict("records")):
            with st.container(key=f"failures-card-{number}", gap=None):
                picture = thumbnail_or_text(root, row["path"], row["id"]) if root else ""
                st.html(case_html(row, picture, record.card.finding))
                st.button(
                    case_list.short_name(row["id"]),
                    key=f"failures-open-{number}",
                    on_click=boundary.callback(state.open_case),
                    args=(row["id"],),
                    width="stretch",
                )
                if collection is not None:
                    collect.collect_button(record.card, collection, row["id"], f"teaching-add-{number}")


def case_html(row: dict, picture: str, finding: str) -> str:
    """The numbers of a film, below its picture where there is one, as HTML."""
    region = f" · {html.escape(', '.join(row['regions'].split()))}" if row["regions"] else ""
    kind = rephrase_for_finding(case_list.CELL_TEXT[row["cell"]], finding)
    # Below 0 stand films whose distance is not known yet, infinitely far those that could not be judged.
    away = row.get("distance", -1.0)
    near = f" · distance {away:.2f}" if 0 <= away < math.inf else ""
    return (
        f'<div class="card {row["cell"]}">{picture}<div class="kind">{kind}</div>'
        f"<div>probability <b>{row['probability']:.3f}</b></div><div>{verdict_text(row['verdict'], finding)}</div>"
        f'<div class="small">truth: {label_text(row["label"], finding)}{region}{near}</div></div>'
    )


def thumbnail_or_text(root: Path, path: str, case: str) -> str:
    """A thumbnail, or words in its place."""
    try:
        return case_images.thumbnail_html(str(root), path, html.escape(f"Film {case}"))
    except ImageReadError:
        return '<div class="missing">This film cannot be read.</div>'


def show_pager(key: str, page: int, pages: int, turn: Callable[[int], None]) -> None:
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
