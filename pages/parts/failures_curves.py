"""ROC and precision–recall curves with the operating point."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from fracture_core.errors import DataError
from fracture_core.evaluation import PrPoints, RocPoints, pr_points, roc_points

# Okabe and Ito's sky blue and orange differ in lightness too, so that any kind of colour vision tells them apart.
_LINE, _POINT, _GUESS = "#56B4E9", "#E69F00", "#6B7580"
_HEIGHT = 300

_Chart = alt.LayerChart | alt.FacetChart


def show(test: pd.DataFrame, threshold: float) -> None:
    """Both curves, side by side where there is room."""
    try:
        roc = roc_points(test["label"], test["probability"])
        pr = pr_points(test["label"], test["probability"])
    except DataError as error:
        st.info(str(error))
        return
    left, right = st.columns(2)
    false_alarms, sensitivity = roc.at(threshold)
    recall, precision = pr.at(threshold) if threshold <= pr.thresholds[-1] else (0.0, float("nan"))
    with left:
        st.altair_chart(roc_chart(roc, threshold), width="stretch", alt="ROC curve with the operating point")
        st.caption(
            f"ROC: area {roc.area:.2f}. At {threshold:.3f}: sensitivity {sensitivity:.2f}, false alarm rate "
            f"{false_alarms:.2f}. Dashed: guessing."
        )
    with right:
        st.altair_chart(
            pr_chart(pr, threshold), width="stretch", alt="Precision–recall curve with the operating point"
        )
        there = f"precision {precision:.2f}" if not np.isnan(precision) else "no film is flagged"
        st.caption(
            f"Precision–recall: average precision {pr.average_precision:.2f}. At {threshold:.3f}: recall "
            f"{recall:.2f}, {there}. Dashed: prevalence, {pr.prevalence:.2f}."
        )


def roc_chart(roc: RocPoints, threshold: float) -> _Chart:
    """The ROC curve, the diagonal and the operating point."""
    frame = pd.DataFrame(
        {
            "x": roc.false_positive_rate,
            "y": roc.true_positive_rate,
            # The first threshold is infinite, which JSON cannot say.
            "threshold": np.where(np.isfinite(roc.thresholds), roc.thresholds, 1.0),
        }
    )
    guess = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    names = ("False alarm rate (1 − specificity)", "Sensitivity")
    return _drawn(frame, guess, roc.at(threshold), threshold, names)


def pr_chart(pr: PrPoints, threshold: float) -> _Chart:
    """The precision–recall curve, the prevalence and the operating point."""
    frame = pd.DataFrame(
        {"x": pr.recall, "y": pr.precision, "threshold": np.append(pr.thresholds, 1.0)}
    ).iloc[::-1]
    guess = pd.DataFrame({"x": [0.0, 1.0], "y": [pr.prevalence] * 2})
    # Above the highest probability nothing is flagged, and there is no precision to draw.
    point = pr.at(threshold) if threshold <= pr.thresholds[-1] else None
    return _drawn(frame, guess, point, threshold, ("Recall (sensitivity)", "Precision"))


def _drawn(
    frame: pd.DataFrame,
    guess: pd.DataFrame,
    point: tuple[float, float] | None,
    threshold: float,
    names: tuple[str, str],
) -> _Chart:
    frame = frame.round(5)
    scale = alt.Scale(domain=[0, 1], nice=False)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    x = alt.X("x:Q", title=names[0], scale=scale, axis=alt.Axis(values=ticks, format=".2f"))
    y = alt.Y("y:Q", title=names[1], scale=scale, axis=alt.Axis(values=ticks, format=".2f"))
    tooltip = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
        alt.Tooltip("x:Q", title=names[0], format=".2f"),
        alt.Tooltip("y:Q", title=names[1], format=".2f"),
    ]
    near = alt.selection_point(on="pointerover", nearest=True, fields=["x", "y"], empty=False)
    line = alt.Chart(frame).mark_line(color=_LINE, strokeWidth=2, interpolate="linear")
    layers = [
        alt.Chart(guess).mark_line(color=_GUESS, strokeDash=[4, 4], strokeWidth=1).encode(x=x, y=y),
        # The order of the rows is the order along the curve, vertical steps included.
        line.encode(x=x, y=y, order=alt.Order("order:Q")).transform_window(order="row_number()"),
        alt.Chart(frame)
        .mark_point(color=_LINE, filled=True, size=60)
        .encode(x=x, y=y, tooltip=tooltip, opacity=alt.condition(near, alt.value(1), alt.value(0)))
        .add_params(near),
    ]
    if point is not None:
        here = pd.DataFrame({"x": [point[0]], "y": [point[1]], "threshold": [threshold]})
        layers.append(
            alt.Chart(here)
            .mark_point(color=_POINT, filled=True, size=130, shape="diamond", opacity=1)
            .encode(x=x, y=y, tooltip=tooltip)
        )
    return alt.layer(*layers, height=_HEIGHT)
