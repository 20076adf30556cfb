"""Altair theme for the dark background of the app."""

from typing import TypeVar

import altair as alt

_Chart = TypeVar("_Chart", alt.Chart, alt.LayerChart | alt.FacetChart)


def apply_dark_theme(chart: _Chart) -> _Chart:
    """Return the chart with the colours and font sizes of the app."""
    return (
        chart.configure_view(stroke=None)
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
