"""The models on this computer: which is in use, what can be done with them, and averages of several."""

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.average import MAX_MEMBERS, add_average
from pages.components.common import layout, model_history, resources
from pages.components.train import import_model, model_actions, release, result, state


def show() -> None:
    """Draws the models, and the way to bring weights along."""
    store = resources.model_store()
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
    import_model.show()


def _choose(ids: list[str]) -> None:
    store = resources.model_store()
    current = store.model_in_use()
    wanted = st.session_state.get(state.MODEL_KEY)
    chosen = st.selectbox(
        "Model",
        ids,
        index=ids.index(wanted if wanted in ids else current),
        format_func=lambda key: f"{key} – in use" if key == current else key,
        # The browser keeps the words of the chosen option until the widget is another one.
        key=f"train_model_box_{hash((current, *ids))}",
    )
    st.session_state[state.MODEL_KEY] = chosen
    try:
        card = store.card(chosen)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        model_actions.show(chosen, whole=False)
        return
    data = f", trained on {layout.escape_markdown(card.data.name)}" if card.data else ""
    st.markdown(f"**{layout.escape_markdown(card.title)}**{data}")
    if card.test is not None:
        result.show_record(card.test, card.finding)
    st.markdown("\n".join(f"- {layout.escape_markdown(limit)}" for limit in card.limits))
    release.show(card)
    model_actions.show(chosen, whole=True)


def _average(ids: list[str]) -> None:
    st.caption(
        "One model that says the mean of what several say: networks of one input whose heatmaps have one grid, trained "
        "on one split. Its record comes from the films on which all of them were tested."
    )
    one, two = st.columns([2, 1])
    members = one.multiselect(
        "Models to average", ids, max_selections=MAX_MEMBERS, key="train_average", persist_state="session"
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
                added = add_average(resources.model_store(), members, name)
        except SecondLookError as error:
            st.error(str(error))
            return
        state.go_to(f"{added} is added; put it in use above.", **{state.MODEL_KEY: added})
    if len(members) < 2 or not name:
        st.caption("Choose at least two models, and give the average a name.")
