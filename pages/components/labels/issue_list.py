"""The list of probable label errors, and marks for a whole page of it."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from fracture_core.errors import DataError
from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.registry.card import ModelCard
from fracture_core.review import Review
from fracture_core.review.annotation import Annotation
from fracture_core.vocabulary import SPLITS, label_text
from pages.components.common import boundary, data_folder, layout, review_summary, reviewer
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, gallery
from pages.components.labels import state

_FAULT = "labels_mark_fault"


def show(record: TestRecord, issues: LabelIssues) -> None:
    """Draw the filters and the gallery.

    Args:
        record: the model and its test record.
        issues: the results of the search.
    """
    if not issues.all_issues():
        st.success("No label errors found.")
        return
    reviews = load_reviews(record)
    filtered = _show_filters(record, issues, reviews)
    pages = case_list.page_count(len(filtered))
    page = min(state.current_page(), pages - 1)
    first = page * case_list.PAGE_SIZE
    shown = filtered[first : first + case_list.PAGE_SIZE]
    _show_cards(record, issues, shown, reviews)
    gallery.show_pager("labels", page, pages, state.turn_to_page)
    if issues.own and shown:
        _show_marks_of_page(record, shown, reviews)


def load_reviews(record: TestRecord) -> list[Review]:
    """Load the reviews of a model; none if they cannot be read, which the section below reports."""
    try:
        return review_summary.review_store(record.card).all()
    except DataError:
        return []


def filter_issues(issues: LabelIssues, reviews: Sequence[Review]) -> tuple[LabelIssue, ...]:
    """Return the probable label errors that match the filters."""
    ids = [issue.case for issue in issues.all_issues()]
    wanted = st.session_state.get(state.REVIEW_KEY, "")
    return state.filter_issues(issues, review_summary.filter_by_review(reviews, wanted, ids))


def _show_filters(
    record: TestRecord, issues: LabelIssues, reviews: Sequence[Review]
) -> tuple[LabelIssue, ...]:
    """Draw the filters; returns the images that match them."""
    finding = record.card.finding
    kind, label, split, review = st.columns(4)
    with kind:
        st.selectbox(
            "Reason",
            list(state.KIND_FILTERS),
            format_func=state.KIND_FILTERS.__getitem__,
            key=state.KIND_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
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
        present = {issue.split for issue in issues.all_issues()}
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
    listed = {issue.case for issue in issues.all_issues()}
    marked = len(listed & {review.case for review in reviews})
    st.html(
        f'<p class="count" data-testid="marked">{len(filtered):,} of {len(listed):,} images, those with both labels '
        f"first, then the least likely label. {marked:,} of {len(listed):,} reviewed. Probability of {finding} from "
        "the labels of similar images.</p>"
    )
    if not filtered:
        st.info("No image matches the filters. Choose another label, split or review.")
    return filtered


def _show_cards(
    record: TestRecord, issues: LabelIssues, shown: Sequence[LabelIssue], reviews: Sequence[Review]
) -> None:
    root = data_folder.known_folder(record.card, gallery.path_of(record))
    with st.container(key="failures-gallery-labels"):
        for number, issue in enumerate(shown):
            with st.container(key=f"labels-issue-{number}", gap=None):
                thumbnail = gallery.thumbnail_or_text(root, issue.path, issue.case) if root else ""
                marks = [mark for review in reviews if review.case == issue.case for mark in review.marks]
                both = issues.has_both_labels(issue)
                st.html(issue_html(issue, thumbnail, record.card.finding, marks, both))
                st.button(
                    layout.escape_markdown(case_list.short_name(issue.case)),
                    key=f"labels-open-{number}",
                    on_click=boundary.callback(state.open_film),
                    args=(issue.case,),
                    width="stretch",
                )


def _show_marks_of_page(record: TestRecord, shown: Sequence[LabelIssue], reviews: Sequence[Review]) -> None:
    """Draw the buttons that give the same mark to all images of the page without a mark of this reviewer."""
    name = reviewer.current_name()
    own = {review.case for review in reviews if review.reviewer == name}
    cases = [issue.case for issue in shown if issue.case not in own]
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    with st.popover("Mark this page", key="labels_mark_page", disabled=not name or not cases):
        count = f"{len(cases)} image{'s' if len(cases) > 1 else ''}"
        st.markdown(f"Applies to the {count} on this page without your mark.")
        with st.container(horizontal=True):
            for mark in (Annotation.LABEL_WRONG, Annotation.CORRECT):
                st.button(
                    f"Mark all as “{mark.value}”",
                    key=f"labels_mark_all {mark.value}",
                    on_click=boundary.callback(_mark_all),
                    args=(record.card, cases, mark.value, name),
                )
    if not name:
        st.caption("Enter a name under “Your name” to mark images.")


def _mark_all(card: ModelCard, cases: Sequence[str], mark: str, name: str) -> None:
    store = review_summary.review_store(card)
    try:
        for case in cases:
            store.add_annotation(case, mark, name)
    except DataError as error:
        st.session_state[_FAULT] = str(error)


def issue_html(
    issue: LabelIssue, thumbnail: str, finding: str, marks: Sequence[str], both: bool = False
) -> str:
    """Render the card of an image as HTML: thumbnail, label, probability, split, regions and marks.

    Args:
        issue: the image.
        thumbnail: HTML of the thumbnail; "" for none.
        finding: what the model looks for.
        marks: marks of reviewers.
        both: whether the image occurs with both labels.
    """
    origin = " · ".join(filter(None, (issue.split, ", ".join(issue.regions.split()))))
    label = label_text(issue.label, finding)
    return (
        f'<div class="card">{thumbnail}<div class="kind">labelled {label}</div>'
        f"<div>probability <b>{issue.probability:.3f}</b></div>"
        f"{'<div>same image with the other label</div>' if both else ''}"
        f'<div class="small">{html.escape(origin) or "no split"}</div>{gallery.marks_html(marks)}</div>'
    )
