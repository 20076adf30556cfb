"""Training speed on this computer, and the estimated training time."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
from fracture_core.training import duration_estimate
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.training.speed_job import SpeedJob
from fracture_core.zoo.architecture import Architecture
from pages.components.common import job_progress, layout
from pages.components.train import training_progress
from pages.components.train.dataset_preview import DatasetPreview


def show(architecture: Architecture, config: TrainingConfig, dataset: DatasetPreview | None) -> None:
    """Draw the measured speed, or the button that measures it.

    Args:
        architecture: the architecture.
        config: settings of the training.
        dataset: the dataset; None if none is chosen.
    """
    job = SpeedJob.for_config(paths.runs_dir(), config)
    state = job.state()
    if state.status == "running":
        st.caption(f"Measuring {architecture.title} on this computer. No dataset is needed.")
        job_progress.show(job)
        return
    speed = job.speed() if state.status == "finished" else None
    if state.status == "failed":
        st.error(layout.escape_markdown(state.message))
    with st.container(horizontal=True, vertical_alignment="center", key="train_speed"):
        if speed is not None:
            st.markdown(_describe(architecture, config, speed, dataset))
        else:
            st.markdown(
                f"{parameter_count_text(architecture.parameters)} parameters at {architecture.input.width} px. The "
                "training speed has not been measured yet for this size and batch."
            )
        _show_measure_button(job, config, again=speed is not None)


def parameter_count_text(count: int) -> str:
    """Format a number of parameters, such as "47,000" or "2.3 million"."""
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{round(count, -3):,}"


def _describe(
    architecture: Architecture, config: TrainingConfig, speed: TrainingSpeed, dataset: DatasetPreview | None
) -> str:
    """Describe the measurement and the estimated training time."""
    first = f", {speed.head:.0f} in head-only epochs" if speed.head else ""
    measured = (
        f"{parameter_count_text(speed.parameters)} parameters at {config.input.width} px. Speed on this "
        f"computer: **{_rate(speed.trained)} images per second**{first} (measured {speed.date})."
    )
    if dataset is None:
        return measured
    parts = dataset.parts
    seconds = duration_estimate.estimate_seconds(
        config, speed, parts["train", 0], parts["train", 1], parts["val", 0] + parts["val", 1]
    )
    return (
        f"{measured} All {config.epochs} epochs on this dataset: "
        f"**{training_progress.duration_text(seconds)}**, less with early stopping."
    )


def _rate(images: float) -> str:
    return f"{images:.1f}" if images < 10 else f"{images:.0f}"


def _show_measure_button(job: SpeedJob, config: TrainingConfig, again: bool) -> None:
    active = process.active_run(paths.runs_dir()) is not None
    if st.button(
        "Measure again" if again else "Measure speed",
        key="train_measure",
        type="tertiary" if again else "secondary",
        disabled=active,
        help="A run is being trained, so a measurement would be too low."
        if active
        else "Trains on noise for some seconds in a separate process. Kept for this computer, architecture, input size "
        "and batch size.",
    ):
        try:
            job.start(config)
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
        st.rerun()
