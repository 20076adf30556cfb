"""Where audits lie on this computer, and the one of a data set."""

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core import places
from fracture_core.data.audit.job import Job, State

#: Under these names the session keeps what is chosen.
FOLDER, LAYOUT = "audit_folder", "audit_layout"

_JOBS = ".audits"


def job_of(data: Path) -> Job:
    """The audit of a data set, begun or not; the same folder has the same for every user and after a restart."""
    name = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return Job(places.runs() / _JOBS / name)


def known() -> list[tuple[Job, State]]:
    """Every audit on this computer, the newest first."""
    folders = sorted((places.runs() / _JOBS).glob("*/"), key=lambda path: path.stat().st_mtime, reverse=True)
    found = [(Job(folder), Job(folder).state()) for folder in folders]
    return [(job, state) for job, state in found if state.status != "absent"]


def report(job: Job) -> dict[str, Any]:
    """The results of a finished audit, read once.

    Raises:
        DataError: the file is damaged.
    """
    return _report(str(job.folder), job.page.stat().st_mtime_ns)


@st.cache_data(max_entries=3, show_spinner="Reading the results …")
def _report(folder: str, changed: int) -> dict[str, Any]:
    return Job(Path(folder)).report()
