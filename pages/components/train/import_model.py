"""Models brought along: an exported one as a zip, or bare weights for an architecture."""

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.add_weights import add_weights, check_file_name
from fracture_core.registry.model_archive import import_model
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import layout, resources
from pages.components.train import state

_NAME_HELP = "Letters, digits, dots, dashes and underscores."


def show() -> None:
    """Draws both ways."""
    st.subheader("Import a model", anchor=False)
    _import()
    st.subheader("Load weights", anchor=False)
    _load()


def _import() -> None:
    st.caption(
        "A zip that was exported here or on another computer. Its weights are compared with the card and with the "
        "network, and must give the answer that the card states; no code in it is run, and what does not fit "
        "is deleted."
    )
    file = st.file_uploader("Exported model (name.zip)", key="train_import")
    one, two = st.columns([3, 1], vertical_alignment="bottom")
    name = one.text_input(
        "Another name (optional)",
        key="train_import_name",
        help=_NAME_HELP,
    )
    if two.button("Check and import", disabled=file is None, key="train_import_go", width="stretch"):
        assert file is not None
        with st.spinner("Checking the model: its parts, its weights and its answer to a known pattern …"):
            try:
                added = import_model(resources.model_store(), file, file.name, name.strip())
            except SecondLookError as error:
                st.error(layout.escape_markdown(str(error)))
                return
        state.go_to(f"{added} is imported; put it in use above.", **{state.MODEL_KEY: added})


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
        help=_NAME_HELP,
    )
    if st.button("Check and add", disabled=file is None or not model_id.strip(), key="train_upload_go"):
        assert file is not None
        with st.spinner("Building the network and checking the weights against it …"):
            added = add_weights(resources.model_store(), file, file.name, model_id.strip(), name, int(size))
        state.go_to(
            f"{added} is added: its weights fit. It has no record; put it in use above.",
            **{state.MODEL_KEY: added},
        )
    if file is None:
        st.caption("Choose a file, and give it a name.")
