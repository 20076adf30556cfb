"""Error rates by body region of every system that was run on FracAtlas, the model in use among them."""

import html

import streamlit as st

from fracture_core.evaluation import Interval, Summary
from fracture_core.published.run_result import FRACATLAS, RunResult
from fracture_core.vocabulary import REGIONS
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import resources


def show(found: dict[tuple[str, str], RunResult]) -> None:
    """Draws the table, and the sentence that answers the question.

    Args:
        found: our results, by row and column.
    """
    card = resources.card_in_use()
    systems = {
        ARCHITECTURES[row].title: result.regions
        for (row, column), result in found.items()
        if column == FRACATLAS and row in ARCHITECTURES
    }
    if card.test_regions:
        systems[f"Model in use: {card.title}"] = card.test_regions
    if not systems:
        st.caption("No system has been run on films whose region is known.")
        return
    head = "".join(f'<th scope="col">{name}</th>' for name in REGIONS)
    rows = [
        f'<tr><th scope="row">{html.escape(title)}</th>'
        + "".join(f"<td>{_cell(regions.get(name))}</td>" for name in REGIONS)
        + "</tr>"
        for title, regions in systems.items()
    ]
    st.html(
        '<div class="published-wide"><table class="published regions"><tr><th>share of test films judged wrong</th>'
        f"{head}</tr>{''.join(rows)}</table></div>"
    )
    for title, regions in systems.items():
        st.markdown(f"- {_sentence(title, regions)}")


def _cell(part: Summary | None) -> str:
    if part is None or not part.n:
        return '<span class="none">none</span>'
    wrong = part.accuracy
    return (
        f"{1 - wrong.value:.0%}<small>{1 - wrong.high:.0%}–{1 - wrong.low:.0%}, {part.n:,} films</small>"
        f"<small>misses {part.confusion.fn:,} of {part.positives:,}</small>"
    )


def _sentence(title: str, regions: dict[str, Summary]) -> str:
    """Whether hands are worse than the rest, as far as the intervals tell."""
    hands = regions.get("hand")
    others = {name: part for name, part in regions.items() if name != "hand" and part.n}
    if hands is None or not hands.n or not others:
        return f"{title}: its films show no hands."
    largest = max(others, key=lambda name: others[name].n)
    one, two = hands.accuracy, others[largest].accuracy
    says = (
        "worse than"
        if _apart(one, two)
        else "better than"
        if _apart(two, one)
        else "not shown to differ from"
    )
    return (
        f"{title}: {1 - one.value:.0%} of {hands.n:,} hand films are judged wrong, {1 - two.value:.0%} of "
        f"{others[largest].n:,} {largest} films; on hands it is {says} {largest} films."
    )


def _apart(worse: Interval, better: Interval) -> bool:
    """Whether the intervals do not overlap."""
    return worse.high < better.low
