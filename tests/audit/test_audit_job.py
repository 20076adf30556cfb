"""Tests of the background audit: start, cancel, a killed process, and its results."""

import json
import time
from pathlib import Path

import psutil
import pytest

from fracture_core.audit.audit_job import AuditJob
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from fracture_core.jobs.job import JobState


def _wait_until_ended(job: AuditJob, seconds: float = 90) -> JobState:
    deadline = time.monotonic() + seconds
    while (state := job.state()).status == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    return state


def _pid(job: AuditJob) -> int:
    return json.loads((job.folder / "state.json").read_text())["pid"]


@pytest.fixture
def audit_job(tmp_path) -> AuditJob:
    """An audit job that was not started."""
    return AuditJob(tmp_path / "jobs" / "one")


def test_job_that_was_not_started(audit_job):
    assert audit_job.state() == JobState("absent")
    with pytest.raises(DataError, match="Run the audit again"):
        audit_job.report()


def test_results_of_a_finished_audit(audit_job, faulty_dataset):
    audit_job.start(str(faulty_dataset))
    assert audit_job.state().status == "running"
    with pytest.raises(DataError, match="already running"):
        audit_job.start(str(faulty_dataset))
    state = _wait_until_ended(audit_job)
    assert (state.status, state.data) == ("finished", str(faulty_dataset))
    report = audit_job.report()
    assert state.message == report["verdict"]
    assert report["mended"]["leaks_before"] == 3
    assert "Images with both labels" in audit_job.html_report_path.read_text("utf-8")
    # The images are in another folder, so the manifest contains full paths.
    assert len(read_catalogue(audit_job.clean_manifest_path).cases) == 24
    audit_job.start(str(faulty_dataset))  # a second run replaces the results
    assert _wait_until_ended(audit_job).status == "finished"


def test_cancel_ends_the_process_and_deletes_results(audit_job, faulty_dataset):
    audit_job.start(str(faulty_dataset))
    pid = _pid(audit_job)
    audit_job.clean_manifest_path.touch()  # as if this file had been written already
    audit_job.cancel()
    assert audit_job.state().status == "cancelled"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not audit_job.html_report_path.exists()
    assert not audit_job.clean_manifest_path.exists()
    audit_job.cancel()  # a second call has no effect
    assert audit_job.state().status == "cancelled"


def test_killed_process_is_reported_as_failed(audit_job, faulty_dataset):
    audit_job.start(str(faulty_dataset))
    psutil.Process(_pid(audit_job)).kill()
    state = _wait_until_ended(audit_job, 10)
    assert state.status == "failed"
    assert "stopped without an error message" in state.message


def test_failure_contains_the_last_line_of_the_log(audit_job):
    audit_job.folder.mkdir(parents=True)
    state = {"status": "running", "what": "", "done": 0, "every": 0, "data": "films", "pid": 0, "since": ""}
    (audit_job.folder / "state.json").write_text(json.dumps(state))
    (audit_job.folder / "log.txt").write_text("Traceback\nMemoryError\n")
    assert audit_job.state().message == (
        "The audit stopped unexpectedly. Its last output was “MemoryError”. Start it again."
    )


def test_missing_dataset_is_reported(audit_job, tmp_path):
    audit_job.start(str(tmp_path / "gone"))
    state = _wait_until_ended(audit_job)
    assert state.status == "failed"
    assert (
        state.message
        == f"{tmp_path / 'gone'} is not a folder: check the path, or enter a manifest that ends in .csv."
    )


def test_results_that_cannot_be_written_are_reported(audit_job, faulty_dataset):
    audit_job.html_report_path.mkdir(parents=True)
    assert audit_job.run(faulty_dataset) == 1
    state = audit_job.state()
    assert state.status == "failed"
    assert state.message.startswith("The audit results could not be written to ")
    assert state.message.endswith("Free disk space and run the audit again.")


def test_run_in_this_process(audit_job, faulty_dataset):
    assert audit_job.run(faulty_dataset) == 0
    assert audit_job.state().status == "finished"


def test_forget_deletes_results_but_not_images(audit_job, faulty_dataset):
    audit_job.run(Path(faulty_dataset))
    audit_job.forget()
    assert audit_job.state().status == "absent"
    assert any(faulty_dataset.rglob("*.png"))
