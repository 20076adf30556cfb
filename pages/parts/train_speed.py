"""How fast an architecture is on this computer, and how long this training would take."""

import streamlit as st

from fracture_core import places
from fracture_core.errors import SecondLookError
from fracture_core.training import estimate, process
from fracture_core.training.config import TrainingConfig
from fracture_core.training.speed_record import Job, Speed
from fracture_core.zoo.architecture import Architecture
from pages.parts import job_watch, train_figures
from pages.parts.train_sets import Look


def show(row: Architecture, config: TrainingConfig, films: Look | None) -> None:
    """Says what was measured here, or offers to measure it.

    Args:
        row: the architecture.
        config: the training as it is asked for.
        films: the data set; None where none is chosen.
    """
    job = Job.of(places.runs(), config)
    state = job.state()
    if state.status == "running":
        st.caption(f"Timing {row.title} on this computer; films are not needed for it.")
        job_watch.show(job)
        return
    speed = job.speed() if state.status == "finished" else None
    if state.status == "failed":
        st.error(state.what)
    with st.container(horizontal=True, vertical_alignment="center", key="train_speed"):
        if speed is not None:
            st.markdown(_words(row, config, speed, films))
        else:
            st.markdown(
                f"{parameters(row.parameters)} parameters at {row.input.width} px. Speed on this computer: "
                "not measured yet at this size and batch."
            )
        _measure(job, config, again=speed is not None)


def parameters(count: int) -> str:
    """A number of parameters as readers say it: "47,000", "2.3 million"."""
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{round(count, -3):,}"


def _words(row: Architecture, config: TrainingConfig, speed: Speed, films: Look | None) -> str:
    """What was measured, and what it means for these films."""
    first = f", {speed.head:.0f} while only its head learns" if speed.head else ""
    said = (
        f"{parameters(speed.parameters)} parameters at {config.input.width} px. On this computer it learns from "
        f"**{_rate(speed.trained)} films a second**{first} (measured {speed.date})."
    )
    if films is None:
        return said
    parts = films.parts
    lasts = estimate.seconds(
        config, speed, parts["train", 0], parts["train", 1], parts["val", 0] + parts["val", 1]
    )
    return (
        f"{said} All {config.epochs} epochs on these films: **{train_figures.duration(lasts)}**, and less where it "
        "ends by itself before."
    )


def _rate(films: float) -> str:
    return f"{films:.1f}" if films < 10 else f"{films:.0f}"


def _measure(job: Job, config: TrainingConfig, again: bool) -> None:
    busy = process.active(places.runs()) is not None
    if st.button(
        "Measure again" if again else "Measure it",
        key="train_measure",
        type="tertiary" if again else "secondary",
        disabled=busy,
        help="A training is at work; beside it every figure would be too low."
        if busy
        else "Trains on noise for some seconds, in a process of its own. Kept for this computer, architecture, size "
        "and batch.",
    ):
        try:
            job.start(config)
        except SecondLookError as error:
            st.error(str(error))
            return
        st.rerun()
