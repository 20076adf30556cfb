"""Contents of a dataset: image counts by split and region, and sample images."""

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

# Okabe and Ito's sky blue and orange differ in lightness too, so they are distinguishable without colour vision.
_WITHOUT, _WITH = "#56B4E9", "#E69F00"

#: Images shown at a time.
_PAGE_SIZE = 16

#: Regions drawn; more names would not fit.
_MAX_REGIONS = 14

_PAGE = "train_sample_at"


def show(dataset: DatasetPreview) -> None:
    """Draw the counts and the sample images."""
    # With a key, the expander stays open when other parts of the page change.
    box = st.expander("Dataset contents", key="train_contents", on_change="rerun", expanded=True)
    if not box.open:
        return
    with box:
        left, right = st.columns(2)
        left.altair_chart(
            _chart(dataset, dataset.parts, "Split", {part: SPLIT_TITLES[part] for part, _ in dataset.parts}),
            width="stretch",
            theme=None,
            alt=_describe(dataset, dataset.parts, SPLIT_TITLES),
        )
        regions = {region: region or "not stated" for region, _ in dataset.regions}
        if set(regions) == {""}:
            right.caption("The dataset states no body regions.")
        else:
            shown = dict(list(regions.items())[:_MAX_REGIONS])
            right.altair_chart(
                _chart(dataset, dataset.regions, "Region", shown),
                width="stretch",
                theme=None,
                alt=_describe(dataset, dataset.regions, shown),
            )
            if len(regions) > len(shown):
                right.caption(f"The {len(shown)} most frequent of {len(regions)} regions.")
        _show_samples(dataset)


def _chart(
    dataset: DatasetPreview, counts: Mapping[tuple[str, int], int], title: str, names: Mapping[str, str]
) -> alt.Chart:
    """Build a bar for each split or region, divided by label."""
    labels = _labels(dataset)
    frame = pd.DataFrame(
        [
            {"name": names[name], "label": labels[label], "images": count, "order": label}
            for (name, label), count in counts.items()
            if name in names
        ]
    )
    return apply_dark_theme(
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("images:Q", title="Images", axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5)),
            y=alt.Y("name:N", title=None, sort=list(names.values()), axis=alt.Axis(labelLimit=140)),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=[labels[0], labels[1]], range=[_WITHOUT, _WITH]),
                legend=alt.Legend(orient="top", title=None),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("name:N", title=title),
                alt.Tooltip("label:N", title="Label"),
                alt.Tooltip("images:Q", title="Images", format=",d"),
            ],
        )
        .properties(
            height=alt.Step(26),
            background="transparent",
            title=alt.Title(f"By {title.lower()}", anchor="start", color="#B6C0CA", fontSize=13),
        )
    )


def _labels(dataset: DatasetPreview) -> tuple[str, str]:
    finding = finding_with_article(dataset.finding)
    return f"without {finding}", f"with {finding}"


def _describe(
    dataset: DatasetPreview, counts: Mapping[tuple[str, int], int], names: Mapping[str, str]
) -> str:
    """Describe the bars for screen readers."""
    labels = _labels(dataset)
    return "; ".join(
        f"{names[name]}: {count:,} {labels[label]}"
        for (name, label), count in counts.items()
        if name in names
    )


def _show_samples(dataset: DatasetPreview) -> None:
    """Draw sample images, alternately with and without the finding."""
    labels = _labels(dataset)
    page = st.session_state.get(_PAGE, 0)
    start = page * _PAGE_SIZE if page * _PAGE_SIZE < len(dataset.sample) else 0
    shown = dataset.sample[start : start + _PAGE_SIZE]
    figure_grid.show(
        (
            figure_grid.Figure(
                case_images.thumbnail_data_uri(escape_name(str(case.path))),
                f"Image {Path(case.id).name}, {labels[case.label]}",
                labels[case.label],
                ", ".join(filter(None, (SPLIT_TITLES[case.split], *case.regions))),
            )
            for case in shown
        ),
        "sample",
    )
    if len(dataset.sample) > _PAGE_SIZE:
        st.button(
            "Show other images",
            on_click=boundary.callback(_select_page),
            args=(start // _PAGE_SIZE + 1,),
            key="train_sample_next",
            type="tertiary",
        )


def _select_page(page: int) -> None:
    st.session_state[_PAGE] = page
