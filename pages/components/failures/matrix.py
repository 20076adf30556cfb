"""The confusion matrix by verdict or by threshold; its cells list their cases."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fracture_core.evaluation import VERDICTS, Confusion, Thresholds, VerdictCounts
from fracture_core.vocabulary import label_text, rephrase_for_finding, verdict_text
from pages.components.common import boundary
from pages.components.failures import case_list, state

# The two matrices: value of the URL parameter, and label.
_VERDICTS, _THRESHOLD = "verdict", "threshold"
_TITLES = {_VERDICTS: "By verdict", _THRESHOLD: "By threshold"}

_STYLE = Path(__file__).with_name("style.css")


def show_style() -> None:
    """Load the style sheet of the page."""
    st.html(_STYLE)


def show_matrix(counts: Confusion, states: VerdictCounts, thresholds: Thresholds, finding: str) -> None:
    """Draw truth against the three verdicts, or against one threshold; each cell is a button."""
    by_threshold = st.session_state[state.KIND_KEY] in case_list.CELL_TEXT
    if st.session_state.get(state.MATRIX_KEY) not in _TITLES:
        st.session_state[state.MATRIX_KEY] = _THRESHOLD if by_threshold else _VERDICTS
    view = st.segmented_control(
        "Matrix",
        list(_TITLES),
        format_func=_TITLES.__getitem__,
        key=state.MATRIX_KEY,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
        width="stretch",
    )
    if view == _VERDICTS:
        _show_verdicts(states, finding)
        st.caption(
            f"*Uncertain*: {min(thresholds.low, 1):.3f} to {min(thresholds.high, 1):.3f}, chosen on validation images."
        )
    else:
        _show_outcomes(counts, finding)


def _show_verdicts(states: VerdictCounts, finding: str) -> None:
    """Draw truth against the three verdicts."""
    chosen = st.session_state.get(state.KIND_KEY)
    with st.container(key="failures-verdicts"):
        st.html('<div class="axis">truth</div>')
        for verdict in VERDICTS:
            st.html(f'<div class="axis">{verdict_text(verdict, finding)}</div>')
        for label in (1, 0):
            total = sum(states.count(verdict, label) for verdict in VERDICTS)
            st.html(f'<div class="axis"><b>{label_text(label, finding)}</b></div>')
            for verdict in VERDICTS:
                kind = next(
                    name for name, found in case_list.VERDICT_FILTERS.items() if found == (verdict, label)
                )
                _cell(kind, "", states.count(verdict, label), total, chosen)


def _show_outcomes(counts: Confusion, finding: str) -> None:
    """Draw the confusion matrix at the threshold."""
    chosen = st.session_state.get(state.KIND_KEY)
    with st.container(key="failures-matrix"):
        st.html('<div class="axis">truth</div>')
        st.html(f'<div class="axis">model: <b>{label_text(1, finding)}</b></div>')
        st.html(f'<div class="axis">model: <b>{label_text(0, finding)}</b></div>')
        st.html(f'<div class="axis"><b>{label_text(1, finding)}</b></div>')
        missed = rephrase_for_finding("missed fractures", finding)
        _cell(case_list.TRUE_POSITIVE, "true positives", counts.tp, counts.positives, chosen)
        _cell(case_list.MISSED_FRACTURE, missed, counts.fn, counts.positives, chosen)
        st.html(f'<div class="axis"><b>{label_text(0, finding)}</b></div>')
        _cell(case_list.FALSE_ALARMS, "false alarms", counts.fp, counts.negatives, chosen)
        _cell(case_list.TRUE_NEGATIVE, "true negatives", counts.tn, counts.negatives, chosen)


def _cell(kind: str, words: str, count: int, of: int, chosen: str | None) -> None:
    st.button(
        cell_text(words, count, of),
        key=f"failures-cell-{kind}",
        type="primary" if kind == chosen else "secondary",
        on_click=boundary.callback(state.show_cell),
        args=(kind,),
        width="stretch",
    )


def cell_text(words: str, count: int, of: int) -> str:
    """Label of a cell: count, outcome and share of the row."""
    return " ".join(filter(None, (f"**{count:,}**", words, f"*{percent_text(count, of)}*")))


def percent_text(count: int, of: int) -> str:
    """A share in percent, with one decimal below 10% and above 90%."""
    if not of:
        return "none"
    share = 100 * count / of
    return f"{share:.0f}%" if 10 <= share <= 90 or count in (0, of) else f"{share:.1f}%"
