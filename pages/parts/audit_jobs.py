"""Where audits lie on this computer, and the one of a data set."""

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core import places
from fracture_core.atomic import write_atomically
from fracture_core.data.audit.job import Job
from fracture_core.errors import DataError
from fracture_core.file_names import encode_name
from fracture_core.job import State

#: Under these names the session keeps what is chosen.
FOLDER, LAYOUT = "audit_folder", "audit_layout"

_JOBS, _SPLITS = ".audits", ".splits"


def job_of(data: Path) -> Job:
    """The audit of a data set, begun or not; the same folder has the same for every user and after a restart."""
    name = hashlib.sha256(encode_name(str(data))).hexdigest()[:16]
    return Job(places.runs() / _JOBS / name)


def known() -> list[tuple[Job, State]]:
    """Every audit on this computer, the one that changed last first."""
    jobs = sorted(map(Job, (places.runs() / _JOBS).glob("*/")), key=lambda job: -job.changed)
    found = [(job, job.state()) for job in jobs]
    return [(job, state) for job, state in found if state.status != "absent"]


def report(job: Job) -> dict[str, Any]:
    """The results of a finished audit, read once.

    Raises:
        DataError: they are gone, or the file is damaged.
    """
    return _report(str(job.folder), job.changed)


@st.cache_data(max_entries=3, show_spinner="Reading the results …")
def _report(folder: str, changed: float) -> dict[str, Any]:
    return Job(Path(folder)).report()


def kept_split(job: Job, name: str) -> Path:
    """A copy of the mended split for a training, which may read it again long after the audit is forgotten.

    It is made once for each audit, and anew only where somebody deleted it.

    Args:
        job: a finished audit.
        name: what the copy is called, with a hash of what it holds behind it.

    Raises:
        DataError: it cannot be copied.
    """
    asked = str(job.folder), job.changed, name
    path = _kept(*asked)
    if not path.is_file():
        _kept.clear(*asked)
        path = _kept(*asked)
    return path


@st.cache_data(max_entries=16, show_spinner=False)
def _kept(folder: str, changed: float, name: str) -> Path:
    try:
        text = Job(Path(folder)).manifest.read_text(encoding="utf-8")
        path = (
            places.runs() / _SPLITS / f"{name or 'set'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.csv"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise DataError(
            f"Expected to copy the mended split to {places.runs() / _SPLITS}, but the system said "
            f"“{error.strerror}”: free disk space, or audit again."
        ) from error
    return path.resolve()
