"""Header of the pages under *Evaluate*: model, dataset folder and reviewer, which are the same on all of them."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.components.common import data_folder, model_choice, reviewer
from pages.components.common.test_record import TestRecord


@dataclass(frozen=True, eq=False)
class Context:
    """What the user chose.

    Attributes:
        record: the model and its test record.
        root: the dataset folder; None if it is missing or not valid.
    """

    record: TestRecord
    root: Path | None


def choose() -> Context | None:
    """Draw the header; return None, with a message, if there is no model with a test record."""
    with st.container(key="context"):
        left, middle, right = st.columns([4, 4, 2], gap="medium")
    record = model_choice.choose_model(left)
    if record is None:
        return None
    with middle:
        root = data_folder.choose_folder(record.card, str(record.test["path"].iloc[0]))
    with right:
        reviewer.ask_name()
    return Context(record, root)
