"""Learning curves: loss, accuracy and AUC by epoch and by step.

The curves of an active run are drawn every 1.5 seconds. Altair would need 0.25 seconds each time, because it validates
a chart against the Vega-Lite schema, so the charts are specifications.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from fracture_core.runs.run import best_epoch
from fracture_core.runs.steps import CurvePoint
from pages.components.common.chart_theme import DARK_THEME
from pages.components.train.training_progress import BY_STEP, TRAINING, VALIDATION, curve_table

# Distinguishable without colour vision; points also differ in shape.
_COLOURS = {TRAINING: "#7FB7C9", VALIDATION: "#E8A33D", BY_STEP: "#54707C"}
_TITLES = {
    "loss": "Loss (lower is better)",
    "accuracy": "Accuracy (at a probability of 0.5)",
    "auc": "AUC (0.5 is chance, 1 is perfect)",
}


def show(
    epochs: Sequence[dict[str, Any]],
    planned: int,
    head_epochs: int,
    live: bool,
    points: Sequence[CurvePoint] = (),
) -> None:
    """Draw the curves and name the best epoch.

    Args:
        epochs: reports of the completed epochs.
        planned: maximum number of epochs.
        head_epochs: how many of them train only the head.
        live: whether the training continues.
        points: curve points by step.
    """
    if not epochs and not points:
        st.caption("The first points appear after the first steps.")
        return
    # Leaves room for the next epochs without a long empty stretch.
    done = int(epochs[-1]["epoch"]) if epochs else math.ceil(points[-1].at)
    last = max(2, min(planned, 2 * done + 2) if live else done)
    for column, name in zip(st.columns(len(_TITLES)), _TITLES, strict=True):
        table = curve_table(epochs, points, name)
        latest = ", ".join(
            f"{curve} {part['value'].iloc[-1]:.3f}" for curve, part in table.groupby("curve", sort=True)
        )
        column.vega_lite_chart(
            _chart(table, name, last),
            width="stretch",
            theme=None,
            alt=f"{_TITLES[name]} by epoch, {len(epochs)} epochs so far; latest: {latest}.",
        )
    best = best_epoch(epochs, head_epochs)
    if best is not None:
        which = "Best epoch so far" if live else "Best epoch"
        auc = f", validation AUC {best['val_auc']:.3f}" if "val_auc" in best else ""
        st.caption(
            f"{which}: {best['epoch']} (validation loss {best['val_loss']:.3f}{auc}). The model has the weights of "
            "this epoch."
        )


def _chart(table: pd.DataFrame, name: str, last: int) -> dict[str, Any]:
    """Return the Vega-Lite specification of a metric up to an epoch."""
    domain = [curve for curve in _COLOURS if (table["curve"] == curve).any()]
    encoding = {
        "x": {
            "field": "epoch",
            "type": "quantitative",
            "title": "Epoch",
            "scale": {"domain": [0, last], "nice": False},
            "axis": {"values": _ticks(last), "format": "d", "grid": False, "labelFlush": False},
        },
        "y": {
            "field": "value",
            "type": "quantitative",
            "title": None,
            "scale": {"zero": False, "nice": True} if name == "loss" else {"domain": [0, 1]},
        },
        "color": {
            "field": "curve",
            "type": "nominal",
            "scale": {"domain": domain, "range": [_COLOURS[curve] for curve in domain]},
            "legend": {"title": None, "orient": "top", "labelFontSize": 12, "columns": 2},
        },
        "tooltip": [
            {"field": "curve", "type": "nominal", "title": "Curve"},
            {"field": "epoch", "type": "quantitative", "title": "Epoch", "format": ".3~f"},
            {"field": "value", "type": "quantitative", "title": name, "format": ".4f"},
        ],
    }
    shape = {
        "field": "curve",
        "type": "nominal",
        "scale": {"domain": [TRAINING, VALIDATION], "range": ["circle", "diamond"]},
        "legend": None,
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": DARK_THEME,
        "height": 280,
        "background": "transparent",
        "title": {
            "text": _TITLES[name],
            "anchor": "start",
            "color": "#B6C0CA",
            "fontSize": 13,
            "fontWeight": "normal",
        },
        "data": {"values": _records(table)},
        "layer": [
            {
                "transform": [{"filter": {"field": "curve", "equal": BY_STEP}}],
                "mark": {"type": "line", "strokeWidth": 1},
                "encoding": encoding,
            },
            {
                "transform": [{"filter": {"not": {"field": "curve", "equal": BY_STEP}}}],
                "mark": {
                    "type": "line",
                    "strokeWidth": 2,
                    "point": {"size": 45, "filled": True, "opacity": 1},
                },
                "encoding": {**encoding, "shape": shape},
            },
        ],
    }


def _records(table: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the rows, with None for values that JSON cannot represent."""
    return [
        {**row, "value": row["value"] if math.isfinite(row["value"]) else None}
        for row in table.astype({"value": float}).to_dict("records")
    ]


def _ticks(last: int) -> list[int]:
    """Return at most ten whole epochs."""
    step = -(-last // 10)
    return [1, *(number for number in range(step, last + 1, step) if number > 1)]
