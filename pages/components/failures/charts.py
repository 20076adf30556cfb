"""Curves as Vega-Lite charts with tooltips.

Altair validates a chart against the Vega-Lite schema, which takes longer than the rest of the page. So each chart is
built once as a specification, and the operating point is added as a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from fracture_core.evaluation import DecisionCurve, PrecisionRecallCurve, ReliabilityCurve, RocCurve
from fracture_core.vocabulary import rephrase_for_finding

# Colours by Okabe and Ito, which also differ in lightness.
_LINE, _POINT, _OTHER, _GUESS = "#56B4E9", "#E69F00", "#F0E442", "#6B7580"
_HEIGHT = 300

# Points closer than this on both axes cannot be distinguished on a screen.
_NEAR = 1 / 400

# Line height of the names of points, in pixels.
_LINE_HEIGHT = 12

#: A Vega-Lite specification.
Spec = dict[str, Any]


def roc_chart(points: RocCurve) -> Spec:
    """The ROC curve and the diagonal."""
    frame = pd.DataFrame(
        {
            "x": points.false_positive_rate,
            "y": points.true_positive_rate,
            # The first threshold is infinite, which JSON cannot represent.
            "threshold": np.where(np.isfinite(points.thresholds), points.thresholds, 1.0),
        }
    )
    guess = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    names = ("False alarm rate (1 − specificity)", "Sensitivity")
    return _ranked(frame, guess, names)


def precision_recall_chart(points: PrecisionRecallCurve) -> Spec:
    """The precision–recall curve and the prevalence."""
    frame = pd.DataFrame(
        {"x": points.recall, "y": points.precision, "threshold": np.append(points.thresholds, 1.0)}
    ).iloc[::-1]
    guess = pd.DataFrame({"x": [0.0, 1.0], "y": [points.prevalence] * 2})
    return _ranked(frame, guess, ("Recall (sensitivity)", "Precision"))


def reliability_chart(points: ReliabilityCurve, finding: str) -> Spec:
    """Predicted against observed shares with their intervals; the diagonal is perfect."""
    frame = points.to_frame().round(5)
    perfect = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    observed = rephrase_for_finding("Share of fractures", finding)
    x, y = _x("predicted", "Predicted probability"), _y("observed", observed)
    tooltip = [
        alt.Tooltip("predicted:Q", title="Predicted", format=".3f"),
        alt.Tooltip("observed:Q", title=observed, format=".3f"),
        alt.Tooltip("low:Q", title="95% CI from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("n:Q", title="Images", format=","),
    ]
    base = alt.Chart(frame)
    return _spec(
        _dashes(perfect, "predicted", "observed"),
        base.mark_rule(color=_GUESS, strokeWidth=1.5).encode(x=x, y=_y("low", observed), y2="high:Q"),
        base.mark_line(color=_LINE, strokeWidth=2).encode(x=x, y=y),
        base.mark_point(color=_LINE, filled=True, size=60, opacity=1).encode(x=x, y=y, tooltip=tooltip),
    )


def decision_chart(points: DecisionCurve) -> Spec:
    """Net benefit of the model, of treating all and of treating none."""
    frame = points.to_frame().round(5)
    x = _x("threshold", "Threshold probability")
    scale = alt.Scale(domain=list(points.display_range()), nice=False)
    title = "Net benefit per image"

    def y(name: str) -> alt.Y:
        return alt.Y(f"{name}:Q", title=title, scale=scale, axis=alt.Axis(format=".2f"))

    tooltip = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
        alt.Tooltip("net_benefit:Q", title="Model", format=".3f"),
        alt.Tooltip("low:Q", title="95% CI from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("net_benefit_of_all:Q", title="Treat all", format=".3f"),
    ]
    near = alt.selection_point(on="pointerover", nearest=True, fields=["threshold"], empty=False)
    base = alt.Chart(frame)
    return _spec(
        base.mark_area(color=_LINE, opacity=0.2, clip=True).encode(x=x, y=y("low"), y2="high:Q"),
        base.mark_line(color=_GUESS, strokeDash=[1, 3], strokeWidth=1.5).encode(
            x=x, y=y("net_benefit_of_none")
        ),
        base.mark_line(color=_OTHER, strokeDash=[6, 4], strokeWidth=1.5, clip=True).encode(
            x=x, y=y("net_benefit_of_all")
        ),
        base.mark_line(color=_LINE, strokeWidth=2, clip=True).encode(x=x, y=y("net_benefit")),
        base.mark_point(color=_LINE, filled=True, size=60, clip=True)
        .encode(
            x=x,
            y=y("net_benefit"),
            tooltip=tooltip,
            opacity=alt.condition(near, alt.value(1), alt.value(0)),
        )
        .add_params(near),
    )


def with_operating_point(spec: Spec, **place: float) -> Spec:
    """Add the operating point to a chart.

    Args:
        spec: a chart of this module, whose last layer holds points.
        place: the values of that layer's fields at the operating point.
    """
    encoding = spec["layer"][-1]["encoding"]
    tooltip = [entry for entry in encoding["tooltip"] if entry["field"] in place]
    diamond = {
        "data": {"values": [place]},
        "mark": {
            "type": "point",
            "shape": "diamond",
            "filled": True,
            "size": 130,
            "color": _POINT,
            "opacity": 1,
        },
        "encoding": {"x": encoding["x"], "y": encoding["y"], "tooltip": tooltip},
    }
    return {**spec, "layer": [*spec["layer"], diamond]}


def with_named_points(spec: Spec, rings: Sequence[Mapping[str, object]]) -> Spec:
    """Add named points to a chart.

    Args:
        spec: a chart of this module, whose last layer holds points.
        rings: the values of that layer's fields at each point, and its `name`.
    """
    encoding = spec["layer"][-1]["encoding"]
    data = {"values": [dict(ring) for ring in rings]}
    at = {"x": encoding["x"], "y": encoding["y"]}
    tooltip = [{"field": "name", "type": "nominal", "title": "Threshold of the model"}, *encoding["tooltip"]]
    # One below the other, because the points can be close together.
    names = [
        {
            "data": {"values": [point]},
            "mark": {"type": "text", "align": "left", "dx": 9, "dy": _LINE_HEIGHT * line, "color": _OTHER},
            "encoding": {**at, "text": {"field": "name", "type": "nominal"}},
        }
        for line, point in enumerate(data["values"])
    ]
    ring = {
        "data": data,
        "mark": {"type": "point", "size": 110, "strokeWidth": 2, "color": _OTHER, "opacity": 1},
        "encoding": {**at, "tooltip": tooltip},
    }
    return {**spec, "layer": [*spec["layer"], *names, ring]}


def thin_curve(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop points of a curve that a screen cannot distinguish; the ends stay.

    Args:
        frame: columns x and y, 0–1, in order along the curve.
    """
    if frame.empty:
        return frame
    places = frame[["x", "y"]].to_numpy()
    kept = [0]
    for at in range(1, len(places)):
        if np.abs(places[at] - places[kept[-1]]).max() >= _NEAR:
            kept.append(at)
    return frame.iloc[sorted({*kept, len(places) - 1})]


def _ranked(frame: pd.DataFrame, guess: pd.DataFrame, names: tuple[str, str]) -> Spec:
    """The chart of a curve over all thresholds."""
    frame = thin_curve(frame).round(5)
    x, y = _x("x", names[0]), _y("y", names[1])
    tooltip = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
        alt.Tooltip("x:Q", title=names[0], format=".2f"),
        alt.Tooltip("y:Q", title=names[1], format=".2f"),
    ]
    near = alt.selection_point(on="pointerover", nearest=True, fields=["x", "y"], empty=False)
    line = alt.Chart(frame).mark_line(color=_LINE, strokeWidth=2, interpolate="linear")
    return _spec(
        _dashes(guess, "x", "y"),
        # The order of the rows is the order along the curve, vertical steps included.
        line.encode(x=x, y=y, order=alt.Order("order:Q")).transform_window(order="row_number()"),
        alt.Chart(frame)
        .mark_point(color=_LINE, filled=True, size=60)
        .encode(x=x, y=y, tooltip=tooltip, opacity=alt.condition(near, alt.value(1), alt.value(0)))
        .add_params(near),
    )


def _spec(*layers: alt.Chart) -> Spec:
    return dict(alt.layer(*layers, height=_HEIGHT).to_dict())


def _x(field: str, title: str) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=_unit(), axis=_ticks())


def _y(field: str, title: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title=title, scale=_unit(), axis=_ticks())


def _unit() -> alt.Scale:
    return alt.Scale(domain=[0, 1], nice=False)


def _ticks() -> alt.Axis:
    return alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2f")


def _dashes(guess: pd.DataFrame, x: str, y: str) -> alt.Chart:
    """A dashed reference line."""
    frame = guess.rename(columns={"x": x, "y": y})
    line = alt.Chart(frame).mark_line(color=_GUESS, strokeDash=[4, 4], strokeWidth=1)
    return line.encode(x=f"{x}:Q", y=f"{y}:Q")
