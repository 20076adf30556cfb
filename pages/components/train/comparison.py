"""Runs and models beside one another, and two models on the same films."""

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

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show() -> None:
    """Draws the table, the curves over one another, and the comparison of two models."""
    found = comparison.compared_models(resources.model_store(), paths.runs_dir())
    if not found:
        st.markdown("No model and no run yet: train one under *New training*.")
        return
    _table(found)
    st.subheader("Two models on the same films", anchor=False)
    _pair([entry for entry in found if entry.kind == "model" and not entry.fault])
    learnt = [entry for entry in found if entry.epochs]
    if learnt:
        st.subheader("Learning curves", anchor=False)
        _curves(learnt)


def _table(found: list[ComparedModel]) -> None:
    lines = comparison.comparison_table(found)
    st.dataframe(
        # A column of which nothing is known says nothing.
        lines.loc[:, lines.notna().any() & (lines != "").any()],
        hide_index=True,
        placeholder="",
        alt="Models and runs with their records",
        key="train_compare_table",
        column_config={
            "Name": st.column_config.TextColumn(pinned=True, width=190),
            "AUC": st.column_config.TextColumn(help="On the test split, with its 95% interval."),
            "Split": st.column_config.TextColumn(
                help="Of which film is in which split: models of one split were tested on the same films."
            ),
            "MB": st.column_config.NumberColumn(format="%.1f", help="Size of the weights."),
            "A film here, ms": st.column_config.TextColumn(
                help="Time of a film's bare pass through the network on this computer: median and quartiles of 20."
            ),
            "Best validation AUC": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    st.caption(
        "Figures with 95% intervals clustered by group, each on the model's own test films: what was tested on other "
        "films is not comparable line by line."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Table as CSV",
            comparison.comparison_to_csv(found),
            "comparison.csv",
            "text/csv",
            on_click="ignore",
        )
        unknown = [entry.name for entry in found if entry.kind == "model" and entry.card and not entry.speed]
        if unknown and st.button("Measure speed here", help="Times one film's pass, 20 times each."):
            _measure(unknown)


def _measure(names: list[str]) -> None:
    faults = []
    for number, name in enumerate(names):
        with st.spinner(f"Timing {name} ({number + 1} of {len(names)}) …"):
            try:
                inference_speed.measure_inference_speed(
                    resources.model_store(), name, paths.runs_dir() / comparison.SPEED_FOLDER
                )
            except SecondLookError as error:
                faults.append(str(error))
    if faults:
        st.error(layout.escape_markdown(" ".join(faults)))
    else:
        st.rerun()


def _pair(models: list[ComparedModel]) -> None:
    names = [entry.name for entry in models]
    if len(names) < 2:
        st.caption("Two models are needed: train another one, or import it under *Models*.")
        return
    st.caption(
        "The difference of their AUC on the test films that both share. Whole groups of films are drawn again 2,000 "
        "times, and both models are measured on each draw: films of one patient are no independent witnesses."
    )
    one, two = st.columns(2)
    first = one.selectbox("First model", names, key="train_compare_first", persist_state="session")
    others = [name for name in names if name != first]
    second = two.selectbox("Second model", others, key="train_compare_second", persist_state="session")
    cards = {entry.name: entry.card for entry in models}
    hashes = tuple(card.weights.sha256 for name in (first, second) if (card := cards[name]) is not None)
    try:
        found, films = _compared(first, second, hashes)
    except SecondLookError as error:
        st.info(layout.escape_markdown(str(error)))
        return
    finding = resources.model_store().card(first).finding
    st.markdown(layout.escape_markdown(comparison.comparison_sentence(found, first, second, finding)))
    if found.groups < _FEW:
        st.caption(f"{found.groups} groups are few: the interval is a rough one.")
    _figures({"roc": _roc(found, films, first, second, finding)}, f"ROC curves of {first} and {second}")


# With fewer the bootstrap has little to draw from.
_FEW = 20


@st.cache_data(show_spinner="Drawing groups again …", max_entries=16)
def _compared(first: str, second: str, hashes: tuple[str, ...]) -> tuple[PairedComparison, pd.DataFrame]:
    return comparison.compare_models(resources.model_store(), first, second)


@st.cache_data(show_spinner=False, max_entries=16)
def _roc(
    found: PairedComparison, films: pd.DataFrame, first: str, second: str, finding: str
) -> dict[str, bytes]:
    from fracture_core.training import comparison_plots

    return _encoded(comparison_plots.plot_roc_pair(found, films, first, second, finding))


def _curves(learnt: list[ComparedModel]) -> None:
    # Loads matplotlib, which the page does without until there are curves to draw.
    from fracture_core.evaluation.plots import MAX_LINES

    names = [entry.name for entry in learnt]
    chosen = st.multiselect(
        "Runs",
        names,
        default=names[:4],
        max_selections=MAX_LINES,
        # Another list of runs is another widget, else its default would name what is gone.
        key=f"train_compare_runs_{hash(tuple(names))}",
    )
    entries = [entry for entry in learnt if entry.name in chosen]
    drawn = _learning({entry.name: entry.epochs for entry in entries}, entries)
    if not drawn:
        st.caption("Choose runs to see their curves over one another.")
        return
    _figures(drawn, f"Learning curves of {', '.join(chosen)}")


@st.cache_data(show_spinner=False, max_entries=16)
def _learning(
    epochs: Mapping[str, Sequence[dict[str, Any]]], _entries: Sequence[ComparedModel]
) -> dict[str, dict[str, bytes]]:
    """The curves as files, anew where an epoch is; nothing else of an entry is drawn."""
    from fracture_core.training import comparison_plots

    return {
        name: _encoded(figure) for name, figure in comparison_plots.plot_learning_comparison(_entries).items()
    }


def _encoded(figure: "Figure") -> dict[str, bytes]:
    from fracture_core.evaluation.plots import encode_figure

    return {"svg": encode_figure(figure, "svg"), "png": encode_figure(figure, "png")}


def _figures(drawn: dict[str, dict[str, bytes]], words: str) -> None:
    """Figures side by side, each with its downloads."""
    for column, (name, files) in zip(st.columns(2), drawn.items(), strict=False):
        with column:
            # The program that drew it stands before the picture, and would be shown as text.
            svg = re.sub(r"^.*?(?=<svg)", "", files["svg"].decode("utf-8"), flags=re.DOTALL)
            st.image(svg, width="stretch", alt=f"{words}: {name}")
            with st.container(horizontal=True):
                for kind, mime in (("svg", "image/svg+xml"), ("png", "image/png")):
                    st.download_button(
                        f"{name.upper() if len(name) < 4 else name.capitalize()} as {kind.upper()}",
                        files[kind],
                        f"{name}.{kind}",
                        mime,
                        on_click="ignore",
                        key=f"train_compare_{name}_{kind}",
                    )
