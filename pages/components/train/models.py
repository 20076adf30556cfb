"""The models on this computer: the one in use, actions, ensembles and imports."""

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.jobs.worker_process import call_in_worker
from fracture_core.registry.average import MAX_MEMBERS, add_average
from fracture_core.runs.run import RUN_NAME_HELP
from pages.components.common import layout, model_history, resources
from pages.components.train import model_actions, other_images, release, result, state


def show() -> None:
    """Draw the models, ensembles and imports."""
    store = resources.model_store()
    ids = store.ids()
    if ids:
        model_history.show_return()
        _show_model(ids)
        model_history.show()
    else:
        st.markdown("No models yet. Train one, import a model or load weights below.")
    if len(ids) > 1:
        st.subheader("Ensemble", anchor=False)
        _show_ensemble(ids)
    model_actions.show_import()


def _show_model(ids: list[str]) -> None:
    store = resources.model_store()
    current = store.model_in_use()
    requested = st.session_state.get(state.MODEL_KEY)
    chosen = st.selectbox(
        "Model",
        ids,
        index=ids.index(requested if requested in ids else current),
        format_func=lambda key: f"{key} – in use" if key == current else key,
        # The browser keeps the label of the chosen option as long as the key is the same.
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
    other_images.show(card)
    release.show(card)
    model_actions.show(chosen, whole=True)


def _show_ensemble(ids: list[str]) -> None:
    st.caption(
        "The average of several models' probabilities. The models need the same input, heatmap grid and split; the "
        "ensemble is tested on the test images that all of them share."
    )
    one, two = st.columns([2, 1])
    members = one.multiselect(
        "Models to average", ids, max_selections=MAX_MEMBERS, key="train_average", persist_state="session"
    )
    name = two.text_input(
        "Ensemble name",
        placeholder="local-ensemble",
        key="train_average_name",
        persist_state="session",
        help=RUN_NAME_HELP,
    ).strip()
    if st.button("Create ensemble", disabled=len(members) < 2 or not name, key="train_average_go"):
        try:
            with st.spinner("Building and testing the ensemble …"):
                added = call_in_worker(add_average, resources.model_store(), members, name)
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
        state.go_to(f"{added} was added. Put it in use above.", **{state.MODEL_KEY: added})
    if len(members) < 2 or not name:
        st.caption("Choose at least two models and enter a name.")
