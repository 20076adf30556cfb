"""Where audits lie on this computer, and the one of a data set."""

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

#: Under these names the session keeps what is chosen.
FOLDER, LAYOUT = "audit_folder", "audit_layout"

_JOBS, _SPLITS = ".audits", ".splits"


def job_for(data: Path) -> AuditJob:
    """The audit of a data set, begun or not; the same folder has the same for every user and after a restart."""
    name = hashlib.sha256(encode_name(str(data))).hexdigest()[:16]
    return AuditJob(paths.runs_dir() / _JOBS / name)


def all_jobs() -> list[tuple[AuditJob, JobState]]:
    """Every audit on this computer, the one that changed last first."""
    jobs = sorted(map(AuditJob, (paths.runs_dir() / _JOBS).glob("*/")), key=lambda job: -job.changed_at)
    found = [(job, job.state()) for job in jobs]
    return [(job, state) for job, state in found if state.status != "absent"]


def load_report(job: AuditJob) -> dict[str, Any]:
    """The results of a finished audit, read once.

    Raises:
        DataError: they are gone, or the file is damaged.
    """
    return _report(str(job.folder), job.changed_at)


@st.cache_data(max_entries=3, show_spinner="Reading the results …")
def _report(folder: str, changed: float) -> dict[str, Any]:
    return AuditJob(Path(folder)).report()


def keep_split(job: AuditJob, name: str) -> Path:
    """A copy of the mended split for a training, which may read it again long after the audit is forgotten.

    It is made once for each audit, and anew only where somebody deleted it.

    Args:
        job: a finished audit.
        name: what the copy is called, with a hash of what it holds behind it.

    Raises:
        DataError: it cannot be copied.
    """
    asked = str(job.folder), job.changed_at, name
    path = _keep_split(*asked)
    if not path.is_file():
        _keep_split.clear(*asked)
        path = _keep_split(*asked)
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
            f"Expected to copy the mended split to {paths.runs_dir() / _SPLITS}, but the system said "
            f"“{error.strerror}”: free disk space, or audit again."
        ) from error
    return path.resolve()
