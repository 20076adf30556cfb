"""Synthetic films to train on, drawn here."""

import threading
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.phantom import PhantomSettings, write_phantom_dataset

_COUNTS = (120, 240, 400, 800)
_DIFFICULTIES = {"easy": "Easy, a small network learns from it", "realistic": "As in practice"}

# Drawn last, so it tells a complete set from one that was broken off.
_LAST = "boxes.csv"

# Two users who ask for the same set in the same moment would write into each other's files.
_WRITING = threading.Lock()


def choose_synthetic() -> str:
    """The folder of a synthetic set, "" until it is made."""
    left, middle, right = st.columns(3)
    difficulty = middle.selectbox(
        "Fractures",
        tuple(_DIFFICULTIES),
        format_func=_DIFFICULTIES.__getitem__,
        key="train_phantom_difficulty",
        persist_state="session",
        help="Easy films show wide fractures close up, without markers, and each limb once intact and once broken.",
    )
    count = left.selectbox(
        "How many",
        _COUNTS,
        index=_COUNTS.index(400),
        key="train_phantoms",
        persist_state="session",
        width="stretch",
    )
    seed = right.number_input(
        "Seed of the films",
        min_value=0,
        max_value=999,
        value=0,
        key="train_phantom_seed",
        persist_state="session",
        help="Another seed gives other films.",
    )
    st.caption(
        "Computed images that show no person. They serve to try the training out; a model trained on them says "
        "nothing about patients. Making them takes about a quarter of a second a film, once."
    )
    settings = PhantomSettings(int(count), int(seed), difficulty=difficulty)
    folder = paths.runs_dir() / f"synthetic-{difficulty}-{count}-{seed}"
    if (folder / _LAST).is_file():
        return str(folder)
    if st.button(f"Make {count} films"):
        _make(folder, settings)
        st.rerun()
    return ""


def _make(folder: Path, settings: PhantomSettings) -> None:
    bar = st.progress(0.0, text="Drawing the first film")

    def show(_stage: str, done: int, total: int) -> None:
        bar.progress(done / total, text=f"Drawing: {done} of {total} images")

    with _WRITING:
        write_phantom_dataset(folder, settings, show)
