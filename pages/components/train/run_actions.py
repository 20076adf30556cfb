"""Actions on a run: clone, rename and delete."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import run_operations
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import RUN_NAME_HELP, Run
from fracture_core.zoo.training_option import option_fields
from pages.components.common import layout
from pages.components.train import option_fields as form_fields
from pages.components.train import state

# Options in the form of a clone.
_CLONE_FIELDS = ("size", "epochs", "batch", "learning_rate", "seed")


def show(run: Run, active: bool) -> None:
    """Draw the buttons.

    Args:
        run: the run.
        active: whether it is being trained; then it can only be cloned.
    """
    reason = "Stop the training first." if active else None
    with st.container(horizontal=True, key="train_manage"):
        if run.is_complete:
            with st.popover(
                "Clone", key=f"train_clone_{run.name}", help="Creates a new run with these settings."
            ):
                _clone(run)
        with st.popover("Rename", disabled=active, key=f"train_rename_{run.name}", help=reason):
            _rename(run)
        with st.popover("Delete", disabled=active, key=f"train_delete_{run.name}", help=reason):
            _delete(run)


def _clone(run: Run) -> None:
    try:
        config = run.config()
        width = config.input.width
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    with st.form(f"train_clone_form_{run.name}", border=False):
        name = st.text_input(
            "Name of the clone", value=_unused_name(run.name), key=f"train_clone_name_{run.name}"
        )
        values = {}
        options = [entry for entry in option_fields(TrainingConfig) if entry.name in _CLONE_FIELDS]
        columns = st.columns(2)
        for index, entry in enumerate(options):
            value = width if entry.name == "size" else entry.value_in(config)
            key = f"train_clone_{entry.name}_{run.name}"
            values[entry.name] = form_fields.show_field(columns[index % 2], entry, key, value)
        st.caption("All other settings are copied from this run. The clone is not started.")
        if not st.form_submit_button("Create clone", type="primary"):
            return
    if values["size"] == width:
        values["size"] = config.size  # None stands for the architecture's input size
    try:
        clone = run_operations.clone_run(paths.runs_dir(), run.name, name.strip(), **values)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    state.go_to(
        f"{clone.name} was created with the settings of {run.name}. Start it below.",
        **{state.RUN_KEY: clone.name},
    )


def _rename(run: Run) -> None:
    with st.form(f"train_rename_form_{run.name}", border=False):
        name = st.text_input("New name", value=run.name, key=f"train_rename_name_{run.name}")
        st.caption(f"{RUN_NAME_HELP} A model that was put in use keeps its name.")
        if not st.form_submit_button("Rename run", type="primary"):
            return
    if name.strip() == run.name:
        st.caption("The run already has this name.")
        return
    try:
        renamed = run_operations.rename_run(paths.runs_dir(), run.name, name.strip())
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    state.go_to(f"{run.name} was renamed to {renamed.name}.", **{state.RUN_KEY: renamed.name})


def _delete(run: Run) -> None:
    contents = (
        "its checkpoints, curves, log and trained model"
        if run.result.is_dir()
        else "its checkpoints, curves and log"
    )
    st.markdown(
        f"Delete **{layout.escape_markdown(run.name)}** with {contents}? This cannot be undone. The dataset and "
        "models that were put in use are not deleted."
    )
    if st.button("Delete permanently", type="primary", key=f"train_delete_yes_{run.name}"):
        try:
            run_operations.delete_run(paths.runs_dir(), run.name)
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
        state.go_to(f"{run.name} was deleted.", **{state.RUN_KEY: None})


def _unused_name(name: str) -> str:
    """Return an unused name: name-2, name-3 and so on."""
    taken = {run.name for run in Run.all(paths.runs_dir())}
    candidates = (f"{name[:58]}-{number}" for number in range(2, len(taken) + 3))
    return next(candidate for candidate in candidates if candidate not in taken)
