"""The list of cases: filters, pages of thumbnails, download."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from fracture_core.errors import ImageReadError
from fracture_core.teaching.lesson import Lesson
from fracture_core.vocabulary import label_text, rephrase_for_finding, verdict_text
from pages.components.common import boundary, case_images, layout, review_summary
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, gallery_options, model_comparison, similar_cases, state
from pages.components.failures.state import CaseView
from pages.components.teaching import collect


def show(record: TestRecord, view: CaseView, root: Path | None) -> None:
    """Draw one page of the list; `root` is the dataset folder, None if it is unknown."""
    films = view.films()
    finding = record.card.finding
    if view.sort == case_list.SIMILARITY_SORT and similar_cases.show_progress(record):
        st.button("Stop", key="failures_alike_stop", on_click=boundary.callback(_reset_order), args=(record,))
    with st.container(horizontal=True, vertical_alignment="center", key="failures-count"):
        heading = html.escape(rephrase_for_finding(heading_text(view, len(films)), finding))
        st.html(f'<p class="count">{heading}</p>', width="content")
        st.download_button(
            "Download list (CSV)",
            data=boundary.download(lambda: case_list.cases_to_csv(films, view.threshold, finding)),
            file_name=f"{record.card.id}-{view.kind}{'-' + view.region if view.region else ''}.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=films.empty,
        )
    if films.empty:
        st.info("No cases. Change the threshold or the filters.")
        return
    if root is not None:
        gallery_options.show()
    size = gallery_options.page_size()
    pages = case_list.page_count(len(films), size)
    page = min(st.session_state.get(state.PAGE_KEY, 0), pages - 1)
    shown = films.iloc[page * size : (page + 1) * size]
    cards = st.container()
    show_pager("failures", page, pages, state.turn_to_page)
    collection = collect.show(record.card, list(shown["id"]))
    with cards:
        _cards(record, view, collection, shown, root)


def heading_text(view: CaseView, count: int) -> str:
    """Heading of the list: the filters and the number of cases."""
    region = f", {view.region}" if view.region else ""
    region += f" ({view.subgroup})" if view.members is not None else ""
    review = f", {review_summary.REVIEW_FILTERS[view.review]}" if view.review else ""
    return (
        f"{case_list.CASE_FILTERS[view.kind]}{region}{review}: {count:,} of {len(view.cells):,} test images"
    )


def path_of(record: TestRecord) -> str:
    """The path of the first test image, relative to the dataset folder."""
    return str(record.test["path"].iloc[0])


def show_filters(record: TestRecord, view: CaseView) -> None:
    """Draw the filters and the sort order of the list."""
    if subgroup := st.session_state[state.SUBGROUP_KEY]:
        st.button(
            "Show all images, not only: "
            + layout.escape_markdown(rephrase_for_finding(subgroup, record.card.finding)),
            key="failures_all_subgroups",
            icon=":material/close:",
            on_click=boundary.callback(state.show_all_subgroups),
            width="stretch",
        )
    st.selectbox(
        "Outcome",
        case_list.available_filters(view.cells),
        format_func=partial(_outcome, record.card.finding),
        key=state.KIND_KEY,
        on_change=boundary.callback(state.show_list),
        persist_state="session",
    )
    names = ["", *case_list.regions_of(record.test)]
    nothing = "all regions" if len(names) > 1 else "unknown"
    st.selectbox(
        "Region",
        names,
        format_func=lambda name: name or nothing,
        key=state.REGION_KEY,
        disabled=len(names) == 1,
        on_change=boundary.callback(state.show_list),
        persist_state="session",
    )
    st.selectbox(
        "Sort by",
        state.available_orders(),
        format_func=_order,
        key=state.SORT_KEY,
        on_change=boundary.callback(state.show_list),
        persist_state="session",
        help="Confidence is the distance from the threshold in log-odds; loss is the log loss.",
    )
    st.selectbox(
        "Review",
        list(review_summary.REVIEW_FILTERS),
        format_func=review_summary.REVIEW_FILTERS.__getitem__,
        key=state.REVIEW_KEY,
        on_change=boundary.callback(state.show_list),
        persist_state="session",
    )
    if model_comparison.choose_model(record) and not case_list.has_second_model(view.cells):
        st.caption("The two models have no test images in common.")


def _outcome(finding: str, name: str) -> str:
    """Label of an outcome."""
    return rephrase_for_finding(case_list.CASE_FILTERS[name], finding)


def _order(name: str) -> str:
    if name == case_list.SIMILARITY_SORT:
        return f"Most similar to {case_list.short_name(st.session_state[state.SIMILAR_TO_KEY])} first"
    return case_list.SORT_ORDERS[name][0]


def _reset_order(record: TestRecord) -> None:
    """Restore the default order and stop the similarity search."""
    similar_cases.stop_search(record)
    st.session_state[state.SIMILAR_TO_KEY] = ""
    st.session_state[state.SORT_KEY] = "confidence"


def _cards(
    record: TestRecord, view: CaseView, collection: Lesson | None, films: pd.DataFrame, root: Path | None
) -> None:
    overlays: dict[str, case_images.ThumbnailOverlay] = {}
    if root is not None:
        paths = dict(zip(films["id"], films["path"], strict=True))
        overlays = gallery_options.overlays(record.card, root, paths)
    side = gallery_options.thumbnail_side()
    with st.container(key=f"failures-gallery-{gallery_options.chosen_size()}"):
        for number, row in enumerate(films.to_dict("records")):
            with st.container(key=f"failures-card-{number}", gap=None):
                overlay = overlays.get(row["id"])
                picture = thumbnail_or_text(root, row["path"], row["id"], overlay, side) if root else ""
                marks = [mark for review in view.reviews if review.case == row["id"] for mark in review.marks]
                st.html(case_html(row, picture, record.card.finding, marks))
                st.button(
                    layout.escape_markdown(case_list.short_name(row["id"])),
                    key=f"failures-open-{number}",
                    on_click=boundary.callback(state.open_case),
                    args=(row["id"],),
                    width="stretch",
                )
                if collection is not None:
                    collect.collect_button(record.card, collection, row["id"], f"teaching-add-{number}")


def case_html(row: dict, picture: str, finding: str, marks: Sequence[str] = ()) -> str:
    """Thumbnail and values of a case as HTML, with the marks of reviewers."""
    region = f" · {html.escape(', '.join(row['regions'].split()))}" if row["regions"] else ""
    kind = rephrase_for_finding(case_list.CELL_TEXT[row["cell"]], finding)
    # The distance is negative until it is known, and infinite for images that the model rejected.
    away = row.get("distance", -1.0)
    near = f" · distance {away:.2f}" if 0 <= away < math.inf else ""
    compared = row.get("second_probability", math.nan)
    second = "" if math.isnan(compared) else f'<div class="small">second model: {compared:.3f}</div>'
    return (
        f'<div class="card {row["cell"]}">{picture}<div class="kind">{kind}</div>'
        f"<div>probability <b>{row['probability']:.3f}</b></div>"
        f'<div class="verdict">{verdict_text(row["verdict"], finding)}</div>'
        f'<div class="small">truth: {label_text(row["label"], finding)}{region}{near}</div>'
        f"{second}{marks_html(marks)}</div>"
    )


def marks_html(marks: Sequence[str]) -> str:
    """The marks of reviewers as badges in HTML; "" for none."""
    return "".join(f'<span class="badge">{html.escape(mark)}</span>' for mark in sorted(set(marks)))


def thumbnail_or_text(
    root: Path,
    path: str,
    case: str,
    overlay: case_images.ThumbnailOverlay | None = None,
    side: int = case_images.THUMBNAIL_SIDE,
) -> str:
    """A thumbnail as HTML, or a note that the image cannot be read; see `case_images.thumbnail_html`."""
    try:
        return case_images.thumbnail_html(str(root), path, html.escape(f"Image {case}"), overlay, side)
    except ImageReadError:
        return '<div class="missing">Not readable</div>'


def show_pager(key: str, page: int, pages: int, turn: Callable[[int], None]) -> None:
    """Draw the buttons to the previous and next page, if there is more than one page.

    Args:
        key: prefix of the widget keys.
        page: current page, from 0.
        pages: number of pages.
        turn: called with the new page.
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
