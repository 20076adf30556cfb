"""What a model says of a film, in words first."""

import html

import streamlit as st

from fracture_core.evaluation import Summary
from fracture_core.imaging import Gate, GateState
from fracture_core.registry.card import Card
from fracture_core.words import Verdict, a_finding, verdict_words

# Share of the scale's width that a label takes.
_LABEL = 0.09

_TONES = {
    Verdict.SUSPECTED: "suspected",
    Verdict.UNCERTAIN: "uncertain",
    Verdict.NOT_SEEN: "not-seen",
}


def verdict(found: Verdict, probability: float, card: Card) -> None:
    """The verdict, its probability, and both on a scale with the thresholds."""
    low, high = (min(max(cut, 0.0), 1.0) for cut in (card.thresholds.low, card.thresholds.high))
    words = {row: verdict_words(row, card.finding) for row in Verdict}
    st.html(
        f'<div class="verdict {_TONES[found]}"><div class="word" data-testid="verdict">{words[found]}</div>'
        f'<div class="number">Probability of {a_finding(card.finding)}: <b>{_percent(probability)}</b></div>'
        f'<div class="scale" style="--low:{low:.1%};--high:{high:.1%};--at:{probability:.1%}" role="img" '
        f'aria-label="Probability {_percent(probability)}; {words[Verdict.NOT_SEEN]} below {_percent(low)}, '
        f'{words[Verdict.SUSPECTED]} from {_percent(high)}"><div class="bar"></div><div class="mark"></div>'
        f"{'' if 0 < low < _LABEL else '<span class=end>0%</span>'}{_cuts(low, high)}"
        '<span class="end right">100%</span></div></div>'
    )
    if found is Verdict.UNCERTAIN:
        st.caption("Uncertain: between the two thresholds the model's word should not count either way.")


def no_verdict(gate: Gate) -> None:
    """A film that the gate refuses gets no verdict, and the reason why."""
    st.html(
        '<div class="verdict none"><div class="word" data-testid="verdict">no opinion on this image</div></div>'
    )
    reasons(gate)


def reasons(gate: Gate) -> None:
    """Why the gate warns or refuses; nothing where it does neither."""
    if not gate.reasons:
        return
    kind = "gate refuse" if gate.state is GateState.REFUSE else "gate"
    st.html("".join(f'<div class="{kind}">{html.escape(reason)}</div>' for reason in gate.reasons))


def record(card: Card) -> None:
    """How good this model has been, over all films or on the region that the user names."""
    if card.test is None:
        st.info(
            "This model has no record: nobody has measured it here, and its probability is not calibrated."
        )
        return
    chosen = ""
    if card.test_regions:
        chosen = st.selectbox(
            "This film shows",
            ["", *card.test_regions],
            format_func=lambda name: name.capitalize() if name else "Region not stated",
            key="region",
            help="Choose the region to read how good the model has been on films of it.",
        )
    found = card.record(chosen)
    if found is not None:
        st.markdown(_record_sentence(found, chosen, card))


def _record_sentence(found: Summary, region: str, card: Card) -> str:
    films = f"{region} films" if region else "films"
    source = card.data.name.split(",")[0] if card.data else "its test set"
    kept = (
        "that it never saw"
        if card.data and card.data.checked
        else "split as given, with leaks or not looked at for them"
    )
    return (
        f"**Its record on {films}** of {source} {kept}: sensitivity {found.sensitivity.text()}, "
        f"specificity {found.specificity.text()} at the threshold {found.threshold:.2f}, AUC {found.auc.text()}."
        f"{_verdicts(card) if not region else ''}"
    )


def _verdicts(card: Card) -> str:
    """How its three verdicts fell on the test films, which is the record of the verdict itself."""
    states = card.test_states
    if states is None:
        return ""
    finding = a_finding(card.finding)
    counts = {
        label: [
            states.count(verdict, label)
            for verdict in (Verdict.SUSPECTED, Verdict.UNCERTAIN, Verdict.NOT_SEEN)
        ]
        for label in (1, 0)
    }
    return " " + " ".join(
        f"Of {sum(row):,} {words} it suspected {finding} in {row[0]:,}, was uncertain in {row[1]:,} and saw none in "
        f"{row[2]:,}."
        for words, row in ((f"films with {finding}", counts[1]), ("others", counts[0]))
    )


def limits(card: Card) -> None:
    """What the model cannot judge."""
    with st.expander("What this model cannot judge"):
        st.markdown("\n".join(f"- {limit}" for limit in card.limits))


def _cuts(low: float, high: float) -> str:
    """The thresholds under the scale; one label for two that would overlap."""
    labels = [(low, _percent(low)), (high, _percent(high))]
    if high - low < _LABEL:
        words = _percent(low) if _percent(low) == _percent(high) else f"{low:.0%}–{high:.0%}"
        labels = [((low + high) / 2, words)]
    return "".join(
        f'<span class="cut" style="left:{at:.1%}">{words}</span>'
        for at, words in labels
        if 0 < at < 1 - _LABEL
    )


def _percent(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else "over 99%" if 0.99 < share < 1 else f"{share:.0%}"
