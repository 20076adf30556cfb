"""Learning curves: loss and AUC by epoch, of training and validation films."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from pages.parts import train_figures

# Told apart by colour-blind readers too, and by shape for everybody.
_COLOURS = {"training": "#7FB7C9", "validation": "#E8A33D"}
_TITLES = {"loss": "Loss (lower is better)", "auc": "AUC (0.5 is chance, 1 is perfect)"}


def show(epochs: Sequence[dict[str, Any]], planned: int, live: bool) -> None:
    """Draws both curves, and says which epoch is the best so far.

    Args:
        epochs: reports of the completed epochs.
        planned: how many were asked for.
        live: whether more may come.
    """
    if not epochs:
        st.caption("The first points appear when the first epoch is complete.")
        return
    # Room for what comes, without a long empty stretch at the beginning of many epochs.
    done = int(epochs[-1]["epoch"])
    last = max(2, min(planned, 2 * done + 2) if live else done)
    for column, name in zip(st.columns(2), _TITLES, strict=True):
        table = train_figures.curves(epochs, name)
        latest = ", ".join(
            f"{films} {part['value'].iloc[-1]:.3f}" for films, part in table.groupby("films", sort=True)
        )
        column.altair_chart(
            _chart(table, name, last),
            width="stretch",
            theme=None,
            alt=f"{_TITLES[name]} by epoch, {len(epochs)} epochs so far; latest: {latest}.",
        )
    best = train_figures.best_epoch(epochs)
    if best is not None:
        which = "Best epoch so far" if live else "Best epoch"
        auc = f", AUC {best['val_auc']:.3f}" if "val_auc" in best else ""
        st.caption(
            f"{which}: {best['epoch']} (on validation films: loss {best['val_loss']:.3f}{auc}). The model is taken "
            "from it."
        )


def _chart(table: Any, name: str, last: int) -> alt.Chart:
    scale = alt.Scale(domain=[0, 1]) if name == "auc" else alt.Scale(zero=False, nice=True)
    films = alt.Color(
        "films:N",
        scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
        legend=alt.Legend(title=None, orient="top", labelFontSize=12),
    )
    return (
        alt.Chart(table)
        .mark_line(strokeWidth=2, point={"size": 55, "filled": True, "opacity": 1})
        .encode(
            x=alt.X(
                "epoch:Q",
                title="Epoch",
                scale=alt.Scale(domain=[1, last], nice=False),
                axis=alt.Axis(values=_ticks(last), format="d", grid=False, labelFlush=False),
            ),
            y=alt.Y("value:Q", title=None, scale=scale),
            color=films,
            shape=alt.Shape(
                "films:N", scale=alt.Scale(domain=list(_COLOURS), range=["circle", "diamond"]), legend=None
            ),
            tooltip=[
                alt.Tooltip("films:N", title="Films"),
                alt.Tooltip("epoch:Q", title="Epoch", format="d"),
                alt.Tooltip("value:Q", title=name, format=".4f"),
            ],
        )
        .properties(
            height=280,
            background="transparent",
            title=alt.Title(_TITLES[name], anchor="start", color="#B6C0CA", fontSize=13, fontWeight="normal"),
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="#98A3AF",
            titleColor="#98A3AF",
            gridColor="#1E242B",
            domainColor="#3A434D",
            tickColor="#3A434D",
            titleFontWeight="normal",
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_legend(labelColor="#B6C0CA", symbolStrokeWidth=2)
    )


def _ticks(last: int) -> list[int]:
    """Whole epochs, at most ten of them."""
    step = -(-last // 10)
    return [1, *(number for number in range(step, last + 1, step) if number > 1)]
