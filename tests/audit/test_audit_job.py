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


def _wait(job: AuditJob, seconds: float = 90) -> JobState:
    end = time.monotonic() + seconds
    while (state := job.state()).status == "running" and time.monotonic() < end:
        time.sleep(0.1)
    return state


def _pid(job: AuditJob) -> int:
    return json.loads((job.folder / "state.json").read_text())["pid"]


@pytest.fixture
def job(tmp_path) -> AuditJob:
    return AuditJob(tmp_path / "jobs" / "one")


def test_job_that_was_not_started(job):
    assert job.state() == JobState("absent")
    with pytest.raises(DataError, match="Run the audit again"):
        job.report()


def test_results_of_a_finished_audit(job, faulty):
    job.start(str(faulty))
    assert job.state().status == "running"
    with pytest.raises(DataError, match="already running"):
        job.start(str(faulty))
    state = _wait(job)
    assert (state.status, state.data) == ("finished", str(faulty))
    report = job.report()
    assert state.message == report["verdict"]
    assert report["mended"]["leaks_before"] == 3
    assert "Images with both labels" in job.html_report_path.read_text("utf-8")
    # The images are in another folder, so the manifest contains full paths.
    assert len(read_catalogue(job.clean_manifest_path).cases) == 24
    job.start(str(faulty))  # a second run replaces the results
    assert _wait(job).status == "finished"


def test_cancel_ends_the_process_and_deletes_results(job, faulty):
    job.start(str(faulty))
    pid = _pid(job)
    job.clean_manifest_path.touch()  # as if this file had been written already
    job.cancel()
    assert job.state().status == "cancelled"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not job.html_report_path.exists()
    assert not job.clean_manifest_path.exists()
    job.cancel()  # a second call has no effect
    assert job.state().status == "cancelled"


def test_killed_process_is_reported_as_failed(job, faulty):
    job.start(str(faulty))
    psutil.Process(_pid(job)).kill()
    state = _wait(job, 10)
    assert state.status == "failed"
    assert "stopped without an error message" in state.message


def test_failure_contains_the_last_line_of_the_log(job):
    job.folder.mkdir(parents=True)
    state = {"status": "running", "what": "", "done": 0, "every": 0, "data": "films", "pid": 0, "since": ""}
    (job.folder / "state.json").write_text(json.dumps(state))
    (job.folder / "log.txt").write_text("Traceback\nMemoryError\n")
    assert job.state().message == (
        "The audit stopped unexpectedly. Its last output was “MemoryError”. Start it again."
    )


def test_missing_dataset_is_reported(job, tmp_path):
    job.start(str(tmp_path / "gone"))
    state = _wait(job)
    assert state.status == "failed"
    assert (
        state.message
        == f"{tmp_path / 'gone'} is not a folder: check the path, or enter a manifest that ends in .csv."
    )


def test_results_that_cannot_be_written_are_reported(job, faulty):
    job.html_report_path.mkdir(parents=True)
    assert job.run(faulty) == 1
    state = job.state()
    assert state.status == "failed"
    assert state.message.startswith("The audit results could not be written to ")
    assert state.message.endswith("Free disk space and run the audit again.")


def test_run_in_this_process(job, faulty):
    assert job.run(faulty) == 0
    assert job.state().status == "finished"


def test_forget_deletes_results_but_not_images(job, faulty):
    job.run(Path(faulty))
    job.forget()
    assert job.state().status == "absent"
    assert any(faulty.rglob("*.png"))
