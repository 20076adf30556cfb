"""Properties of the test images for the subgroup analysis: from the dataset's tables and the images."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from fracture_core import paths
from fracture_core.datasets.cases import case_properties
from fracture_core.datasets.image_properties import BackgroundMeasurement
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from fracture_core.file_names import resolve_name
from pages.components.common import data_folder
from pages.components.common.test_record import TestRecord

# Seconds to wait for measurements that are cached.
_MOMENT = 0.3


def known_properties(record: TestRecord) -> pd.DataFrame | None:
    """Properties as `evaluation.analyse_subgroups` takes them; None where the dataset folder is unknown.

    Brightness, contrast and resolution are missing until all images are measured.
    """
    root = _root(record)
    if root is None:
        return None
    tables = _tables(str(root))
    work = current_measurement(record)
    if work is None or work.table is None:
        return tables
    return work.table.join(tables) if len(tables) else work.table


def current_measurement(record: TestRecord) -> BackgroundMeasurement | None:
    """The measurement of the images in the dataset folder; None where the folder is unknown."""
    root = _root(record)
    return None if root is None else _measuring(record.key, str(root), record.test)


def _root(record: TestRecord) -> Path | None:
    return data_folder.known_folder(record.card, str(record.test["path"].iloc[0]))


@st.cache_data(max_entries=2, ttl=600, show_spinner="Reading the dataset …")
def _tables(root: str) -> pd.DataFrame:
    """Properties from the dataset's tables; empty where the folder has no known layout."""
    try:
        return case_properties(read_catalogue(Path(root)).cases)
    except DataError:
        return case_properties([])


@st.cache_resource(max_entries=4, show_spinner=False)
def _measuring(key: str, root: str, _test: pd.DataFrame) -> BackgroundMeasurement:
    films = {
        case: resolve_name(Path(root) / path) for case, path in zip(_test["id"], _test["path"], strict=True)
    }
    work = BackgroundMeasurement(films, paths.runs_dir() / ".cache")
    work.wait(_MOMENT)
    return work
