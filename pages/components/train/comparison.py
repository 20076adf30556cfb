"""Comparison of models and runs, and of two models on the same test images."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.evaluation.paired import PairedComparison
from fracture_core.registry import inference_speed
from fracture_core.training import comparison
from fracture_core.training.comparison import ComparedModel
from pages.components.common import layout, resources
from pages.components.train import compared_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show() -> None:
    """Draw the table, the comparison of two models, and the learning curves."""
    models = comparison.compared_models(resources.model_store(), paths.runs_dir())
    if not models:
        st.markdown("No models or runs yet. Train one under *New training*.")
        return
    _show_table(models)
    st.subheader("Two models on the same test images", anchor=False)
    _show_pair([entry for entry in models if entry.kind == "model" and not entry.fault])
    trained = [entry for entry in models if entry.epochs]
    if trained:
        st.subheader("Learning curves", anchor=False)
        _show_curves(trained)


def _show_table(models: list[ComparedModel]) -> None:
    table = comparison.comparison_table(models)
    st.dataframe(
        # Columns without any value are left out.
        table.loc[:, table.notna().any() & (table != "").any()],
        hide_index=True,
        placeholder="",
        alt="Models and runs with their metrics",
        key="train_compare_table",
        column_config={
            "Name": st.column_config.TextColumn(pinned=True, width=190),
            "AUC": st.column_config.TextColumn(help="On the test split, with its 95% interval."),
            "Split": st.column_config.TextColumn(
                help="Hash of the assignment of images to splits; equal values mean the same test images."
            ),
            "MB": st.column_config.NumberColumn(format="%.1f", help="Size of the weights."),
            "Test films": st.column_config.NumberColumn("Test images"),
            "A film here, ms": st.column_config.TextColumn(
                "Time per image (ms)",
                help="Time of one image on this computer, network only: median and quartiles of 20 passes.",
            ),
            "Best validation AUC": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    st.caption(
        "95% intervals, clustered by group, on each model's own test images. Rows are comparable only if their split "
        "is equal."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Download table (CSV)",
            comparison.comparison_to_csv(models),
            "comparison.csv",
            "text/csv",
            on_click="ignore",
        )
        unmeasured = [
            entry.name for entry in models if entry.kind == "model" and entry.card and not entry.speed
        ]
        if unmeasured and st.button(
            "Measure speed", help="Measures the time of one image, 20 passes for each model."
        ):
            _measure_speeds(unmeasured)


def _measure_speeds(names: list[str]) -> None:
    errors = []
    for number, name in enumerate(names):
        with st.spinner(f"Timing {layout.escape_markdown(name)} ({number + 1} of {len(names)}) …"):
            try:
                inference_speed.measure_inference_speed(
                    resources.model_store(), name, paths.runs_dir() / comparison.SPEED_FOLDER
                )
            except SecondLookError as error:
                errors.append(str(error))
    if errors:
        st.error(layout.escape_markdown(" ".join(errors)))
    else:
        st.rerun()


def _show_pair(models: list[ComparedModel]) -> None:
    names = [entry.name for entry in models]
    if len(names) < 2:
        st.caption("Two models are needed. Train another one, or import it under *Models*.")
        return
    st.caption(
        "Difference of the AUC on the shared test images, with a bootstrap interval of 2,000 resamples of whole "
        "groups, because images of one patient are not independent."
    )
    one, two = st.columns(2)
    first = one.selectbox("First model", names, key="train_compare_first", persist_state="session")
    others = [name for name in names if name != first]
    second = two.selectbox("Second model", others, key="train_compare_second", persist_state="session")
    cards = {entry.name: entry.card for entry in models}
    hashes = tuple(card.weights.sha256 for name in (first, second) if (card := cards[name]) is not None)
    try:
        result, cases = _compared(first, second, hashes)
    except SecondLookError as error:
        st.info(layout.escape_markdown(str(error)))
        return
    finding = resources.model_store().card(first).finding
    st.markdown(layout.escape_markdown(comparison.comparison_sentence(result, first, second, finding)))
    if result.groups < _FEW_GROUPS:
        st.caption(f"With only {result.groups} groups the interval is imprecise.")
    _show_figures({"roc": _roc(result, cases, first, second, finding)}, f"ROC curves of {first} and {second}")


# With fewer groups the bootstrap interval is imprecise.
_FEW_GROUPS = 20


@st.cache_data(show_spinner="Computing the bootstrap interval …", max_entries=16)
def _compared(first: str, second: str, hashes: tuple[str, ...]) -> tuple[PairedComparison, pd.DataFrame]:
    return comparison.compare_models(resources.model_store(), first, second)


@st.cache_data(show_spinner=False, max_entries=16)
def _roc(
    result: PairedComparison, cases: pd.DataFrame, first: str, second: str, finding: str
) -> dict[str, bytes]:
    from fracture_core.training import comparison_plots

    return _encode(comparison_plots.plot_roc_pair(result, cases, first, second, finding))


def _show_curves(trained: list[ComparedModel]) -> None:
    names = [entry.name for entry in trained]
    chosen = st.multiselect(
        "Runs",
        names,
        default=names[:4],
        max_selections=compared_curves.MAX_RUNS,
        # The key depends on the list, because a default must not name a deleted run.
        key=f"train_compare_runs_{hash(tuple(names))}",
    )
    entries = [entry for entry in trained if entry.name in chosen]
    if not any(
        compared_curves.curve_of(entry.epochs, key) for entry in entries for key in ("val_auc", "val_loss")
    ):
        st.caption("Choose runs to compare their curves.")
        return
    compared_curves.show({entry.name: entry.epochs for entry in entries})
    _show_downloads(_plot_curves({entry.name: entry.epochs for entry in entries}, entries))


@st.cache_data(show_spinner=False, max_entries=16)
def _plot_curves(
    epochs: Mapping[str, Sequence[dict[str, Any]]], _entries: Sequence[ComparedModel]
) -> dict[str, dict[str, bytes]]:
    """Return the curves as image files, without smoothing; cached until an epoch is added."""
    from fracture_core.training import comparison_plots

    return {
        name: _encode(figure) for name, figure in comparison_plots.plot_learning_comparison(_entries).items()
    }


def _encode(figure: "Figure") -> dict[str, bytes]:
    from fracture_core.evaluation.plots import encode_figure

    return {"svg": encode_figure(figure, "svg"), "png": encode_figure(figure, "png")}


def _show_figures(figures: dict[str, dict[str, bytes]], description: str) -> None:
    """Draw figures side by side, with their downloads below."""
    for column, (name, files) in zip(st.columns(2), figures.items(), strict=False):
        # The XML header would be shown as text.
        svg = re.sub(r"^.*?(?=<svg)", "", files["svg"].decode("utf-8"), flags=re.DOTALL)
        column.image(svg, width="stretch", alt=f"{description}: {name}")
    _show_downloads(figures)


def _show_downloads(figures: dict[str, dict[str, bytes]]) -> None:
    with st.container(horizontal=True):
        for name, files in figures.items():
            for suffix, mime in (("svg", "image/svg+xml"), ("png", "image/png")):
                st.download_button(
                    f"{name.upper() if len(name) < 4 else name.capitalize()} as {suffix.upper()}",
                    files[suffix],
                    f"{name}.{suffix}",
                    mime,
                    on_click="ignore",
                    key=f"train_compare_{name}_{suffix}",
                )
