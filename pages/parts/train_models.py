"""The models on this computer: which is in use, what can be done with them, and averages of several."""

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.average import MOST, average
from pages.parts import (
    layout,
    model_history,
    resources,
    train_bring,
    train_keep,
    train_release,
    train_result,
    train_state,
)


def show() -> None:
    """Draws the models, and the way to bring weights along."""
    store = resources.store()
    ids = store.ids()
    if ids:
        model_history.show_return()
        _choose(ids)
        model_history.show()
    else:
        st.markdown("No model yet. Train one, or import a model or load weights below.")
    if len(ids) > 1:
        st.subheader("Average several models", anchor=False)
        _average(ids)
    train_bring.show()


def _choose(ids: list[str]) -> None:
    store = resources.store()
    current = store.in_use()
    wanted = st.session_state.get(train_state.MODEL)
    chosen = st.selectbox(
        "Model",
        ids,
        index=ids.index(wanted if wanted in ids else current),
        format_func=lambda key: f"{key} – in use" if key == current else key,
        # The browser keeps the words of the chosen option until the widget is another one.
        key=f"train_model_box_{hash((current, *ids))}",
    )
    st.session_state[train_state.MODEL] = chosen
    try:
        card = store.card(chosen)
    except SecondLookError as error:
        st.error(layout.plain(str(error)))
        train_keep.show(chosen, whole=False)
        return
    data = f", trained on {layout.plain(card.data.name)}" if card.data else ""
    st.markdown(f"**{layout.plain(card.title)}**{data}")
    if card.test is not None:
        train_result.record(card.test, card.finding)
    st.markdown("\n".join(f"- {layout.plain(limit)}" for limit in card.limits))
    train_release.show(card)
    train_keep.show(chosen, whole=True)


def _average(ids: list[str]) -> None:
    st.caption(
        "One model that says the mean of what several say: networks of one input whose heatmaps have one grid, trained "
        "on one split. Its record comes from the films on which all of them were tested."
    )
    one, two = st.columns([2, 1])
    members = one.multiselect(
        "Models to average", ids, max_selections=MOST, key="train_average", persist_state="session"
    )
    name = two.text_input(
        "Name of the average",
        placeholder="local-average",
        key="train_average_name",
        persist_state="session",
        help="Letters, digits, dots, dashes and underscores.",
    ).strip()
    if st.button("Average them", disabled=len(members) < 2 or not name, key="train_average_go"):
        try:
            with st.spinner("Joining the networks and measuring their average …"):
                added = average(resources.store(), members, name)
        except SecondLookError as error:
            st.error(str(error))
            return
        train_state.go(f"{added} is added; put it in use above.", **{train_state.MODEL: added})
    if len(members) < 2 or not name:
        st.caption("Choose at least two models, and give the average a name.")
