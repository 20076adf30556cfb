"""The audits on this computer, and their results."""

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core import paths
from fracture_core.audit.audit_job import AuditJob
from fracture_core.errors import DataError
from fracture_core.file_names import encode_name
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs.job import JobState

#: Session state: the chosen folder and layout.
FOLDER, LAYOUT = "audit_folder", "audit_layout"

_JOBS, _SPLITS = ".audits", ".splits"


def job_for(data: Path) -> AuditJob:
    """Return the audit of a dataset, whether it exists or not. A folder has one audit for all users."""
    name = hashlib.sha256(encode_name(str(data))).hexdigest()[:16]
    return AuditJob(paths.runs_dir() / _JOBS / name)


def all_jobs() -> list[tuple[AuditJob, JobState]]:
    """List the audits on this computer, latest first."""
    jobs = sorted(map(AuditJob, (paths.runs_dir() / _JOBS).glob("*/")), key=lambda job: -job.changed_at)
    states = [(job, job.state()) for job in jobs]
    return [(job, state) for job, state in states if state.status != "absent"]


def load_report(job: AuditJob) -> dict[str, Any]:
    """Load the results of a finished audit; they are cached.

    Raises:
        DataError: the results were deleted or are damaged.
    """
    return _report(str(job.folder), job.changed_at)


@st.cache_data(max_entries=3, show_spinner="Reading the results …")
def _report(folder: str, changed: float) -> dict[str, Any]:
    return AuditJob(Path(folder)).report()


def keep_split(job: AuditJob, name: str) -> Path:
    """Copy the clean split for training runs, which may read it after the audit was deleted.

    The copy is made once per audit, and again if it was deleted.

    Args:
        job: a finished audit.
        name: start of the file name; a hash of the content follows.

    Raises:
        DataError: the split cannot be copied.
    """
    arguments = str(job.folder), job.changed_at, name
    path = _keep_split(*arguments)
    if not path.is_file():
        _keep_split.clear(*arguments)
        path = _keep_split(*arguments)
    return path


@st.cache_data(max_entries=16, show_spinner=False)
def _keep_split(folder: str, changed: float, name: str) -> Path:
    try:
        text = AuditJob(Path(folder)).clean_manifest_path.read_text(encoding="utf-8")
        path = (
            paths.runs_dir()
            / _SPLITS
            / f"{name or 'set'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.csv"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise DataError(
            f"Cannot copy the clean split to {paths.runs_dir() / _SPLITS}: {error.strerror}. Free disk space, or audit "
            "again."
        ) from error
    return path.resolve()
