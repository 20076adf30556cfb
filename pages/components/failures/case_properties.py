"""Properties of the test images for the subgroup analysis, from the dataset's tables and from the pixels."""

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

# Seconds to wait for the result. Cached measurements arrive within this time.
_CACHE_WAIT = 0.3


def known_properties(record: TestRecord) -> pd.DataFrame | None:
    """Return the properties for `evaluation.analyse_subgroups`; None if the dataset folder is unknown.

    Brightness, contrast and resolution are missing until all images are measured.
    """
    root = _dataset_folder(record)
    if root is None:
        return None
    from_tables = _table_properties(str(root))
    measurement = current_measurement(record)
    if measurement is None or measurement.table is None:
        return from_tables
    return measurement.table.join(from_tables) if len(from_tables) else measurement.table


def current_measurement(record: TestRecord) -> BackgroundMeasurement | None:
    """Return the measurement of the images in the dataset folder; None if the folder is unknown."""
    root = _dataset_folder(record)
    return None if root is None else _start_measurement(record.key, str(root), record.test)


def _dataset_folder(record: TestRecord) -> Path | None:
    return data_folder.known_folder(record.card, str(record.test["path"].iloc[0]))


@st.cache_data(max_entries=2, ttl=600, show_spinner="Reading the dataset …")
def _table_properties(root: str) -> pd.DataFrame:
    """Read the properties from the dataset's tables; empty if the folder has no known layout."""
    try:
        return case_properties(read_catalogue(Path(root)).cases)
    except DataError:
        return case_properties([])


@st.cache_resource(max_entries=4, show_spinner=False)
def _start_measurement(key: str, root: str, _test: pd.DataFrame) -> BackgroundMeasurement:
    files = {
        case: resolve_name(Path(root) / path) for case, path in zip(_test["id"], _test["path"], strict=True)
    }
    measurement = BackgroundMeasurement(files, paths.runs_dir() / ".cache")
    measurement.wait(_CACHE_WAIT)
    return measurement
