"""The list of runs, and the progress, result and buttons of the chosen run."""

import html
from collections.abc import Sequence

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.io.file_size import format_file_size
from fracture_core.runs import process, queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import ACTIVE_STATUSES, Run, RunState
from fracture_core.runs.steps import StepHistory
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import boundary, layout
from pages.components.train import curves, form, result, run_actions, run_table, state, training_progress
from pages.components.train import queue as train_queue

# Seconds between two updates of an active run.
_INTERVAL = 1.5

_STATUS_TEXT = {
    **dict.fromkeys(ACTIVE_STATUSES, "in training"),
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}

_FACTS = """<style>
.facts {{ display: flex; flex-wrap: wrap; gap: 0.3rem 2rem; margin: 0 !important; padding: 0 !important; }}
.facts div {{ min-width: 5.5rem; }}
.facts dt {{ color: #98A3AF; font-size: 0.8rem; }}
.facts dd {{ margin: 0; font-size: 1.1rem; color: #F2F5F7; font-variant-numeric: tabular-nums; }}
</style><dl class="facts">{}</dl>"""


def show() -> None:
    """Draw the list of runs, the queue, and the chosen run."""
    root = paths.runs_dir()
    states = {run.name: run.state() for run in Run.all(root)}
    if not states:
        _show_empty()
        return
    waiting = [entry.name for entry in queue.waiting_runs(root)]
    with st.container():  # always drawn, so that the elements below keep their place
        if len(states) > 1:
            run_table.show(root)
    name = _choose(states, waiting)
    run = Run(root / name)
    active = states[name].status in ACTIVE_STATUSES
    run_actions.show(run, active)
    with st.container():  # always drawn, so that the elements below keep their place
        train_queue.show()
    if active:
        boundary.fragment(_show_active, run_every=_INTERVAL)(run)
    else:
        _show_inactive(run, states[name], name in waiting)


def _choose(states: dict[str, RunState], waiting: Sequence[str]) -> str:
    chosen = st.session_state.get(state.RUN_KEY)
    if chosen not in states:
        chosen = next(
            (name for name, state in states.items() if state.status in ACTIVE_STATUSES), next(iter(states))
        )
    labels = {
        name: f"{'waiting' if name in waiting else _STATUS_TEXT.get(state.status, state.status)} – {name}"
        for name, state in states.items()
    }
    name = st.selectbox(
        "Run",
        tuple(labels),
        index=tuple(labels).index(chosen),
        format_func=labels.__getitem__,
        # With the same key, the browser would keep showing the old label of the chosen option.
        key=f"train_run_box_{state.run_choice_number()}_{hash(tuple(labels.values()))}",
    )
    st.session_state[state.RUN_KEY] = name
    return name


def _show_empty() -> None:
    st.markdown(
        "No runs yet. Choose a folder of labelled radiographs, or create synthetic images, and start a training."
    )
    if st.button("New training", type="primary", key="train_first"):
        state.go_to(**{state.VIEW_KEY: state.NEW_VIEW})


def _show_active(run: Run) -> None:
    """Draw an active run; rerun the page when the run has ended."""
    state = run.state()
    if state.status not in ACTIVE_STATUSES:
        st.rerun()
    try:
        config = run.config()
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    epochs, history = run.epochs(), StepHistory.load(run.steps)
    stopping = run.is_stop_requested()
    # While a resumed run is starting, the step report is still that of the previous process.
    progress = (
        training_progress.current_progress(history.now, epochs, config)
        if history.now and state.status != "starting"
        else None
    )
    trials_done = len(_trials(run)) if config.search_trials else 0
    searching = trials_done < config.search_trials
    share = progress.share if progress else 0.0
    if searching:
        share = (trials_done + share) / config.search_trials
    st.progress(
        1.0 if state.status == "evaluating" else share,
        text=layout.escape_markdown(_progress_text(run, state, progress, searching)),
    )
    if progress is not None:
        _show_facts(progress, done=state.status == "evaluating", searching=searching)
    # A callback disables the button at once, not at the next update.
    st.button(
        "Stopping …" if stopping else "Stop",
        on_click=boundary.callback(run.request_stop),
        disabled=stopping or state.status == "evaluating",
        key=f"train_stop_{run.name}",
        help="Stops at the next step. The run can be resumed from its last completed epoch.",
    )
    curves.show(epochs, config.epochs, config.head_epochs, live=True, points=history.points)
    _show_details(run, config)


def _progress_text(
    run: Run, state: RunState, current: training_progress.TrainingProgress | None, searching: bool
) -> str:
    if run.is_stop_requested() and state.status != "evaluating":
        return "Stopping. The last completed epoch is kept."
    if state.status == "starting":
        # The log counts the images while they are read.
        last = training_progress.log_tail(run.log, 1)
        return last if last.startswith("Reading images") else state.message
    if state.status == "evaluating":
        return state.message
    if current is None or searching:
        return state.message or "Preparing the first step."
    return " ".join(
        filter(None, (f"Training, epoch {current.now.epoch} of {current.now.epochs}.", state.message))
    )


def _show_facts(current: training_progress.TrainingProgress, done: bool, searching: bool) -> None:
    now = current.now
    pairs = [
        ("Epoch", f"{now.epoch} of {now.epochs}"),
        ("Step", f"{now.step} of {now.steps}"),
        ("Images per second", f"{now.images_per_second:.1f}"),
        ("Memory", f"{format_file_size(now.memory)} used, {format_file_size(now.memory_free)} free"),
    ]
    if not done:
        label = "Time left (maximum)" if current.at_most else "Time left (estimate)"
        label = "Time left in this trial" if searching else label
        pairs.append((label, training_progress.duration_text(current.seconds_left)))
    cells = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in pairs
    )
    st.html(_FACTS.format(cells))


def _show_inactive(run: Run, state: RunState, is_waiting: bool) -> None:
    """Draw a waiting or ended run."""
    if not run.is_complete:
        st.error(
            f"{layout.escape_markdown(run.name)} has no settings: config.json is missing. Delete the run."
        )
        return
    config = run.config()
    epochs = run.epochs()
    if is_waiting:
        st.info(layout.escape_markdown(form.waiting_text(paths.runs_dir(), run.name)))
    elif state.status == "finished":
        _show_early_stop(epochs, config)
        try:
            result.show(run)
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
    else:
        show_message = (
            st.error
            if state.status == "failed"
            else st.warning
            if state.status == "interrupted"
            else st.markdown
        )
        show_message(
            layout.escape_markdown(
                state.message or f"The run is {_STATUS_TEXT.get(state.status, state.status)}."
            )
        )
        _show_resume(run)
    if epochs:
        curves.show(
            epochs, config.epochs, config.head_epochs, live=False, points=StepHistory.load(run.steps).points
        )
    _show_details(run, config)


def _show_early_stop(epochs: list, config: TrainingConfig) -> None:
    if epochs and epochs[-1]["epoch"] < config.epochs:
        st.caption(f"Stopped early after epoch {epochs[-1]['epoch']} of {config.epochs}.")


def _show_resume(run: Run) -> None:
    """Draw the buttons that resume the run or use its best epoch."""
    other = process.active_run(paths.runs_dir())
    # Not `latest_checkpoint`, because its module loads Keras.
    has_checkpoint = any(run.checkpoints.glob("epoch-*"))
    with st.container(horizontal=True):
        resume = st.button(
            "Resume" if run.log.exists() else "Start", type="primary", key=f"train_resume_{run.name}"
        )
        finish = has_checkpoint and st.button(
            "Use the best epoch so far",
            key=f"train_finish_{run.name}",
            help="Evaluates the best epoch as the model of this run. The run cannot be resumed afterwards.",
        )
    if resume or finish:
        process.start_run(run, finish_only=bool(finish))
        state.go_to(form.waiting_text(paths.runs_dir(), run.name))
    if other is not None:
        st.caption(
            f"{layout.escape_markdown(other.name)} is being trained, so this run will wait in the queue."
        )


def _show_details(run: Run, config: TrainingConfig) -> None:
    architecture = ARCHITECTURES.get(config.architecture)
    size = f"{config.size or (architecture.input.width if architecture else '?')} px"
    settings = [
        architecture.title if architecture else config.architecture,
        size,
        f"at most {config.epochs} epochs",
        f"batch size {config.batch}",
        f"learning rate {config.learning_rate:g}",
        f"seed {config.seed}",
    ]
    _show_trials(run, config)
    with st.expander("Settings and log"):
        st.markdown(layout.escape_markdown(", ".join(settings) + "."))
        st.text(f"Dataset: {config.data}\nRun:     {run.folder}")
        st.code(training_progress.log_tail(run.log) or "The log is empty.", language=None)


def _trials(run: Run) -> dict[int, dict]:
    """Return the completed trials of the learning-rate search by number."""
    return {line["trial"]: line for line in run.progress() if line.get("kind") == "trial"}


def _show_trials(run: Run, config: TrainingConfig) -> None:
    """Draw the results of the learning-rate search."""
    trials = _trials(run)
    if not config.search_trials or not trials:
        return
    valid = [line for line in trials.values() if line["val_loss"] is not None]
    best = min(valid, key=lambda line: line["val_loss"])["trial"] if valid else 0
    with st.expander(f"Learning-rate search: {len(trials)} of {config.search_trials} trials"):
        st.table(
            {
                "Learning rate": [f"{line['rate']:g}" for line in trials.values()],
                "Lowest validation loss": [
                    "diverged" if line["val_loss"] is None else f"{line['val_loss']:.3f}"
                    for line in trials.values()
                ],
                "": ["best" if number == best else "" for number in trials],
            }
        )
