"""Reviews of the images of a model: filter by mark, summary, and agreement as HTML. No widgets."""

from __future__ import annotations

import html
from collections.abc import Sequence

from fracture_core import paths
from fracture_core.registry.card import ModelCard
from fracture_core.review import ANNOTATIONS, Review, ReviewerAgreement, ReviewStore
from fracture_core.review.review_store import shared_marks_text

ANY_REVIEW, REVIEWED, NOT_REVIEWED = "", "marked", "unmarked"

#: Filters by mark: value in the URL and label.
REVIEW_FILTERS = {
    ANY_REVIEW: "all",
    REVIEWED: "marked by anyone",
    NOT_REVIEWED: "not marked yet",
    **{mark.replace(" ", "-"): mark for mark in ANNOTATIONS},
}


def review_store(card: ModelCard) -> ReviewStore:
    """Return the reviews of the images of a model."""
    return ReviewStore.for_model(paths.runs_dir(), card.id)


def filter_by_review(reviews: Sequence[Review], wanted: str, ids: Sequence[str]) -> frozenset[str]:
    """Return the ids of the images that match a filter.

    Args:
        reviews: all reviews.
        wanted: a key of `REVIEW_FILTERS`; a mark or tag of any reviewer counts.
        ids: ids of all images.
    """
    marked = {review.case for review in reviews}
    if wanted == NOT_REVIEWED:
        return frozenset(ids) - marked
    if wanted in (ANY_REVIEW, REVIEWED):
        return frozenset(ids if wanted == ANY_REVIEW else marked)
    return frozenset(review.case for review in reviews if REVIEW_FILTERS[wanted] in review.marks)


def summary_text(reviews: Sequence[Review]) -> str:
    """Count marks, images and reviewers in a sentence."""
    if not reviews:
        return "No image is marked yet. Open one to mark it."
    images, reviewers = len({review.case for review in reviews}), len({review.reviewer for review in reviews})
    marks = len(reviews)
    return (
        f"{marks:,} mark{'s' * (marks > 1)} on {images:,} image{'s' * (images > 1)} by {reviewers:,} "
        f"reviewer{'s' * (reviewers > 1)}."
    )


def counts_html(reviews: Sequence[Review]) -> str:
    """Render the number of images by mark and reviewer as an HTML table; tags count like marks."""
    names = sorted({review.reviewer for review in reviews})
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("images", *names))
    rows = []
    for mark in ANNOTATIONS:
        with_mark = [review for review in reviews if mark in review.marks]
        cells = [len({review.case for review in with_mark})]
        cells += [sum(review.reviewer == name for review in with_mark) for name in names]
        values = "".join(f"<td>{count:,}</td>" for count in cells)
        rows.append(f'<tr><th scope="row">{mark}</th>{values}</tr>')
    return _table("Marks", f'<th scope="col">mark</th>{head}', rows)


def agreement_html(pairs: Sequence[ReviewerAgreement]) -> str:
    """Render Cohen's kappa of every pair of reviewers as an HTML table; a sentence if there is no pair."""
    if not pairs:
        return '<p class="note">Agreement is measured when two reviewers have marked the same images.</p>'
    rows = []
    for pair in pairs:
        names = html.escape(f"{pair.first} and {pair.second}")
        kappa = pair.kappa.text() if pair.kappa.is_measured else _undefined_text(pair)
        rows.append(
            f'<tr><th scope="row">{names}</th><td>{pair.same:,} of {pair.kappa.n:,}</td><td>{kappa}</td></tr>'
        )
    head = '<th scope="col">reviewers</th><th scope="col">same mark</th><th scope="col">Cohen’s kappa</th>'
    return _table("Agreement", head, rows)


def _undefined_text(pair: ReviewerAgreement) -> str:
    if not pair.kappa.n:
        return "undefined: no image marked by both"
    return "undefined: both used a single mark"


def merge_question(reviews: Sequence[Review], old: str, new: str) -> str:
    """Describe what merging two reviewers changes, for confirmation.

    Args:
        reviews: all reviews.
        old: reviewer whose marks move.
        new: reviewer who receives them.
    """
    moving, existing = ({review.case for review in reviews if review.reviewer == name} for name in (old, new))
    marks = f"{len(moving):,} mark{'s' * (len(moving) != 1)}"
    return (
        f"“{new}” already has marks. {marks} of “{old}” will move to “{new}”."
        f"{shared_marks_text(len(moving & existing))} "
        "Merging cannot be undone."
    )


def others_html(reviews: Sequence[Review], case: str, reviewer: str) -> str:
    """Render the marks of other reviewers on an image as HTML."""
    lines = []
    for review in reviews:
        if review.case == case and review.reviewer != reviewer:
            note = f" “{html.escape(review.note)}”" if review.note else ""
            lines.append(
                f"<li><b>{html.escape(review.reviewer)}</b>: {html.escape(', '.join(review.marks))}{note} "
                f"<small>{review.when:%Y-%m-%d %H:%M} UTC</small></li>"
            )
    if not lines:
        return '<p class="note">No other reviewer marked this image.</p>'
    return f'<ul class="said" aria-label="Marks of others">{"".join(lines)}</ul>'


def _table(title: str, head: str, rows: Sequence[str]) -> str:
    return (
        f'<h3 class="table-title">{title}</h3><div class="wide"><table class="numbers reviews">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
