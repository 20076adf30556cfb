"""Altair and Vega-Lite theme for the dark background of the app."""

from typing import Any, TypeVar

import altair as alt

_Chart = TypeVar("_Chart", alt.Chart, alt.LayerChart | alt.FacetChart)

#: The member `config` of a Vega-Lite specification.
DARK_THEME: dict[str, Any] = {
    "view": {"stroke": None},
    "axis": {
        "labelColor": "#98A3AF",
        "titleColor": "#98A3AF",
        "gridColor": "#1E242B",
        "domainColor": "#3A434D",
        "tickColor": "#3A434D",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "legend": {"labelColor": "#B6C0CA", "symbolStrokeWidth": 2},
}


def apply_dark_theme(chart: _Chart) -> _Chart:
    """Return the chart with the colours and font sizes of the app."""
    return chart.configure(**DARK_THEME)
