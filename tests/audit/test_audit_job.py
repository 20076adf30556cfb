"""An audit in a process of its own: watched, cancelled, killed, and its results found again."""

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


def test_nothing_was_begun(job):
    assert job.state() == JobState("absent")
    with pytest.raises(DataError, match="audit again"):
        job.report()


def test_from_start_to_results(job, faulty):
    job.start(str(faulty))
    assert job.state().status == "running"
    with pytest.raises(DataError, match="there is one: wait for it or cancel it"):
        job.start(str(faulty))
    state = _wait(job)
    assert (state.status, state.data) == ("finished", str(faulty))
    report = job.report()
    assert state.message == report["verdict"]
    assert report["mended"]["leaks_before"] == 3
    assert "Pictures under both labels" in job.html_report_path.read_text("utf-8")
    # Films lie elsewhere than the manifest, which names them by their whole path.
    assert len(read_catalogue(job.clean_manifest_path).cases) == 24
    job.start(str(faulty))  # again, from scratch
    assert _wait(job).status == "finished"


def test_cancel_ends_the_process_and_keeps_nothing(job, faulty):
    job.start(str(faulty))
    pid = _pid(job)
    job.clean_manifest_path.touch()  # as if it had come that far
    job.cancel()
    assert job.state().status == "cancelled"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not job.html_report_path.exists()
    assert not job.clean_manifest_path.exists()
    job.cancel()  # once more does no harm
    assert job.state().status == "cancelled"


def test_a_killed_process_is_a_failure_and_not_for_ever_at_work(job, faulty):
    job.start(str(faulty))
    psutil.Process(_pid(job)).kill()
    state = _wait(job, 10)
    assert state.status == "failed"
    assert "without an error message" in state.message


def test_the_last_words_of_a_process_that_is_gone(job):
    job.folder.mkdir(parents=True)
    state = {"status": "running", "what": "", "done": 0, "every": 0, "data": "films", "pid": 0, "since": ""}
    (job.folder / "state.json").write_text(json.dumps(state))
    (job.folder / "log.txt").write_text("Traceback\nMemoryError\n")
    assert (
        job.state().message
        == "The audit stopped unexpectedly. Its last output was “MemoryError”. Start it again."
    )


def test_a_fault_of_the_user_is_a_sentence(job, tmp_path):
    job.start(str(tmp_path / "gone"))
    state = _wait(job)
    assert state.status == "failed"
    assert state.message.startswith("Expected a folder of radiographs")


def test_results_that_cannot_be_written_are_a_sentence(job, faulty):
    job.html_report_path.mkdir(parents=True)
    assert job.run(faulty) == 1
    state = job.state()
    assert state.status == "failed"
    assert state.message.startswith("Expected to write the results of the audit to ")
    assert state.message.endswith("free disk space and audit again.")


def test_work_in_this_process(job, faulty):
    assert job.run(faulty) == 0
    assert job.state().status == "finished"


def test_forget_deletes_results_but_not_films(job, faulty):
    job.run(Path(faulty))
    job.forget()
    assert job.state().status == "absent"
    assert any(faulty.rglob("*.png"))
