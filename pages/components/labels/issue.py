"""One probable label error: the image, its heatmap, its label, and the marks of reviewers."""

from __future__ import annotations

import html

import streamlit as st

from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import label_text
from pages.components.common import boundary, case_images, data_folder, layout
from pages.components.common.test_record import TestRecord
from pages.components.failures import case, case_list, gallery, review_form
from pages.components.labels import issue_list, state
from pages.components.second_opinion import similar_images

_TRAINED_ON = "the model was trained on this label"


def show(record: TestRecord, issues: LabelIssues, issue: LabelIssue) -> None:
    """Draw an image of the list.

    Args:
        record: the model and its test record.
        issues: the whole list.
        issue: the image.
    """
    _show_navigation(record, issues, issue)
    root = data_folder.known_folder(record.card, gallery.path_of(record))
    boxes = case_images.true_boxes(str(root)).get(issue.case, ()) if root is not None else ()
    left, right = st.columns([7, 3], gap="medium")
    # Drawn first: the model may have to be loaded before the image can be drawn.
    with right:
        if issues.own:
            _show_review(record, issues, issue)
        st.html(facts_html(record, issues, issue, len(boxes)))
    displayed = None
    with left:
        if root is not None:
            displayed = case.explain_case(record.card, str(root), issue.path)
            if displayed is not None:
                case.show_images(displayed, boxes, bool(issue.label), issue.case, record.card.finding)
    if displayed is not None and displayed.probability is not None:
        similar_images.show(displayed.features, record.card, synthetic=False, asks=False)


def _show_review(record: TestRecord, issues: LabelIssues, issue: LabelIssue) -> None:
    """Draw the marks, and the switch that opens the next image after each."""
    advance = st.toggle(
        "Open the next image after a mark",
        key="labels_advance",
        persist_state="session",
        help="For going through the whole list with the keys 1 to 7.",
    )
    after = case_list.neighbours(_listed(record, issues, issue), issue.case)[2]
    review_form.show(record.card, issue.case, after if advance and after is not None else "")


def _show_navigation(record: TestRecord, issues: LabelIssues, issue: LabelIssue) -> None:
    """Draw buttons for the list, the previous and the next image."""
    ids = _listed(record, issues, issue)
    position, before, after = case_list.neighbours(ids, issue.case)
    with st.container(horizontal=True, vertical_alignment="center", key="labels-steps"):
        title = f"Image {layout.escape_markdown(case_list.short_name(issue.case))}"
        st.subheader(title, anchor=False, width="content")
        st.button(
            "Back to the list",
            key="labels_back",
            on_click=boundary.callback(state.open_film),
            args=("",),
        )
        for label, key, by, neighbour in (("Previous", "previous", -1, before), ("Next", "next", 1, after)):
            st.button(
                label,
                key=f"labels_{key}",
                shortcut=key[0],
                disabled=neighbour is None,
                on_click=boundary.callback(state.step_case),
                args=(ids, by),
            )
        st.html(f'<span class="count">{(position or 0) + 1:,} of {len(ids):,}</span>', width="content")


def _listed(record: TestRecord, issues: LabelIssues, issue: LabelIssue) -> list[str]:
    """The ids of the list that contains an image."""
    ids = [each.case for each in issue_list.filter_issues(issues, issue_list.load_reviews(record))]
    if issue.case in ids:
        return ids
    return [each.case for each in issues.all_issues()]  # the filters were changed, or a mark hides it


def facts_html(record: TestRecord, issues: LabelIssues, issue: LabelIssue, box_count: int) -> str:
    """Render label, probabilities, split, region and file of an image as HTML.

    Args:
        record: the model and its test record.
        issues: the whole list.
        issue: the image.
        box_count: number of fracture boxes in the dataset.
    """
    card: ModelCard = record.card
    boxes = f", {box_count} box{'es' if box_count > 1 else ''}" if box_count else ""
    other_label = label_text(1 - issue.label, card.finding)
    has_both_labels = issues.has_both_labels(issue)
    test_probability = record.test[record.test["id"] == issue.case]["probability"]
    facts = [
        ("Label in the dataset", label_text(issue.label, card.finding) + boxes),
        (f"Probability of {card.finding} from similar images", f"{issue.probability:.3f}"),
        (
            "Probability by the model",
            f"{test_probability.iloc[0]:.3f} (test image)" if len(test_probability) else "",
        ),
        ("Same image with the other label", ", ".join(_copies(issues, issue)) if has_both_labels else ""),
        ("Split", f"{issue.split}: {_TRAINED_ON}" if issues.own and issue.split == "train" else issue.split),
        ("Region", ", ".join(issue.regions.split())),
        ("Group", "" if issue.group in ("", issue.case) else issue.group),
        ("File", issue.path),
    ]
    body = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts if value)
    title = (
        f"labelled {label_text(issue.label, card.finding)}, looks like {other_label}"
        if issue in issues.suspected
        else "image with both labels"
    )
    return f'<div class="facts"><div class="kind">{title}</div><dl>{body}</dl></div>'


def _copies(issues: LabelIssues, issue: LabelIssue) -> list[str]:
    """Ids of the same image with the other label."""
    return [
        each.case
        for group in issues.contradictions
        if issue in group
        for each in group
        if each.label != issue.label
    ]
