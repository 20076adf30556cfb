"""How fast an architecture is on this computer, and how long this training would take."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.training import duration_estimate
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.training.speed_job import SpeedJob
from fracture_core.zoo.architecture import Architecture
from pages.components.common import job_progress
from pages.components.train import standing
from pages.components.train.dataset_preview import DatasetPreview


def show(row: Architecture, config: TrainingConfig, films: DatasetPreview | None) -> None:
    """Says what was measured here, or offers to measure it.

    Args:
        row: the architecture.
        config: the training as it is asked for.
        films: the data set; None where none is chosen.
    """
    job = SpeedJob.for_config(paths.runs_dir(), config)
    state = job.state()
    if state.status == "running":
        st.caption(f"Timing {row.title} on this computer; films are not needed for it.")
        job_progress.show(job)
        return
    speed = job.speed() if state.status == "finished" else None
    if state.status == "failed":
        st.error(state.message)
    with st.container(horizontal=True, vertical_alignment="center", key="train_speed"):
        if speed is not None:
            st.markdown(_words(row, config, speed, films))
        else:
            st.markdown(
                f"{parameter_count_text(row.parameters)} parameters at {row.input.width} px. Speed on this computer: "
                "not measured yet at this size and batch."
            )
        _measure(job, config, again=speed is not None)


def parameter_count_text(count: int) -> str:
    """A number of parameters as readers say it: "47,000", "2.3 million"."""
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{round(count, -3):,}"


def _words(
    row: Architecture, config: TrainingConfig, speed: TrainingSpeed, films: DatasetPreview | None
) -> str:
    """What was measured, and what it means for these films."""
    first = f", {speed.head:.0f} while only its head learns" if speed.head else ""
    said = (
        f"{parameter_count_text(speed.parameters)} parameters at {config.input.width} px. On this computer it learns "
        f"from "
        f"**{_rate(speed.trained)} films a second**{first} (measured {speed.date})."
    )
    if films is None:
        return said
    parts = films.parts
    lasts = duration_estimate.estimate_seconds(
        config, speed, parts["train", 0], parts["train", 1], parts["val", 0] + parts["val", 1]
    )
    return (
        f"{said} All {config.epochs} epochs on these films: **{standing.duration_text(lasts)}**, and less where it "
        "ends by itself before."
    )


def _rate(films: float) -> str:
    return f"{films:.1f}" if films < 10 else f"{films:.0f}"


def _measure(job: SpeedJob, config: TrainingConfig, again: bool) -> None:
    busy = process.active_run(paths.runs_dir()) is not None
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
