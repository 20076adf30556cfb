"""What is in a data set: counts by part and region, and some of its films."""

from collections.abc import Mapping
from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st

from fracture_core.audit.wording import SPLIT_TITLES
from fracture_core.file_names import escape_name
from fracture_core.vocabulary import finding_with_article
from pages.components.common import boundary, case_images, figure_grid
from pages.components.common.chart_theme import apply_dark_theme
from pages.components.train.dataset_preview import DatasetPreview

# Okabe and Ito's sky blue and orange differ in lightness too, so that any kind of colour vision tells them apart.
_WITHOUT, _WITH = "#56B4E9", "#E69F00"

#: Films shown at a time.
_FILMS = 16

#: Regions drawn; more would leave no room for their names.
_REGIONS = 14

_AT = "train_sample_at"


def show(films: DatasetPreview) -> None:
    """Draws counts and films."""
    # Its state is kept, so that it does not close while other parts of the page come and go.
    box = st.expander("What is in it", key="train_contents", on_change="rerun", expanded=True)
    if not box.open:
        return
    with box:
        left, right = st.columns(2)
        left.altair_chart(
            _chart(films, films.parts, "Part", {part: SPLIT_TITLES[part] for part, _ in films.parts}),
            width="stretch",
            theme=None,
            alt=_told(films, films.parts, SPLIT_TITLES),
        )
        regions = {region: region or "not stated" for region, _ in films.regions}
        if set(regions) == {""}:
            right.caption("The set does not state the regions of its films.")
        else:
            shown = dict(list(regions.items())[:_REGIONS])
            right.altair_chart(
                _chart(films, films.regions, "Region", shown),
                width="stretch",
                theme=None,
                alt=_told(films, films.regions, shown),
            )
            if len(regions) > len(shown):
                right.caption(f"The {len(shown)} commonest of {len(regions)} regions.")
        _films(films)


def _chart(
    films: DatasetPreview, counts: Mapping[tuple[str, int], int], title: str, names: Mapping[str, str]
) -> alt.Chart:
    """Bars, one a part or region, of films with and without the finding."""
    words = _labels(films)
    frame = pd.DataFrame(
        [
            {"name": names[name], "label": words[label], "films": count, "order": label}
            for (name, label), count in counts.items()
            if name in names
        ]
    )
    return apply_dark_theme(
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("films:Q", title="Films", axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5)),
            y=alt.Y("name:N", title=None, sort=list(names.values()), axis=alt.Axis(labelLimit=140)),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=[words[0], words[1]], range=[_WITHOUT, _WITH]),
                legend=alt.Legend(orient="top", title=None),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("name:N", title=title),
                alt.Tooltip("label:N", title="Label"),
                alt.Tooltip("films:Q", title="Films", format=",d"),
            ],
        )
        .properties(
            height=alt.Step(26),
            background="transparent",
            title=alt.Title(f"By {title.lower()}", anchor="start", color="#B6C0CA", fontSize=13),
        )
    )


def _labels(films: DatasetPreview) -> tuple[str, str]:
    finding = finding_with_article(films.finding)
    return f"without {finding}", f"with {finding}"


def _told(films: DatasetPreview, counts: Mapping[tuple[str, int], int], names: Mapping[str, str]) -> str:
    """What the bars say, for those who do not see them."""
    words = _labels(films)
    return "; ".join(
        f"{names[name]}: {count:,} {words[label]}" for (name, label), count in counts.items() if name in names
    )


def _films(films: DatasetPreview) -> None:
    """Some films, with and without the finding by turns."""
    words = _labels(films)
    at = st.session_state.get(_AT, 0)
    start = at * _FILMS if at * _FILMS < len(films.sample) else 0
    shown = films.sample[start : start + _FILMS]
    figure_grid.show(
        (
            figure_grid.Figure(
                case_images.thumbnail_data_uri(escape_name(str(case.path))),
                f"Film {Path(case.id).name}, {words[case.label]}",
                words[case.label],
                ", ".join(filter(None, (SPLIT_TITLES[case.split], *case.regions))),
            )
            for case in shown
        ),
        "sample",
    )
    if len(films.sample) > _FILMS:
        st.button(
            "Other films",
            on_click=boundary.callback(_go),
            args=(start // _FILMS + 1,),
            key="train_sample_next",
            type="tertiary",
        )


def _go(at: int) -> None:
    st.session_state[_AT] = at
