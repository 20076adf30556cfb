"""The confusion matrix, whose cells open their list of cases, and the table of verdicts."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fracture_core.evaluation import VERDICTS, Confusion, Thresholds, VerdictCounts
from fracture_core.vocabulary import Verdict, label_text, rephrase_for_finding, verdict_text
from pages.components.common import boundary
from pages.components.failures import case_list, state

_STYLE = Path(__file__).with_name("style.css")


def show_style() -> None:
    """Load the style sheet of the page."""
    st.html(_STYLE)


def show_matrix(counts: Confusion, states: VerdictCounts, finding: str) -> None:
    """Draw the matrix with the number of uncertain cases; each cell is a button."""
    st.subheader("Confusion matrix", anchor=False)
    chosen = st.session_state.get(state.KIND_KEY)
    with st.container(key="failures-matrix"):
        st.html('<div class="axis">truth ↓ model →</div>')
        st.html(f'<div class="axis">model: <b>{label_text(1, finding)}</b></div>')
        st.html(f'<div class="axis">model: <b>{label_text(0, finding)}</b></div>')
        st.html('<div class="axis">of these: <b>uncertain</b></div>')
        st.html(f'<div class="axis">truth: <b>{label_text(1, finding)}</b></div>')
        _cell(case_list.TRUE_POSITIVE, "true positives", counts.tp, counts.positives, chosen)
        _cell(
            case_list.MISSED_FRACTURE,
            rephrase_for_finding("missed fractures", finding),
            counts.fn,
            counts.positives,
            chosen,
        )
        _uncertain(case_list.UNCERTAIN_FRACTURE, states, 1, counts.positives, chosen)
        st.html(f'<div class="axis">truth: <b>{label_text(0, finding)}</b></div>')
        _cell(case_list.FALSE_ALARMS, "false alarms", counts.fp, counts.negatives, chosen)
        _cell(case_list.TRUE_NEGATIVE, "true negatives", counts.tn, counts.negatives, chosen)
        _uncertain(case_list.UNCERTAIN_OTHER, states, 0, counts.negatives, chosen)
    st.caption("Percentages of the row. Select a cell to list its cases.")


def _uncertain(kind: str, states: VerdictCounts, label: int, of: int, chosen: str | None) -> None:
    _cell(kind, "uncertain", states.count(Verdict.UNCERTAIN, label), of, chosen)


def _cell(kind: str, words: str, count: int, of: int, chosen: str | None) -> None:
    st.button(
        cell_text(words, count, of, kind == chosen),
        key=f"failures-cell-{kind}",
        type="primary" if kind == chosen else "secondary",
        on_click=boundary.callback(state.show_cell),
        args=(kind,),
        width="stretch",
    )


def cell_text(words: str, count: int, of: int, chosen: bool) -> str:
    """Label of a cell: count, outcome and share of the row."""
    listed = ", listed below" if chosen else ""
    return f"**{count:,}** {words} *{percent_text(count, of)} of {of:,}{listed}*"


def percent_text(count: int, of: int) -> str:
    """A share in percent, with one decimal below 10% and above 90%."""
    if not of:
        return "none"
    share = 100 * count / of
    return f"{share:.0f}%" if 10 <= share <= 90 or count in (0, of) else f"{share:.1f}%"


def verdicts_html(states: VerdictCounts, thresholds: Thresholds, finding: str) -> str:
    """The app's three verdicts against the truth, as an HTML table."""
    head = "".join(f'<th scope="col">{verdict_text(verdict, finding)}</th>' for verdict in VERDICTS)
    rows = []
    for label in (1, 0):
        counts = [states.count(verdict, label) for verdict in VERDICTS]
        cells = "".join(
            f"<td>{count:,}<small>{percent_text(count, sum(counts))}</small></td>" for count in counts
        )
        rows.append(f'<tr><th scope="row">{label_text(label, finding)}</th>{cells}</tr>')
    return (
        '<h3 class="table-title">Verdicts</h3><div class="wide"><table class="numbers verdicts">'
        f'<thead><tr><th scope="col">truth</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        f'<p class="note"><em>Uncertain</em>: {min(thresholds.low, 1):.3f} to {min(thresholds.high, 1):.3f}, chosen on '
        "the validation images; the slider does not change them.</p>"
    )
