"""Interactive learning curves of several runs, with smoothing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.components.common.chart_theme import DARK_THEME

# Distinguishable without colour vision; runs also differ in the dashes of their lines.
_COLOURS = ("#7FB7C9", "#E8A33D", "#B79BE0", "#7FD1AE", "#FF9E80", "#D5DBE1")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 2])

#: Most runs in one chart.
MAX_RUNS = len(_COLOURS)

_METRICS = {"val_auc": "Validation AUC", "val_loss": "Validation loss"}


def show(epochs: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """Draw the curves side by side, with a slider for their smoothing.

    Args:
        epochs: progress lines of the completed epochs by name of the run, at most `MAX_RUNS`.
    """
    weight = st.slider(
        "Smoothing",
        0.0,
        0.9,
        step=0.1,
        key="train_compare_smoothing",
        persist_state="session",
        help="Weight of the earlier epochs in an exponential moving average; 0 shows the values themselves. The "
        "values stay visible as thin lines.",
        width=320,
    )
    for column, (key, title) in zip(st.columns(len(_METRICS)), _METRICS.items(), strict=True):
        curves = {name: curve for name, lines in epochs.items() if (curve := curve_of(lines, key))}
        if curves:
            column.vega_lite_chart(
                _chart(curves, title, weight),
                width="stretch",
                theme=None,
                alt=f"{title} by epoch of {', '.join(curves)}",
            )
    st.caption("Scroll over a chart to zoom, drag to move, and double-click to reset it.")


def curve_of(lines: Sequence[dict[str, Any]], key: str) -> list[tuple[int, float]]:
    """Return the finite values of a metric as pairs of epoch and value."""
    return [
        (int(line["epoch"]), float(line[key]))
        for line in lines
        if line.get(key) is not None and math.isfinite(line[key])
    ]


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average of a curve.

    The sum of weights is divided out, so that the first values are not pulled towards 0, as TensorBoard does.

    Args:
        values: the curve.
        weight: weight of the earlier values, 0 to less than 1.
    """
    smoothed, total, norm = [], 0.0, 0.0
    for value in values:
        total = weight * total + (1 - weight) * value
        norm = weight * norm + (1 - weight)
        smoothed.append(total / norm)
    return smoothed


def _chart(curves: Mapping[str, Sequence[tuple[int, float]]], title: str, weight: float) -> dict[str, Any]:
    """Return the Vega-Lite specification of one metric."""
    rows = [
        {"run": name, "epoch": epoch, "value": value, "smoothed": mean}
        for name, curve in curves.items()
        for (epoch, value), mean in zip(curve, smooth([value for _, value in curve], weight), strict=True)
    ]
    names = list(curves)
    colour = {
        "field": "run",
        "type": "nominal",
        "scale": {"domain": names, "range": list(_COLOURS[: len(names)])},
        "legend": {
            "title": None,
            "orient": "top",
            "labelFontSize": 12,
            "columns": 2,
            "labelLimit": 240,
            "symbolType": "stroke",
        },
    }
    dash = {
        "field": "run",
        "type": "nominal",
        "scale": {"domain": names, "range": list(_DASHES[: len(names)])},
        "legend": None,
    }
    axis = {
        "field": "epoch",
        "type": "quantitative",
        "title": "Epoch",
        "axis": {"format": "d", "grid": False},
    }
    tooltip = [
        {"field": "run", "type": "nominal", "title": "Run"},
        {"field": "epoch", "type": "quantitative", "title": "Epoch"},
        {"field": "value", "type": "quantitative", "title": title, "format": ".4f"},
    ]
    if weight:
        tooltip.append({"field": "smoothed", "type": "quantitative", "title": "Smoothed", "format": ".4f"})

    def line(field: str, mark: dict[str, Any]) -> dict[str, Any]:
        height = {"field": field, "type": "quantitative", "title": None, "scale": {"zero": False}}
        return {
            "mark": {"type": "line", **mark},
            "encoding": {"x": axis, "y": height, "color": colour, "strokeDash": dash, "tooltip": tooltip},
        }

    shown = line("smoothed", {"strokeWidth": 2, "point": {"size": 40, "filled": True, "opacity": 1}})
    # One layer holds the selection; in a chart with two, each would need its own.
    shown["params"] = [{"name": "view", "select": "interval", "bind": "scales"}]
    values = [line("value", {"strokeWidth": 1, "opacity": 0.35})] if weight else []
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": DARK_THEME,
        "height": 300,
        "background": "transparent",
        "title": {
            "text": title,
            "anchor": "start",
            "color": "#B6C0CA",
            "fontSize": 13,
            "fontWeight": "normal",
        },
        "data": {"values": rows},
        "layer": [*values, shown],
    }
