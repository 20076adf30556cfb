"""Synthetic images to train on."""

import threading
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.phantom import PhantomSettings, write_phantom_dataset

_COUNTS = (120, 240, 400, 800)
_DIFFICULTIES = {"easy": "Easy, for a small network", "realistic": "Realistic"}

# Written last, so a dataset with it is complete.
_LAST = "boxes.csv"

# Two users may request the same dataset at the same time.
_WRITING = threading.Lock()


def choose_synthetic() -> str:
    """Draw the choice of a synthetic dataset; return its folder, "" until it exists."""
    left, middle, right = st.columns(3)
    difficulty = middle.selectbox(
        "Fractures",
        tuple(_DIFFICULTIES),
        format_func=_DIFFICULTIES.__getitem__,
        key="train_phantom_difficulty",
        persist_state="session",
        help="Easy images show wide fractures close up, without markers, and each limb with and without a fracture.",
    )
    count = left.selectbox(
        "Number of images",
        _COUNTS,
        index=_COUNTS.index(400),
        key="train_phantoms",
        persist_state="session",
        width="stretch",
    )
    seed = right.number_input(
        "Image seed",
        min_value=0,
        max_value=999,
        value=0,
        key="train_phantom_seed",
        persist_state="session",
        help="Another seed gives other images.",
    )
    st.caption(
        "Computed images that show no person. Use them to try out a training; a model trained on them is not valid for "
        "patients. Creating them takes about a quarter of a second per image, once."
    )
    settings = PhantomSettings(int(count), int(seed), difficulty=difficulty)
    folder = paths.runs_dir() / f"synthetic-{difficulty}-{count}-{seed}"
    if (folder / _LAST).is_file():
        return str(folder)
    if st.button(f"Create {count} images"):
        _create(folder, settings)
        st.rerun()
    return ""


def _create(folder: Path, settings: PhantomSettings) -> None:
    bar = st.progress(0.0, text="Drawing the first image")

    def show(_stage: str, done: int, total: int) -> None:
        bar.progress(done / total, text=f"Drawing: {done} of {total} images")

    with _WRITING:
        write_phantom_dataset(folder, settings, show)
