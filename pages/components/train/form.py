"""Form of a new training: dataset, network, settings and start."""

import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import process, queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import RUN_NAME_HELP, Run, check_run_name
from fracture_core.zoo import ARCHITECTURES, find_architecture
from fracture_core.zoo.architecture import Architecture
from pages.components.common import layout
from pages.components.train import augmentation, data_source, option_fields, speed, state
from pages.components.train.dataset_preview import DatasetPreview
from pages.components.train.starting_weights import choose_starting_weights, fill_in_starting_weights

# Trains on a few hundred synthetic images within minutes.
_FOR_SYNTHETIC = "small_fcn"

_NAME = "train_name"


def show() -> None:
    """Draw the form; start the training when the button is pressed."""
    st.subheader("Dataset", anchor=False)
    dataset = data_source.choose_data()
    st.subheader("Network", anchor=False)
    architecture = _choose_architecture()
    config = None
    try:
        config = _choose_config(architecture, dataset)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
    _show_start(dataset, config, architecture)


def fill_in(config: TrainingConfig, name: str) -> None:
    """Open the form with the settings of a run before the page is drawn again.

    Args:
        config: the settings; also those that the form does not show are kept until a preset is chosen.
        name: name of the new run.

    Raises:
        TrainingError: the architecture is unknown.
        ModelError: the architecture cannot have the input size.
    """
    architecture = find_architecture(config.architecture)
    option_fields.fill_in(architecture, config)
    fill_in_starting_weights(architecture, config.backbone_weights)
    data_source.choose_folder(config.data)
    st.session_state[_architecture_key("folder")] = architecture.name
    st.session_state[_NAME] = name
    st.session_state[state.VIEW_KEY] = state.NEW_VIEW


def _architecture_key(kind: str) -> str:
    """One key for each kind of dataset, because their defaults differ."""
    return f"train_architecture_{kind}"


def _choose_architecture() -> Architecture:
    kind, first = (
        ("synthetic", _FOR_SYNTHETIC) if data_source.is_synthetic() else ("folder", next(iter(ARCHITECTURES)))
    )
    st.session_state.setdefault(_architecture_key(kind), first)
    name = st.selectbox(
        "Architecture",
        tuple(ARCHITECTURES),
        format_func=lambda key: ARCHITECTURES[key].title,
        key=_architecture_key(kind),
        persist_state="session",
    )
    architecture = ARCHITECTURES[name]
    option_fields.show_presets(architecture)
    return architecture


def _choose_config(architecture: Architecture, dataset: DatasetPreview | None) -> TrainingConfig | None:
    """Draw all settings; return None while the starting weights are missing.

    Raises:
        SecondLookError: the settings are not valid.
    """
    weights = choose_starting_weights(architecture)
    pretrained = weights != ""
    protocol = architecture.adapt_protocol(architecture.protocol, pretrained)
    values = option_fields.choose_values(architecture, protocol, pretrained)
    if weights is None:
        return None
    values |= {"backbone_weights": weights, **option_fields.hidden_values(architecture)}
    folder = dataset.folder if dataset else ""
    config = TrainingConfig.from_protocol(folder, architecture, protocol, values)
    chosen = augmentation.choose_augmentation(
        architecture, dataset, config.input, config.seed, config.doubled
    )
    config = replace(config, augmentation=chosen)
    speed.show(architecture, config, dataset)
    if dataset and dataset.training_count < config.batch:
        st.warning(
            f"The dataset has {dataset.training_count:,} training images, fewer than the batch size {config.batch}. "
            "Choose a smaller batch size."
        )
    return config


def _show_start(
    dataset: DatasetPreview | None, config: TrainingConfig | None, architecture: Architecture
) -> None:
    root = paths.runs_dir()
    name = st.text_input(
        "Run name (optional)",
        placeholder=f"local-{architecture.name}-date-time",
        key=_NAME,
        persist_state="session",
        help=f"{RUN_NAME_HELP} The model gets this name too.",
    ).strip()
    name_error = _check_name(root, name)
    if name_error:
        st.error(layout.escape_markdown(name_error))
    active, waiting = process.active_run(root), queue.waiting_runs(root)
    ready = dataset is not None and config is not None and not name_error
    label = "Add to queue" if active or waiting else "Start training"
    if st.button(label, type="primary", disabled=not ready, key="train_go"):
        assert config is not None
        _start(root, name or f"local-{architecture.name}-{time.strftime('%Y%m%d-%H%M%S')}", config)
    if dataset is None:
        st.caption("Choose a dataset first.")
    elif config is None:
        st.caption("Fix the settings first.")
    if active is not None:
        ahead = f" and {len(waiting)} waiting" if waiting else ""
        st.info(
            f"{layout.escape_markdown(active.name)} is being trained{ahead}. One run is trained at a time, so a new "
            "training waits in the queue and then starts automatically."
        )
        if st.button("Show that run", key="train_watch_other"):
            state.go_to(**{state.VIEW_KEY: state.RUNS_VIEW, state.RUN_KEY: active.name})


def _check_name(root: Path, name: str) -> str:
    """Return what is wrong with a run name; "" if nothing is."""
    if not name:
        return ""
    try:
        check_run_name(name)
    except SecondLookError as error:
        return str(error)
    if (root / name).exists():
        return f"A run named {name} already exists. Choose another run name."
    return ""


def _start(root: Path, name: str, config: TrainingConfig) -> None:
    run: Run | None
    try:
        run = process.create_and_start(root, name, config)
    except SecondLookError as error:
        # The second of two quick clicks: the same training has just been started.
        run = process.find_equal_run(root, config)
        if run is None:
            st.error(layout.escape_markdown(str(error)))
            return
    state.go_to(waiting_text(root, run.name), **{state.VIEW_KEY: state.RUNS_VIEW, state.RUN_KEY: run.name})


def waiting_text(root: Path, name: str) -> str:
    """Describe what a run waits for; "" if it does not wait."""
    position = queue.queue_position(root, name)
    if not position:
        return ""
    active = process.active_run(root)
    before = active.name if active else "the previous run"
    if position > 1:
        before = f"{before} and {position - 1} more"
    return f"{name} waits in the queue at position {position}. It starts after {before}."
