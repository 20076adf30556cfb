"""Galleries of probable label errors and of images with both labels."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial

import streamlit as st

from fracture_core.errors import DataError
from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.review import Review
from fracture_core.vocabulary import SPLITS, label_text
from pages.components.common import boundary, data_folder, layout, review_summary
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, gallery
from pages.components.labels import state


def show(record: TestRecord, issues: LabelIssues) -> None:
    """Draw the filters and both galleries.

    Args:
        record: the model and its test record.
        issues: the results of the search.
    """
    reviews = load_reviews(record)
    if issues.suspected:
        _show_gallery(record, _show_filters(record, issues, reviews), reviews, "suspect")
    else:
        st.success("No label errors found.")
    if issues.contradictions:
        st.subheader("Images with both labels", anchor=False)
        st.caption(
            "The same image, possibly rotated or saved again, with and without the finding: one label is wrong."
        )
        images = [issue for group in issues.contradictions for issue in group]
        _show_gallery(record, images, reviews, "contradiction")


def load_reviews(record: TestRecord) -> list[Review]:
    """Load the reviews of a model; none if they cannot be read, which the section below reports."""
    try:
        return review_summary.review_store(record.card).all()
    except DataError:
        return []


def filter_issues(issues: LabelIssues, reviews: Sequence[Review]) -> tuple[LabelIssue, ...]:
    """Return the probable label errors that match the filters."""
    ids = [issue.case for issue in issues.suspected]
    wanted = st.session_state.get(state.REVIEW_KEY, "")
    return state.filter_issues(issues, review_summary.filter_by_review(reviews, wanted, ids))


def _show_filters(
    record: TestRecord, issues: LabelIssues, reviews: Sequence[Review]
) -> tuple[LabelIssue, ...]:
    """Draw the filters; returns the images that match them."""
    finding = record.card.finding
    label, split, review = st.columns(3)
    with label:
        st.selectbox(
            "Label",
            state.LABEL_FILTERS,
            format_func=lambda name: f"labelled {label_text(int(name), finding)}" if name else "all",
            key=state.LABEL_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
    with split:
        present = {issue.split for issue in issues.suspected}
        st.selectbox(
            "Split",
            ["", *(name for name in SPLITS if name in present)],
            format_func=lambda name: name or "all",
            key=state.SPLIT_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
    with review:
        st.selectbox(
            "Review",
            list(review_summary.REVIEW_FILTERS),
            format_func=review_summary.REVIEW_FILTERS.__getitem__,
            key=state.REVIEW_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
    filtered = filter_issues(issues, reviews)
    st.html(
        f'<p class="count">{len(filtered):,} of {len(issues.suspected):,}, the least likely label first. '
        f"Probability of {finding} from the labels of similar images.</p>"
    )
    if not filtered:
        st.info("No image matches the filters. Choose another label, split or review.")
    return filtered


def _show_gallery(
    record: TestRecord, issues: Sequence[LabelIssue], reviews: Sequence[Review], name: str
) -> None:
    """Draw one page of a gallery and its pager."""
    pages = case_list.page_count(len(issues))
    page = min(state.current_page(name), pages - 1)
    first = page * case_list.PAGE_SIZE
    _show_cards(record, issues[first : first + case_list.PAGE_SIZE], reviews, name)
    gallery.show_pager(f"labels_{name}", page, pages, partial(state.turn_to_page, name=name))


def _show_cards(
    record: TestRecord, issues: Sequence[LabelIssue], reviews: Sequence[Review], name: str
) -> None:
    root = data_folder.known_folder(record.card, gallery.path_of(record))
    with st.container(key=f"failures-gallery-{name}"):
        for number, issue in enumerate(issues):
            with st.container(key=f"labels-{name}-{number}", gap=None):
                thumbnail = gallery.thumbnail_or_text(root, issue.path, issue.case) if root else ""
                marks = [review.mark for review in reviews if review.case == issue.case]
                st.html(issue_html(issue, thumbnail, record.card.finding, marks))
                st.button(
                    layout.escape_markdown(case_list.short_name(issue.case)),
                    key=f"labels-open-{name}-{number}",
                    on_click=boundary.callback(state.open_film),
                    args=(issue.case,),
                    width="stretch",
                )


def issue_html(issue: LabelIssue, thumbnail: str, finding: str, marks: Sequence[str]) -> str:
    """Render the card of an image as HTML: thumbnail, label, probability, split, regions and marks.

    Args:
        issue: the image.
        thumbnail: HTML of the thumbnail; "" for none.
        finding: what the model looks for.
        marks: marks of reviewers.
    """
    origin = " · ".join(filter(None, (issue.split, ", ".join(issue.regions.split()))))
    marked = f'<div class="small">marked: {html.escape(", ".join(marks))}</div>' if marks else ""
    label = label_text(issue.label, finding)
    return (
        f'<div class="card">{thumbnail}<div class="kind">labelled {label}</div>'
        f"<div>probability <b>{issue.probability:.3f}</b></div>"
        f'<div class="small">{html.escape(origin) or "no split"}</div>{marked}</div>'
    )
