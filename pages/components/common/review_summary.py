"""Reviews of the films of a model, and which films a filter by mark keeps. No widgets here."""

from __future__ import annotations

import html
from collections.abc import Sequence

from fracture_core import paths
from fracture_core.registry.card import ModelCard
from fracture_core.review import ANNOTATIONS, Review, ReviewerAgreement, ReviewStore
from fracture_core.review.review_store import shared_marks_text

ANY_REVIEW, REVIEWED, NOT_REVIEWED = "", "marked", "unmarked"

#: What a list can be narrowed to, as the address of the page spells it, and as users read it.
REVIEW_FILTERS = {
    ANY_REVIEW: "all",
    REVIEWED: "marked by anybody",
    NOT_REVIEWED: "not marked yet",
    **{mark.replace(" ", "-"): mark for mark in ANNOTATIONS},
}


def review_store(card: ModelCard) -> ReviewStore:
    """Where the reviews of a model's films are."""
    return ReviewStore.for_model(paths.runs_dir(), card.id)


def filter_by_review(reviews: Sequence[Review], wanted: str, ids: Sequence[str]) -> frozenset[str]:
    """The films that a filter keeps.

    Args:
        reviews: as they stand.
        wanted: a key of `REVIEW_FILTERS`; a mark counts whoever set it.
        ids: of every film that can be listed.
    """
    marked = {review.case for review in reviews}
    if wanted == NOT_REVIEWED:
        return frozenset(ids) - marked
    if wanted in (ANY_REVIEW, REVIEWED):
        return frozenset(ids if wanted == ANY_REVIEW else marked)
    return frozenset(review.case for review in reviews if review.mark == REVIEW_FILTERS[wanted])


def summary_text(reviews: Sequence[Review]) -> str:
    """How much is marked, in words."""
    if not reviews:
        return "No film is marked yet: open one to mark it."
    films, names = len({review.case for review in reviews}), len({review.reviewer for review in reviews})
    marks = len(reviews)
    return (
        f"{marks:,} mark{'s' * (marks > 1)} on {films:,} film{'s' * (films > 1)} by {names:,} "
        f"reviewer{'s' * (names > 1)}."
    )


def counts_html(reviews: Sequence[Review]) -> str:
    """Films by mark and reviewer as an HTML table."""
    names = sorted({review.reviewer for review in reviews})
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("films", *names))
    rows = []
    for mark in ANNOTATIONS:
        given = [review for review in reviews if review.mark == mark]
        cells = [len({review.case for review in given})]
        cells += [sum(review.reviewer == name for review in given) for name in names]
        values = "".join(f"<td>{count:,}</td>" for count in cells)
        rows.append(f'<tr><th scope="row">{mark}</th>{values}</tr>')
    return _table("Marks", f'<th scope="col">mark</th>{head}', rows)


def agreement_html(pairs: Sequence[ReviewerAgreement]) -> str:
    """Cohen's kappa of every two reviewers as an HTML table; a sentence where there are no two."""
    if not pairs:
        return '<p class="note">Agreement is measured once two reviewers marked the same films.</p>'
    rows = []
    for pair in pairs:
        names = html.escape(f"{pair.first} and {pair.second}")
        kappa = pair.kappa.text() if pair.kappa.is_measured else _unknown(pair)
        rows.append(
            f'<tr><th scope="row">{names}</th><td>{pair.same:,} of {pair.kappa.n:,}</td><td>{kappa}</td></tr>'
        )
    head = '<th scope="col">reviewers</th><th scope="col">same mark</th><th scope="col">Cohen’s kappa</th>'
    return _table("Agreement", head, rows)


def _unknown(pair: ReviewerAgreement) -> str:
    if not pair.kappa.n:
        return "undefined: no film that both marked"
    return "undefined: both gave one and the same mark throughout"


def merge_question(reviews: Sequence[Review], old: str, new: str) -> str:
    """What merging two reviewers changes, for the user to confirm.

    Args:
        reviews: as they stand.
        old: name of the reviewer whose marks move.
        new: name that has marks already.
    """
    moving, there = ({review.case for review in reviews if review.reviewer == name} for name in (old, new))
    marks = f"{len(moving):,} mark{'s' * (len(moving) != 1)}"
    return (
        f"“{new}” has marks already. {marks} of “{old}” will move to “{new}”.{shared_marks_text(len(moving & there))} "
        "Merging cannot be undone."
    )


def others_html(reviews: Sequence[Review], case: str, reviewer: str) -> str:
    """What others say of a film as HTML."""
    lines = []
    for review in reviews:
        if review.case == case and review.reviewer != reviewer:
            note = f" “{html.escape(review.note)}”" if review.note else ""
            lines.append(
                f"<li><b>{html.escape(review.reviewer)}</b>: {review.mark}{note} "
                f"<small>{review.when:%Y-%m-%d %H:%M} UTC</small></li>"
            )
    if not lines:
        return '<p class="note">Nobody else marked this film.</p>'
    return f'<ul class="said" aria-label="Marks of others">{"".join(lines)}</ul>'


def _table(title: str, head: str, rows: Sequence[str]) -> str:
    return (
        f'<h3 class="table-title">{title}</h3><div class="wide"><table class="numbers reviews">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
