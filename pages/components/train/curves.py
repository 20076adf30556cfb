"""Learning curves: loss, accuracy and AUC by epoch and by step."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from fracture_core.runs.steps import CurvePoint
from pages.components.common.chart_theme import apply_dark_theme
from pages.components.train.training_progress import BY_STEP, TRAINING, VALIDATION, best_epoch, curve_table

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
        column.altair_chart(
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


def _chart(table: Any, name: str, last: int) -> alt.LayerChart | alt.FacetChart:
    domain = [name for name in _COLOURS if (table["curve"] == name).any()]
    curve = alt.Color(
        "curve:N",
        scale=alt.Scale(domain=domain, range=[_COLOURS[name] for name in domain]),
        legend=alt.Legend(title=None, orient="top", labelFontSize=12, columns=2),
    )
    base = alt.Chart(table).encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            scale=alt.Scale(domain=[0, last], nice=False),
            axis=alt.Axis(values=_ticks(last), format="d", grid=False, labelFlush=False),
        ),
        y=alt.Y(
            "value:Q",
            title=None,
            scale=alt.Scale(zero=False, nice=True) if name == "loss" else alt.Scale(domain=[0, 1]),
        ),
        color=curve,
        tooltip=[
            alt.Tooltip("curve:N", title="Curve"),
            alt.Tooltip("epoch:Q", title="Epoch", format=".3~f"),
            alt.Tooltip("value:Q", title=name, format=".4f"),
        ],
    )
    steps = base.transform_filter(alt.datum.curve == BY_STEP).mark_line(strokeWidth=1)
    whole = (
        base.transform_filter(alt.datum.curve != BY_STEP)
        .mark_line(strokeWidth=2, point={"size": 45, "filled": True, "opacity": 1})
        .encode(
            shape=alt.Shape(
                "curve:N",
                scale=alt.Scale(domain=[TRAINING, VALIDATION], range=["circle", "diamond"]),
                legend=None,
            )
        )
    )
    return apply_dark_theme(
        alt.layer(steps, whole).properties(
            height=280,
            background="transparent",
            title=alt.Title(_TITLES[name], anchor="start", color="#B6C0CA", fontSize=13, fontWeight="normal"),
        )
    )


def _ticks(last: int) -> list[int]:
    """Return at most ten whole epochs."""
    step = -(-last // 10)
    return [1, *(number for number in range(step, last + 1, step) if number > 1)]
