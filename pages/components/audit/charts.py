"""Chart of shortcuts: how well properties of the files alone predict the label."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.common import layout

# Orange of Okabe and Ito, and grey; they also differ in lightness.
_ABOVE_CHANCE_COLOUR, _CHANCE_COLOUR = "#E69F00", "#7C8794"
_STEP = 24


def show(shortcuts: list[dict[str, Any]]) -> None:
    """Draw the AUC of each property with its interval, strongest first.

    Args:
        shortcuts: the list `shortcuts` of an audit report.
    """
    shortcuts = [shortcut for shortcut in shortcuts if shortcut["auc"]["value"] is not None]
    if not shortcuts:
        return
    st.subheader("Shortcuts: file properties that predict the label", anchor=False)
    frame = pd.DataFrame(
        [
            {
                "property": shortcut["words"],
                "AUC": shortcut["auc"]["value"],
                "low": shortcut["auc"]["low"],
                "high": shortcut["auc"]["high"],
                "above chance": "yes" if shortcut["real"] else "no",
                "in this dataset": shortcut["sentence"],
            }
            for shortcut in shortcuts
        ]
    )
    colour = alt.Color(
        "above chance:N",
        scale=alt.Scale(domain=["yes", "no"], range=[_ABOVE_CHANCE_COLOUR, _CHANCE_COLOUR]),
        legend=alt.Legend(orient="top", title="Above chance"),
    )
    order = list(frame["property"])
    names = alt.Y("property:N", sort=order, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False))
    tenths = range(min(4, int(10 * frame["low"].min())), 11)
    scale = alt.Scale(domain=[tenths[0] / 10, 1.0], nice=False)
    axis = alt.Axis(values=[tenth / 10 for tenth in tenths], format=".1f")
    tips = ["property", alt.Tooltip("AUC", format=".2f"), alt.Tooltip("low", format=".2f")]
    tips += [alt.Tooltip("high", format=".2f"), "in this dataset"]
    base = alt.Chart(frame)
    chart = alt.layer(
        alt.Chart(pd.DataFrame({"x": [0.5]}))
        .mark_rule(strokeDash=[4, 4], color="#7C8794")
        .encode(x=alt.X("x:Q", scale=scale, axis=axis, title="AUC (95% CI); 0.5 is chance")),
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
    st.altair_chart(chart, width="stretch", alt="AUC of each property with its 95% interval")
    escape = layout.escape_markdown
    lines = [f"- **{escape(shortcut['words'])}**: {escape(shortcut['sentence'])}" for shortcut in shortcuts]
    with st.expander("Descriptions"):
        st.markdown("\n".join(lines))
