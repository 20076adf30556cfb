"""Actions on models: export, rename, delete, import and load weights."""

import io

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.jobs.worker_process import call_in_worker
from fracture_core.registry import model_operations
from fracture_core.registry.add_weights import add_weights, check_file_name
from fracture_core.registry.model_archive import import_model, model_as_zip
from fracture_core.registry.store import SHIPPED_MODEL
from fracture_core.runs.run import RUN_NAME_HELP
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import boundary, layout, resources
from pages.components.train import state

_CONFIRMING = "train_delete_asked"


def show(model_id: str, whole: bool) -> None:
    """Draw the actions on a model.

    Args:
        model_id: the model.
        whole: whether its card can be read; a damaged model can only be deleted.
    """
    with st.expander("Export, rename, delete", key="train_keep", on_change="rerun") as part:
        if not part.open:
            return
        if whole:
            _export(model_id)
            if model_id != SHIPPED_MODEL:
                _rename(model_id)
        _delete(model_id)


def _export(model_id: str) -> None:
    with_predictions = st.checkbox(
        "Include predictions",
        value=True,
        key="train_export_films",
        persist_state="session",
        help="Table of validation and test images with their file names. Failures and comparisons need it.",
    )
    st.download_button(
        "Export as zip",
        data=boundary.download(lambda: model_as_zip(resources.model_store(), model_id, with_predictions)),
        file_name=f"{model_id}.zip",
        mime="application/zip",
        on_click="ignore",
        key=f"train_export_{model_id}",
        help="Weights, card and README. Import it under “Import a model”.",
    )


def _rename(model_id: str) -> None:
    with st.form(f"train_rename_{model_id}", border=False):
        box, button = st.columns([3, 1], vertical_alignment="bottom")
        new = box.text_input("New name", placeholder=model_id, help=RUN_NAME_HELP)
        if button.form_submit_button("Rename", width="stretch"):
            try:
                model_operations.rename_model(
                    resources.model_store(), paths.runs_dir(), model_id, new.strip()
                )
            except SecondLookError as error:
                st.error(layout.escape_markdown(str(error)))
                return
            state.go_to(f"{model_id} was renamed to {new.strip()}.", **{state.MODEL_KEY: new.strip()})


def _delete(model_id: str) -> None:
    try:
        resources.model_store().check_deletable(model_id)
    except SecondLookError as error:
        st.button("Delete", disabled=True, key=f"train_delete_{model_id}")
        st.caption(layout.escape_markdown(str(error)))
        return
    if st.session_state.get(_CONFIRMING) != model_id:
        st.button(
            "Delete", key=f"train_delete_{model_id}", on_click=boundary.callback(_ask), args=(model_id,)
        )
        return
    st.warning(
        f"Delete {layout.escape_markdown(model_id)} permanently? Its weights and metrics are lost unless you "
        "exported them. Reviews and teaching files are moved to the folder of runs."
    )
    with st.container(horizontal=True):
        if st.button("Delete permanently", type="primary", key=f"train_delete_go_{model_id}"):
            _ask("")
            model_operations.delete_model(resources.model_store(), paths.runs_dir(), model_id)
            state.go_to(f"{model_id} was deleted.", **{state.MODEL_KEY: ""})
        st.button("Cancel", key=f"train_delete_no_{model_id}", on_click=boundary.callback(_ask), args=("",))


def _ask(model_id: str) -> None:
    st.session_state[_CONFIRMING] = model_id


def show_import() -> None:
    """Draw the import of an exported model and of bare weights."""
    st.subheader("Import a model", anchor=False)
    _import_archive()
    st.subheader("Load weights", anchor=False)
    _load_weights()


def _import_archive() -> None:
    st.caption(
        "A zip that was exported by this app. Weights, card and reference prediction are checked; no code in the file "
        "is run."
    )
    file = st.file_uploader("Exported model (name.zip)", key="train_import")
    one, two = st.columns([3, 1], vertical_alignment="bottom")
    name = one.text_input(
        "New name (optional)",
        key="train_import_name",
        help=RUN_NAME_HELP,
    )
    if two.button("Check and import", disabled=file is None, key="train_import_go", width="stretch"):
        assert file is not None
        with st.spinner("Checking files, weights and reference prediction …"):
            try:
                content = io.BytesIO(file.getvalue())
                added = call_in_worker(
                    import_model, resources.model_store(), content, file.name, name.strip()
                )
            except SecondLookError as error:
                st.error(layout.escape_markdown(str(error)))
                return
        state.go_to(f"{added} was imported. Put it in use above.", **{state.MODEL_KEY: added})


def _load_weights() -> None:
    st.caption(
        "Keras weights of one of the architectures: name.weights.h5, or a model as name.keras. No code in the file is "
        "run. Lambda layers, custom objects and pickles are refused."
    )
    file = st.file_uploader("Weight file (name.weights.h5 or name.keras)", key="train_upload")
    if file is not None:
        try:
            check_file_name(file.name)
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
    one, two, three = st.columns(3)
    name = one.selectbox(
        "Weights architecture",
        tuple(ARCHITECTURES),
        format_func=lambda key: ARCHITECTURES[key].title,
        key="train_upload_architecture",
        persist_state="session",
    )
    architecture = ARCHITECTURES[name]
    size = two.number_input(
        "Training input size (px)",
        64,
        1024,
        architecture.input.width,
        step=32,
        key=f"train_upload_size_{name}",
        persist_state="session",
        help="The size the weights were trained at, a multiple of 32.",
    )
    model_id = three.text_input(
        "Model name",
        placeholder="local-my-weights",
        key="train_upload_name",
        persist_state="session",
        help=RUN_NAME_HELP,
    )
    if st.button("Check and add", disabled=file is None or not model_id.strip(), key="train_upload_go"):
        assert file is not None
        with st.spinner("Checking the weights …"):
            added = call_in_worker(
                add_weights,
                resources.model_store(),
                io.BytesIO(file.getvalue()),
                file.name,
                model_id.strip(),
                name,
                int(size),
            )
        state.go_to(
            f"{added} was added. It has no test metrics yet. Put it in use above.",
            **{state.MODEL_KEY: added},
        )
    if file is None:
        st.caption("Choose a file and enter a model name.")
