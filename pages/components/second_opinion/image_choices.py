"""What the user chose about the images of a study: body region, own opinion, and names in saved files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.report import display_names, sentences
from fracture_core.report.reader_opinion import ReaderOpinion
from fracture_core.review.verdict_opinions import ReaderMark

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

#: Key of the checkbox *Include file names*.
KEEP_NAMES = "save names"

#: Longest comment in a report, in letters.
_MAX_COMMENT = 500


def choose_region(opinion: Opinion, key: str) -> str:
    """The body region of an image: the user's choice, or else the most likely one."""
    return str(st.session_state.get(f"region {key}", sentences.recorded_region(opinion)))


def set_region(key: str, region: str) -> None:
    """Set the body region of an image by its key."""
    st.session_state[f"region {key}"] = region


def reader_opinion(key: str) -> ReaderOpinion:
    """The reader's mark and comment on an image by its key."""
    return st.session_state.get(f"reader {key}", ReaderOpinion())


def set_reader_opinion(key: str, mark: str, comment: str) -> None:
    """Set the reader's mark and comment on an image by its key; a mark that is not known counts as none."""
    known = ReaderMark(mark) if mark in list(ReaderMark) else None
    st.session_state[f"reader {key}"] = ReaderOpinion(known, comment.strip()[:_MAX_COMMENT])


def file_label(name: str, number: int) -> str:
    """The name of an image in downloads: its file name if the user asked for it, else its number.

    Args:
        name: file name.
        number: number of the image in the study, from 1.
    """
    return display_names.display_name(name, number, bool(st.session_state.get(KEEP_NAMES)))
