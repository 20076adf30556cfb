"""The runs: one of them chosen, watched while it trains, and stopped, resumed or put in use."""

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
from pages.components.common import boundary
from pages.components.train import curves, result, run_actions, standing, state
from pages.components.train import queue as train_queue

#: Seconds between two looks at a run that is at work.
_EVERY = 1.5

_WORDS = {
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
    """Draws the list of runs, those that wait, and the chosen one."""
    root = paths.runs_dir()
    states = {run.name: run.state() for run in Run.all(root)}
    if not states:
        _empty()
        return
    waiting = [one.name for one in queue.waiting_runs(root)]
    name = _choose(states, waiting)
    run = Run(root / name)
    at_work = states[name].status in ACTIVE_STATUSES
    run_actions.show(run, at_work)
    with st.container():  # always there, so that what is below keeps its place
        train_queue.show()
    if at_work:
        boundary.fragment(_live, run_every=_EVERY)(run)
    else:
        _at_rest(run, states[name], name in waiting)


def _choose(states: dict[str, RunState], waiting: Sequence[str]) -> str:
    chosen = st.session_state.get(state.RUN_KEY)
    if chosen not in states:
        chosen = next(
            (name for name, state in states.items() if state.status in ACTIVE_STATUSES), next(iter(states))
        )
    labels = {
        name: f"{'waiting' if name in waiting else _WORDS.get(state.status, state.status)} – {name}"
        for name, state in states.items()
    }
    name = st.selectbox(
        "Run, the newest first",
        tuple(labels),
        index=tuple(labels).index(chosen),
        format_func=labels.__getitem__,
        # The browser keeps the words of the chosen option until the widget is another one.
        key=f"train_run_box_{hash(tuple(labels.values()))}",
    )
    st.session_state[state.RUN_KEY] = name
    return name


def _empty() -> None:
    st.markdown(
        "No training yet. Point the app at a folder of labelled films, or have it make synthetic ones, and start."
    )
    if st.button("New training", type="primary", key="train_first"):
        state.go_to(**{state.VIEW_KEY: state.NEW_VIEW})


def _live(run: Run) -> None:
    """A run at work, looked at again and again; draws the whole page anew when it has ended."""
    state = run.state()
    if state.status not in ACTIVE_STATUSES:
        st.rerun()
    try:
        config = run.config()
    except SecondLookError as error:
        st.error(str(error))
        return
    epochs, known = run.epochs(), StepHistory.load(run.steps)
    stopping = run.is_stop_requested()
    # Until this process has read its films, what stands there is of the one before.
    at = (
        standing.current_standing(known.now, epochs, config)
        if known.now and state.status != "starting"
        else None
    )
    tried = len(_tried(run)) if config.search_trials else 0
    searching = tried < config.search_trials
    share = at.share if at else 0.0
    if searching:
        share = (tried + share) / config.search_trials
    st.progress(1.0 if state.status == "evaluating" else share, text=_status(run, state, at, searching))
    if at is not None:
        _facts(at, done=state.status == "evaluating", searching=searching)
    # A callback, so that the button is grey at once and not at the next look.
    st.button(
        "Stopping …" if stopping else "Stop",
        on_click=boundary.callback(run.request_stop),
        disabled=stopping or state.status == "evaluating",
        key=f"train_stop_{run.name}",
        help="Ends at the next step. The last completed epoch is kept, and the run can be resumed from it.",
    )
    curves.show(epochs, config.epochs, config.head_epochs, live=True, points=known.points)
    _details(run, config)


def _status(run: Run, state: RunState, at: standing.Standing | None, searching: bool) -> str:
    if run.is_stop_requested() and state.status != "evaluating":
        return "Stopping. The last completed epoch is kept."
    if state.status == "starting":
        # While films are read, the log counts them.
        last = standing.log_tail(run.log, 1)
        return last if last.startswith("Reading images") else state.message
    if state.status == "evaluating":
        return state.message
    if at is None or searching:
        return state.message or "The first step is being prepared."
    return " ".join(filter(None, (f"Training, epoch {at.now.epoch} of {at.now.epochs}.", state.message)))


def _facts(at: standing.Standing, done: bool, searching: bool) -> None:
    now = at.now
    pairs = [
        ("Epoch", f"{now.epoch} of {now.epochs}"),
        ("Step", f"{now.step} of {now.steps}"),
        ("Images a second", f"{now.images_per_second:.1f}"),
        ("Memory held", f"{format_file_size(now.memory)}, {format_file_size(now.memory_free)} free"),
    ]
    if not done:
        usual = "Time left, at most" if at.at_most else "Time left at this pace"
        what = "Time left of this trial" if searching else usual
        pairs.append((what, standing.duration_text(at.seconds_left)))
    cells = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in pairs
    )
    st.html(_FACTS.format(cells))


def _at_rest(run: Run, state: RunState, waits: bool) -> None:
    """A run nobody works on."""
    if not run.is_complete:
        st.error(
            f"Expected the settings of {run.name} in its folder, but config.json is gone: delete the run."
        )
        return
    config = run.config()
    epochs = run.epochs()
    if waits:
        st.markdown("It waits for its turn.")
    elif state.status == "finished":
        _ended(epochs, config)
        try:
            result.show(run)
        except SecondLookError as error:
            st.error(str(error))
    else:
        tell = (
            st.error
            if state.status == "failed"
            else st.warning
            if state.status == "interrupted"
            else st.markdown
        )
        tell(state.message or f"The run is {_WORDS.get(state.status, state.status)}.")
        _continue(run)
    if epochs:
        curves.show(
            epochs, config.epochs, config.head_epochs, live=False, points=StepHistory.load(run.steps).points
        )
    _details(run, config)


def _ended(epochs: list, config: TrainingConfig) -> None:
    if epochs and epochs[-1]["epoch"] < config.epochs:
        st.caption(f"Ended after epoch {epochs[-1]['epoch']} of at most {config.epochs}.")


def _continue(run: Run) -> None:
    """Resume, and take the best epoch as it is."""
    other = process.active_run(paths.runs_dir())
    # The module that reads checkpoints loads Keras; a look at the folder is enough here.
    kept = any(run.checkpoints.glob("epoch-*"))
    with st.container(horizontal=True):
        resume = st.button(
            "Resume" if run.log.exists() else "Start", type="primary", key=f"train_resume_{run.name}"
        )
        take = kept and st.button(
            "Use the best epoch so far",
            key=f"train_finish_{run.name}",
            help="Opens the test split and makes a model of it. The run cannot be resumed afterwards.",
        )
    if resume or take:
        process.start_run(run, finish_only=bool(take))
        state.go_to()
    if other is not None:
        st.caption(f"{other.name} is being trained: this run would wait for its turn.")


def _details(run: Run, config: TrainingConfig) -> None:
    row = ARCHITECTURES.get(config.architecture)
    size = f"{config.size or (row.input.width if row else '?')} px"
    words = [
        row.title if row else config.architecture,
        size,
        f"at most {config.epochs} epochs",
        f"{config.batch} films a step",
        f"learning rate {config.learning_rate:g}",
        f"seed {config.seed}",
    ]
    _trials(run, config)
    with st.expander("Settings and log"):
        st.markdown(", ".join(words) + ".")
        st.text(f"Films: {config.data}\nRun:   {run.folder}")
        st.code(standing.log_tail(run.log) or "The log is empty.", language=None)


def _tried(run: Run) -> dict[int, dict]:
    """The trials of a search for a learning rate that are done, by number."""
    return {line["trial"]: line for line in run.progress() if line.get("kind") == "trial"}


def _trials(run: Run, config: TrainingConfig) -> None:
    """What a search for a learning rate has found so far."""
    found = _tried(run)
    if not config.search_trials or not found:
        return
    good = [line for line in found.values() if line["val_loss"] is not None]
    best = min(good, key=lambda line: line["val_loss"])["trial"] if good else 0
    with st.expander(f"Search for a learning rate: {len(found)} of {config.search_trials} trials"):
        st.table(
            {
                "Learning rate": [f"{line['rate']:g}" for line in found.values()],
                "Lowest validation loss": [
                    "diverged" if line["val_loss"] is None else f"{line['val_loss']:.3f}"
                    for line in found.values()
                ],
                "": ["best so far" if number == best else "" for number in found],
            }
        )
