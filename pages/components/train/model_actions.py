"""What else can be done with a model: passing it on, another name, deleting it."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.registry import model_operations
from fracture_core.registry.model_archive import model_as_zip
from fracture_core.registry.store import SHIPPED_MODEL
from pages.components.common import boundary, layout, resources
from pages.components.train import state

_ASKED = "train_delete_asked"


def show(model_id: str, whole: bool) -> None:
    """Draws the section.

    Args:
        model_id: the model.
        whole: whether its card can be read; what is left of a broken model can only be deleted.
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
    films = st.checkbox(
        "With the table of its validation and test films",
        value=True,
        key="train_export_films",
        persist_state="session",
        help="The table names the files of the films. Without it the model answers as before, but its failures cannot "
        "be looked through and it cannot be compared.",
    )
    st.download_button(
        "Export as a zip",
        data=boundary.download(lambda: model_as_zip(resources.model_store(), model_id, films)),
        file_name=f"{model_id}.zip",
        mime="application/zip",
        on_click="ignore",
        key=f"train_export_{model_id}",
        help="Weights, card and README; taken in again under “Import a model”.",
    )


def _rename(model_id: str) -> None:
    with st.form(f"train_rename_{model_id}", border=False):
        box, button = st.columns([3, 1], vertical_alignment="bottom")
        new = box.text_input(
            "New name", placeholder=model_id, help="Letters, digits, dots, dashes and underscores."
        )
        if button.form_submit_button("Rename", width="stretch"):
            try:
                model_operations.rename_model(
                    resources.model_store(), paths.runs_dir(), model_id, new.strip()
                )
            except SecondLookError as error:
                st.error(layout.escape_markdown(str(error)))
                return
            state.go_to(f"{model_id} is now {new.strip()}.", **{state.MODEL_KEY: new.strip()})


def _delete(model_id: str) -> None:
    try:
        resources.model_store().refuse_needed(model_id)
    except SecondLookError as error:
        st.button("Delete", disabled=True, key=f"train_delete_{model_id}")
        st.caption(layout.escape_markdown(str(error)))
        return
    if st.session_state.get(_ASKED) != model_id:
        st.button(
            "Delete", key=f"train_delete_{model_id}", on_click=boundary.callback(_ask), args=(model_id,)
        )
        return
    st.warning(
        f"Delete {layout.escape_markdown(model_id)} for good? Its weights and its record are lost unless you exported "
        f"them. "
        "Marks of reviewers and teaching files are set aside in the folder of runs."
    )
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key=f"train_delete_go_{model_id}"):
            _ask("")
            model_operations.delete_model(resources.model_store(), paths.runs_dir(), model_id)
            state.go_to(f"{model_id} is deleted.", **{state.MODEL_KEY: ""})
        st.button("Keep it", key=f"train_delete_no_{model_id}", on_click=boundary.callback(_ask), args=("",))


def _ask(model_id: str) -> None:
    st.session_state[_ASKED] = model_id
