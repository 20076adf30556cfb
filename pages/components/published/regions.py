"""Error rates by body region of the systems that were run on FracAtlas, and of the model in use."""

import html

import streamlit as st

from fracture_core.evaluation import Interval, Summary
from fracture_core.published.run_result import FRACATLAS, RunResult
from fracture_core.vocabulary import REGIONS
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import resources


def show(results: dict[tuple[str, str], RunResult]) -> None:
    """Draw the table, and one sentence per system about images of hands.

    Args:
        results: our results by architecture and column.
    """
    card = resources.card_in_use()
    systems = {
        ARCHITECTURES[architecture].title: result.regions
        for (architecture, column), result in results.items()
        if column == FRACATLAS and architecture in ARCHITECTURES
    }
    if card.test_regions:
        systems[f"Model in use: {card.title}"] = card.test_regions
    if not systems:
        st.caption("No system was run on images whose region is known.")
        return
    head = "".join(f'<th scope="col">{name}</th>' for name in REGIONS)
    rows = [
        f'<tr><th scope="row">{html.escape(title)}</th>'
        + "".join(f"<td>{_cell(regions.get(name))}</td>" for name in REGIONS)
        + "</tr>"
        for title, regions in systems.items()
    ]
    st.html(
        '<div class="published-wide"><table class="published regions"><tr><th>error rate on test images</th>'
        f"{head}</tr>{''.join(rows)}</table></div>"
    )
    with st.expander("Hands compared with the region of most images"):
        st.markdown("\n".join(f"- {_sentence(title, regions)}" for title, regions in systems.items()))


def _cell(summary: Summary | None) -> str:
    if summary is None or not summary.n:
        return '<span class="none">none</span>'
    accuracy = summary.accuracy
    return (
        f"{1 - accuracy.value:.0%}<small>{1 - accuracy.high:.0%}–{1 - accuracy.low:.0%}, {summary.n:,} images</small>"
        f"<small>misses {summary.confusion.fn:,} of {summary.positives:,}</small>"
    )


def _sentence(title: str, regions: dict[str, Summary]) -> str:
    """Whether the error rate on hands differs from that on the largest other region, by their intervals."""
    hands = regions.get("hand")
    others = {name: summary for name, summary in regions.items() if name != "hand" and summary.n}
    if hands is None or not hands.n or not others:
        return f"{title}: no images of hands."
    largest = max(others, key=lambda name: others[name].n)
    hand_accuracy, other_accuracy = hands.accuracy, others[largest].accuracy
    comparison = (
        "worse on hands"
        if _is_lower(hand_accuracy, other_accuracy)
        else "better on hands"
        if _is_lower(other_accuracy, hand_accuracy)
        else "the 95% intervals overlap"
    )
    return (
        f"{title}: {1 - hand_accuracy.value:.0%} errors on {hands.n:,} images of hands, "
        f"{1 - other_accuracy.value:.0%} on {others[largest].n:,} of the {largest}: {comparison}."
    )


def _is_lower(first: Interval, second: Interval) -> bool:
    """Whether the first interval lies below the second one."""
    return first.high < second.low
