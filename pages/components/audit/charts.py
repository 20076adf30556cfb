"""How well properties of the files alone tell the label."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

# Okabe and Ito's orange, and grey: they differ in lightness too.
_REAL, _CHANCE = "#E69F00", "#7C8794"
_STEP = 24


def show(shortcuts: list[dict[str, Any]]) -> None:
    """A point and an interval for each property, the strongest first."""
    shortcuts = [shortcut for shortcut in shortcuts if shortcut["auc"]["value"] is not None]
    if not shortcuts:
        return
    st.subheader("What gives the label away without a look at the bone", anchor=False)
    frame = pd.DataFrame(
        [
            {
                "property": shortcut["words"],
                "AUC": shortcut["auc"]["value"],
                "low": shortcut["auc"]["low"],
                "high": shortcut["auc"]["high"],
                "more than chance": "yes" if shortcut["real"] else "no",
                "on this set": shortcut["sentence"],
            }
            for shortcut in shortcuts
        ]
    )
    colour = alt.Color(
        "more than chance:N",
        scale=alt.Scale(domain=["yes", "no"], range=[_REAL, _CHANCE]),
        legend=alt.Legend(orient="top", title="More than chance"),
    )
    order = list(frame["property"])
    names = alt.Y("property:N", sort=order, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False))
    tenths = range(min(4, int(10 * frame["low"].min())), 11)
    scale = alt.Scale(domain=[tenths[0] / 10, 1.0], nice=False)
    axis = alt.Axis(values=[tenth / 10 for tenth in tenths], format=".1f")
    tips = ["property", alt.Tooltip("AUC", format=".2f"), alt.Tooltip("low", format=".2f")]
    tips += [alt.Tooltip("high", format=".2f"), "on this set"]
    base = alt.Chart(frame)
    chart = alt.layer(
        alt.Chart(pd.DataFrame({"x": [0.5]}))
        .mark_rule(strokeDash=[4, 4], color="#7C8794")
        .encode(x=alt.X("x:Q", scale=scale, axis=axis, title="AUC (95% CI), 0.5 tells nothing")),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=scale, axis=axis),
            x2="high:Q",
            y=names,
            color=colour,
            tooltip=tips,
        ),
        base.mark_point(filled=True, size=110, opacity=1).encode(
            x="AUC:Q", y=names, color=colour, tooltip=tips
        ),
    ).properties(height=alt.Step(_STEP))
    st.altair_chart(chart, width="stretch", alt="AUC of each property with its interval")
    with st.expander("In words"):
        st.markdown("\n".join(f"- **{shortcut['words']}**: {shortcut['sentence']}" for shortcut in shortcuts))
