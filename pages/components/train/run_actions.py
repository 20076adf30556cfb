"""Actions on a run: clone, notes, rename and delete."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import run_operations
from fracture_core.runs.run import MAX_NOTES_LENGTH, RUN_NAME_HELP, Run
from pages.components.common import boundary, layout
from pages.components.train import form, state

_FAULT = "train_clone_fault"


def show(run: Run, active: bool) -> None:
    """Draw the buttons.

    Args:
        run: the run.
        active: whether it is being trained; then it can only be cloned.
    """
    reason = "Stop the training first." if active else None
    with st.container(horizontal=True, key="train_manage"):
        if run.is_complete:
            st.button(
                "Clone",
                key=f"train_clone_{run.name}",
                help="Fills in the form of a new training with all settings of this run.",
                on_click=boundary.callback(_clone),
                args=(run,),
            )
            with st.popover("Notes", key=f"train_notes_{run.name}"):
                _note(run)
        with st.popover("Rename", disabled=active, key=f"train_rename_{run.name}", help=reason):
            _rename(run)
        with st.popover("Delete", disabled=active, key=f"train_delete_{run.name}", help=reason):
            _delete(run)
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))


def _clone(run: Run) -> None:
    """Fill in the form of a new training with the settings of a run."""
    try:
        form.fill_in(run.config(), _unused_name(run.name))
    except SecondLookError as error:
        st.session_state[_FAULT] = str(error)


def _note(run: Run) -> None:
    with st.form(f"train_notes_form_{run.name}", border=False):
        text = st.text_area(
            "Notes",
            value=run.notes(),
            max_chars=MAX_NOTES_LENGTH,
            key=f"train_notes_text_{run.name}",
            help="Shown in the table of all runs.",
        )
        if not st.form_submit_button("Save notes", type="primary"):
            return
    try:
        run.write_notes(text)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    state.go_to(f"The notes on {run.name} were saved.", **{state.RUN_KEY: run.name})


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
