"""ROC, precision–recall, calibration and decision curves, with captions and downloads."""

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
    PrecisionRecallCurve,
    ReliabilityCurve,
    RocCurve,
    Thresholds,
    compute_decision_curve,
    compute_precision_recall_curve,
    compute_reliability_curve,
    compute_roc_curve,
    net_benefit,
    net_benefit_of_all,
)
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common import layout
from pages.components.common.test_record import TestRecord
from pages.components.failures import charts as failures_charts
from pages.components.failures.measures import interval_text, number_text

# Caption of the rings on the first two curves.
_RINGS = "Rings: low, balanced and high threshold."


@dataclass(frozen=True, eq=False)
class CurveCharts:
    """Curves that do not depend on the threshold, and their charts by name."""

    roc: RocCurve
    pr: PrecisionRecallCurve
    reliability: ReliabilityCurve
    decision: DecisionCurve
    charts: dict[str, failures_charts.Spec]


def show(record: TestRecord, threshold: float) -> None:
    """Draw the four curves."""
    try:
        curves = _curves(record.key, record.card.finding, record.test)
    except DataError as error:
        st.info(layout.escape_markdown(str(error)))
        return
    finding, test = record.card.finding, record.test
    here = net_benefit(test["label"], test["probability"], test["group"], threshold)
    charts = _marked(curves, threshold, here, record.card.thresholds)
    first, second = st.columns(2), st.columns(2)
    for place, name, alt, words in (
        (first[0], "roc", "ROC curve with the operating point", roc_text(curves.roc, threshold)),
        (
            first[1],
            "precision-recall",
            "Precision–recall curve with the operating point",
            precision_recall_text(curves.pr, threshold),
        ),
        (
            second[0],
            "calibration",
            "Calibration curve with 95% intervals",
            reliability_text(curves.reliability, finding),
        ),
        (
            second[1],
            "decision",
            "Decision curve with the operating point",
            decision_text(curves.decision, here, threshold, finding),
        ),
    ):
        with place:
            st.vega_lite_chart(charts[name], width="stretch", alt=alt)
            st.caption(layout.escape_markdown(words))
            _downloads(record, curves, threshold, name)


def _marked(
    curves: CurveCharts, threshold: float, here: Interval, cut: Thresholds
) -> dict[str, failures_charts.Spec]:
    """Add the operating point and the card's thresholds to the charts."""
    charts = dict(curves.charts)
    own = card_thresholds(cut)
    for name, points, last in (
        ("roc", curves.roc, np.inf),
        # Above the highest probability nothing is flagged, so precision is undefined.
        ("precision-recall", curves.pr, curves.pr.thresholds[-1]),
    ):
        rings = [
            {"name": each, **_operating_point(points, value)} for each, value in own.items() if value <= last
        ]
        charts[name] = failures_charts.with_named_points(charts[name], rings)
        if threshold <= last:
            charts[name] = failures_charts.with_operating_point(
                charts[name], **_operating_point(points, threshold)
            )
    if here.is_measured:
        charts["decision"] = failures_charts.with_operating_point(
            charts["decision"], threshold=threshold, net_benefit=here.value
        )
    return charts


def card_thresholds(cut: Thresholds) -> dict[str, float]:
    """The thresholds of a card by name."""
    return {"low": cut.low, "balanced": cut.balanced, "high": cut.high}


def _operating_point(points: RocCurve | PrecisionRecallCurve, threshold: float) -> dict[str, float]:
    x, y = points.at(threshold)
    return {"x": x, "y": y, "threshold": threshold}


@st.cache_resource(max_entries=8, show_spinner=False)
def _curves(key: str, finding: str, _test: pd.DataFrame) -> CurveCharts:
    label, probability, group = _test["label"], _test["probability"], _test["group"]
    roc, pr = compute_roc_curve(label, probability), compute_precision_recall_curve(label, probability)
    reliability = compute_reliability_curve(label, probability, group)
    decision = compute_decision_curve(label, probability, group)
    charts = {
        "roc": failures_charts.roc_chart(roc),
        "precision-recall": failures_charts.precision_recall_chart(pr),
        "calibration": failures_charts.reliability_chart(reliability, finding),
        "decision": failures_charts.decision_chart(decision),
    }
    return CurveCharts(roc, pr, reliability, decision, charts)


def roc_text(points: RocCurve, threshold: float) -> str:
    """Caption of the ROC curve."""
    false_alarms, sensitivity = points.at(threshold)
    return (
        f"ROC: AUC {points.area:.2f}. At {threshold:.3f}: sensitivity {sensitivity:.2f}, false alarm rate "
        f"{false_alarms:.2f}. {_RINGS} Dashed: guessing."
    )


def precision_recall_text(points: PrecisionRecallCurve, threshold: float) -> str:
    """Caption of the precision–recall curve."""
    recall, precision = points.at(threshold) if threshold <= points.thresholds[-1] else (0.0, np.nan)
    there = f"precision {precision:.2f}" if not np.isnan(precision) else "no image is flagged"
    return (
        f"Precision–recall: average precision {points.average_precision:.2f}. At {threshold:.3f}: recall "
        f"{recall:.2f}, {there}. {_RINGS} Dashed: prevalence, {points.prevalence:.2f}."
    )


def reliability_text(points: ReliabilityCurve, finding: str) -> str:
    """Caption of the calibration curve."""
    return rephrase_for_finding(
        f"Calibration: ECE {points.ece:.3f}; of images with probability 30%, 30% should have a fracture (dashed). Bins "
        "hold equal numbers of images; bars are 95% intervals.",
        finding,
    )


def decision_text(points: DecisionCurve, here: Interval, threshold: float, finding: str) -> str:
    """Caption of the decision curve."""
    found = points.useful_range()
    where = (
        f"Better than treating all (dashed) and none (dotted) from {found[0]:.2f} to {found[1]:.2f}."
        if found
        else "At no threshold better than both treating all (dashed) and none (dotted)."
    )
    there = (
        f"net benefit {number_text(here.value)} ({interval_text(here)})"
        if here.is_measured
        else "no net benefit is defined"
    )
    if here.is_measured:
        there += f", of treating all {number_text(net_benefit_of_all(points.prevalence, threshold))}"
    return rephrase_for_finding(
        f"Decision curve: at {threshold:.3f} {there}. {where} Net benefit: true positives minus false "
        "alarms weighted by the odds of the threshold, per image.",
        finding,
    )


def _downloads(record: TestRecord, curves: CurveCharts, threshold: float, name: str) -> None:
    """Draw the downloads: the plot as SVG and PNG, its values as CSV."""
    figures = partial(_csv, curves, name)
    drawn = partial(_plot, curves, name, threshold, record.card)
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


def _csv(curves: CurveCharts, name: str) -> bytes:
    frames = {
        "roc": curves.roc.to_frame,
        "precision-recall": curves.pr.to_frame,
        "calibration": curves.reliability.to_frame,
        "decision": curves.decision.to_frame,
    }
    return frames[name]().to_csv(index=False, lineterminator="\n").encode()


def _plot(
    curves: CurveCharts, name: str, threshold: float, card: ModelCard, ending: Literal["svg", "png"]
) -> bytes:
    # Imports matplotlib, which only downloads need.
    from fracture_core.evaluation import plots

    finding = card.finding
    marks = {"operating": threshold, **card_thresholds(card.thresholds)}
    draw = {
        "roc": partial(plots.plot_roc, curves.roc, marks, None, finding),
        "precision-recall": partial(plots.plot_precision_recall, curves.pr, marks, finding),
        "calibration": partial(plots.plot_reliability, curves.reliability, finding),
        "decision": partial(plots.plot_decision_curve, curves.decision, threshold, finding),
    }
    return plots.encode_figure(draw[name](), ending)
