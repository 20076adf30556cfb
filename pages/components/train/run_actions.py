"""What can be done with a run as a whole: clone, rename, delete."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import run_operations
from fracture_core.runs.run import Run
from pages.components.common import layout
from pages.components.train import state


def show(run: Run, at_work: bool) -> None:
    """Draws the buttons.

    Args:
        run: the run they act on.
        at_work: whether it is being trained; it can be cloned then, not renamed or deleted.
    """
    busy = "Stop the training first." if at_work else None
    with st.container(horizontal=True, key="train_manage"):
        if run.is_complete:
            with st.popover("Clone", key=f"train_clone_{run.name}", help="A new run with these settings."):
                _clone(run)
        with st.popover("Rename", disabled=at_work, key=f"train_rename_{run.name}", help=busy):
            _rename(run)
        with st.popover("Delete", disabled=at_work, key=f"train_delete_{run.name}", help=busy):
            _delete(run)


def _clone(run: Run) -> None:
    try:
        config = run.config()
        width = config.input.width
    except SecondLookError as error:
        st.error(str(error))
        return
    with st.form(f"train_clone_form_{run.name}", border=False):
        name = st.text_input("Name of the clone", value=_free(run.name), key=f"train_clone_name_{run.name}")
        one, two = st.columns(2)
        epochs = one.number_input(
            "Its epochs, at most", 1, 1000, config.epochs, key=f"train_clone_epochs_{run.name}"
        )
        batch = two.number_input(
            "Its films a step", 1, 1024, config.batch, key=f"train_clone_batch_{run.name}"
        )
        rate = one.number_input(
            "Its learning rate",
            1e-7,
            1.0,
            config.learning_rate,
            step=config.learning_rate / 10,
            format="%.6f",
            key=f"train_clone_rate_{run.name}",
        )
        size = two.number_input(
            "Its input size, px", 64, 1024, width, step=32, key=f"train_clone_size_{run.name}"
        )
        seed = one.number_input("Its seed", 0, 2**31 - 1, config.seed, key=f"train_clone_seed_{run.name}")
        st.caption("All other settings are those of this run. The clone is not started yet.")
        if not st.form_submit_button("Make the clone", type="primary"):
            return
    changes = {
        "epochs": int(epochs),
        "batch": int(batch),
        "learning_rate": float(rate),
        "size": config.size if int(size) == width else int(size),  # an architecture's own size stays its own
        "seed": int(seed),
    }
    try:
        made = run_operations.clone_run(paths.runs_dir(), run.name, name.strip(), **changes)
    except SecondLookError as error:
        st.error(str(error))
        return
    state.go_to(f"{made.name} has the settings of {run.name}. Start it below.", **{state.RUN_KEY: made.name})


def _rename(run: Run) -> None:
    with st.form(f"train_rename_form_{run.name}", border=False):
        name = st.text_input("New name", value=run.name, key=f"train_rename_name_{run.name}")
        st.caption(
            "Letters, digits, dots, dashes and underscores. A model that is in use keeps the name it has there."
        )
        if not st.form_submit_button("Give it this name", type="primary"):
            return
    if name.strip() == run.name:
        st.caption("It has this name.")
        return
    try:
        renamed = run_operations.rename_run(paths.runs_dir(), run.name, name.strip())
    except SecondLookError as error:
        st.error(str(error))
        return
    state.go_to(f"{run.name} is now {renamed.name}.", **{state.RUN_KEY: renamed.name})


def _delete(run: Run) -> None:
    kept = (
        "its checkpoints, curves, log and trained model"
        if run.result.is_dir()
        else "its checkpoints, curves and log"
    )
    st.markdown(
        f"Delete **{layout.escape_markdown(run.name)}** with {kept}? This cannot be undone. The films stay, and so "
        f"does a model "
        "that was put in use."
    )
    if st.button("Delete it for good", type="primary", key=f"train_delete_yes_{run.name}"):
        try:
            run_operations.delete_run(paths.runs_dir(), run.name)
        except SecondLookError as error:
            st.error(str(error))
            return
        state.go_to(f"{run.name} is deleted.", **{state.RUN_KEY: None})


def _free(name: str) -> str:
    """A name that no run has: name-2, name-3 and so on."""
    taken = {run.name for run in Run.all(paths.runs_dir())}
    tries = (f"{name[:58]}-{number}" for number in range(2, len(taken) + 3))
    return next(tried for tried in tries if tried not in taken)
