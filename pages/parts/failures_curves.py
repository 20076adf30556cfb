"""ROC, precision–recall, calibration and decision curve: drawn, put in words, and downloaded with their figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from fracture_core.errors import DataError
from fracture_core.evaluation import (
    DecisionCurve,
    Interval,
    PrPoints,
    Reliability,
    RocPoints,
    Thresholds,
    benefit_of_all,
    decision_curve,
    net_benefit,
    pr_points,
    reliability_points,
    roc_points,
)
from fracture_core.registry.card import Card
from fracture_core.words import told_of
from pages.parts import failures_charts
from pages.parts.failures_measures import ends, number
from pages.parts.failures_record import Record

# What the rings on the first two curves are.
_RINGS = "Rings: the model’s own low, balanced and high thresholds."


@dataclass(frozen=True, eq=False)
class Curves:
    """What no threshold moves, and the charts of it by name."""

    roc: RocPoints
    pr: PrPoints
    reliability: Reliability
    decision: DecisionCurve
    charts: dict[str, failures_charts.Spec]


def show(record: Record, threshold: float) -> None:
    """All four, two to a row where there is room."""
    try:
        curves = _curves(record.key, record.card.finding, record.test)
    except DataError as error:
        st.info(str(error))
        return
    finding, test = record.card.finding, record.test
    here = net_benefit(test["label"], test["probability"], test["group"], threshold)
    charts = _marked(curves, threshold, here, record.card.thresholds)
    first, second = st.columns(2), st.columns(2)
    for place, name, alt, words in (
        (first[0], "roc", "ROC curve with the operating point", roc_words(curves.roc, threshold)),
        (
            first[1],
            "precision-recall",
            "Precision–recall curve with the operating point",
            pr_words(curves.pr, threshold),
        ),
        (
            second[0],
            "calibration",
            "Calibration curve with 95% intervals",
            reliability_words(curves.reliability, finding),
        ),
        (
            second[1],
            "decision",
            "Decision curve with the operating point",
            decision_words(curves.decision, here, threshold, finding),
        ),
    ):
        with place:
            st.vega_lite_chart(charts[name], width="stretch", alt=alt)
            st.caption(words)
            _downloads(record, curves, threshold, name)


def _marked(
    curves: Curves, threshold: float, here: Interval, cut: Thresholds
) -> dict[str, failures_charts.Spec]:
    """The charts with the operating point, where there is one, and those of the card."""
    charts = dict(curves.charts)
    own = own_thresholds(cut)
    for name, points, last in (
        ("roc", curves.roc, np.inf),
        # Above the highest probability nothing is flagged, and there is no precision to draw.
        ("precision-recall", curves.pr, curves.pr.thresholds[-1]),
    ):
        rings = [{"name": each, **_place(points, value)} for each, value in own.items() if value <= last]
        charts[name] = failures_charts.ringed(charts[name], rings)
        if threshold <= last:
            charts[name] = failures_charts.marked(charts[name], **_place(points, threshold))
    if here.measurable:
        charts["decision"] = failures_charts.marked(
            charts["decision"], threshold=threshold, net_benefit=here.value
        )
    return charts


def own_thresholds(cut: Thresholds) -> dict[str, float]:
    """The operating points of a card, by name."""
    return {"low": cut.low, "balanced": cut.balanced, "high": cut.high}


def _place(points: RocPoints | PrPoints, threshold: float) -> dict[str, float]:
    x, y = points.at(threshold)
    return {"x": x, "y": y, "threshold": threshold}


@st.cache_resource(max_entries=8, show_spinner=False)
def _curves(key: str, finding: str, _test: pd.DataFrame) -> Curves:
    label, probability, group = _test["label"], _test["probability"], _test["group"]
    roc, pr = roc_points(label, probability), pr_points(label, probability)
    reliability = reliability_points(label, probability, group)
    decision = decision_curve(label, probability, group)
    charts = {
        "roc": failures_charts.roc(roc),
        "precision-recall": failures_charts.precision_recall(pr),
        "calibration": failures_charts.reliability(reliability, finding),
        "decision": failures_charts.decision(decision),
    }
    return Curves(roc, pr, reliability, decision, charts)


def roc_words(points: RocPoints, threshold: float) -> str:
    """What the ROC curve says."""
    false_alarms, sensitivity = points.at(threshold)
    return (
        f"ROC: area {points.area:.2f}. At {threshold:.3f}: sensitivity {sensitivity:.2f}, false alarm rate "
        f"{false_alarms:.2f}. {_RINGS} Dashed: guessing."
    )


def pr_words(points: PrPoints, threshold: float) -> str:
    """What the precision–recall curve says."""
    recall, precision = points.at(threshold) if threshold <= points.thresholds[-1] else (0.0, np.nan)
    there = f"precision {precision:.2f}" if not np.isnan(precision) else "no film is flagged"
    return (
        f"Precision–recall: average precision {points.average_precision:.2f}. At {threshold:.3f}: recall "
        f"{recall:.2f}, {there}. {_RINGS} Dashed: prevalence, {points.prevalence:.2f}."
    )


def reliability_words(points: Reliability, finding: str) -> str:
    """What the calibration curve says."""
    return told_of(
        f"Calibration: ECE {points.ece:.3f}; of the films that get 30%, 30% should have a fracture (dashed). Bins "
        "hold equally many films; lines are 95% intervals.",
        finding,
    )


def decision_words(points: DecisionCurve, here: Interval, threshold: float, finding: str) -> str:
    """What the decision curve says."""
    found = points.useful()
    where = (
        f"The model beats both acting on all films (dashed) and on none (dotted) from {found[0]:.2f} to {found[1]:.2f}."
        if found
        else "Nowhere does the model beat both acting on all films (dashed) and on none (dotted)."
    )
    there = (
        f"net benefit {number(here.value)} ({ends(here)})" if here.measurable else "no net benefit is defined"
    )
    if here.measurable:
        there += f", of acting on all {number(benefit_of_all(points.prevalence, threshold))}"
    return told_of(
        f"Decision curve: at {threshold:.3f} {there}. {where} Net benefit: fractures found less false alarms, weighted "
        "by the odds of the threshold, per film.",
        finding,
    )


def _downloads(record: Record, curves: Curves, threshold: float, name: str) -> None:
    """The plot as SVG and PNG and its figures as CSV; each is made when it is asked for."""
    figures = partial(_csv, curves, name)
    drawn = partial(_drawn, curves, name, threshold, record.card)
    with st.container(horizontal=True, gap="small", key=f"failures-save-{name}"):
        for ending, mime, data in (
            ("svg", "image/svg+xml", partial(drawn, "svg")),
            ("png", "image/png", partial(drawn, "png")),
            ("csv", "text/csv", figures),
        ):
            st.download_button(
                f"{name}.{ending}",
                data=data,
                file_name=f"{record.card.id}-{name}.{ending}",
                mime=mime,
                key=f"failures_save {name} {ending}",
                type="tertiary",
                on_click="ignore",
            )


def _csv(curves: Curves, name: str) -> bytes:
    frames = {
        "roc": curves.roc.to_frame,
        "precision-recall": curves.pr.to_frame,
        "calibration": curves.reliability.to_frame,
        "decision": curves.decision.to_frame,
    }
    return frames[name]().to_csv(index=False, lineterminator="\n").encode()


def _drawn(curves: Curves, name: str, threshold: float, card: Card, ending: Literal["svg", "png"]) -> bytes:
    # Loads matplotlib, which the page does without until a plot is taken away.
    from fracture_core.evaluation import plots

    finding = card.finding
    marks = {"operating": threshold, **own_thresholds(card.thresholds)}
    draw = {
        "roc": partial(plots.roc, curves.roc, marks, None, finding),
        "precision-recall": partial(plots.precision_recall, curves.pr, marks, finding),
        "calibration": partial(plots.reliability, curves.reliability, finding),
        "decision": partial(plots.decision, curves.decision, threshold, finding),
    }
    return plots.encoded(draw[name](), ending)
