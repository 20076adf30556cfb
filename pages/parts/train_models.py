"""The models on this computer: which is in use, and loading weights from a file."""

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.average import MOST, average
from fracture_core.registry.upload import add_weights, check_file_name
from fracture_core.zoo import ARCHITECTURES
from pages.parts import resources, train_result, train_state


def show() -> None:
    """Draws the models, and the way to bring weights along."""
    store = resources.store()
    ids = store.ids()
    if ids:
        _choose(ids)
    else:
        st.markdown("No model yet. Train one, or load weights below.")
    if len(ids) > 1:
        st.subheader("Average several models", anchor=False)
        _average(ids)
    st.subheader("Load weights", anchor=False)
    _load()


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
    card = store.card(chosen)
    st.markdown(f"**{card.title}**" + (f", trained on {card.data.name}" if card.data else ""))
    if card.test is not None:
        train_result.record(card.test, card.finding)
    st.markdown("\n".join(f"- {limit}" for limit in card.limits))
    train_result.use_button(card)


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


def _load() -> None:
    st.caption(
        "Weights for one of the architectures here, saved by Keras as name.weights.h5, or inside a whole model as "
        "name.keras. They are numbers: nothing in the file is ever run; Lambda layers, custom objects and pickles are "
        "refused, and what does not fit is deleted."
    )
    file = st.file_uploader("Weight file (name.weights.h5 or name.keras)", key="train_upload")
    if file is not None:
        try:
            check_file_name(file.name)
        except SecondLookError as error:
            st.error(str(error))
            return
    one, two, three = st.columns(3)
    name = one.selectbox(
        "Its architecture",
        tuple(ARCHITECTURES),
        format_func=lambda key: ARCHITECTURES[key].title,
        key="train_upload_architecture",
        persist_state="session",
    )
    row = ARCHITECTURES[name]
    size = two.number_input(
        "Its input size, px",
        64,
        1024,
        row.input.width,
        step=32,
        key=f"train_upload_size_{name}",
        persist_state="session",
        help="The size it was trained at, a multiple of 32.",
    )
    model_id = three.text_input(
        "Name here",
        placeholder="local-my-weights",
        key="train_upload_name",
        persist_state="session",
        help="Letters, digits and dashes.",
    )
    if st.button("Check and add", disabled=file is None or not model_id.strip(), key="train_upload_go"):
        assert file is not None
        with st.spinner("Building the network and checking the weights against it …"):
            added = add_weights(resources.store(), file, file.name, model_id.strip(), name, int(size))
        train_state.go(
            f"{added} is added: its weights fit. It has no record; put it in use above.",
            **{train_state.MODEL: added},
        )
    if file is None:
        st.caption("Choose a file, and give it a name.")
