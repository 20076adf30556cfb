"""The pages Teaching and Labels without a browser."""

from pathlib import Path

import pytest
from failures_page import APP, run, words
from streamlit.testing.v1 import AppTest

from fracture_core.evaluation import Interval
from fracture_core.jobs.job import JobState
from fracture_core.label_errors.label_issues import LabelIssues
from fracture_core.label_errors.search_job import LabelErrorJob
from fracture_core.teaching import lesson_store as lesson_stores
from fracture_core.teaching.lesson_store import LessonStore


@pytest.fixture
def runs(store, phantoms, tmp_path, monkeypatch) -> Path:
    """An empty folder of runs; the dataset of `tiny` is known."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SECOND_LOOK_DATASET", str(phantoms))
    return tmp_path / "runs"


def _opened(page: str) -> AppTest:
    test = AppTest.from_file(str(APP), default_timeout=60)
    test.run()
    test.switch_page(f"pages/{page}.py")
    test.query_params["model"] = "tiny"
    return run(test)


def _refuse(*_, **__):
    raise PermissionError(13, "Permission denied")


def _error_text(test: AppTest) -> str:
    return " ".join(str(found.value) for found in test.error)


def test_a_teaching_file_that_cannot_be_written_gives_a_message(runs, monkeypatch):
    test = _opened("teaching")
    monkeypatch.setattr(lesson_stores, "write_atomically", _refuse)
    next(found for found in test.button if found.label.startswith("Start with")).click()
    run(test)
    assert "Permission denied" in _error_text(test)


def test_a_teaching_file_that_cannot_be_deleted_gives_a_message_and_stays(runs, monkeypatch):
    lessons = LessonStore.for_model(runs, "tiny")
    lessons.update("Wrists", lambda found: found)
    test = _opened("teaching")
    test.session_state["teaching_way"] = "Order and notes"
    run(test)
    test.button(key="teaching_ask").click()
    run(test)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        test.button(key="teaching_delete").click()
        run(test)
    assert "Permission denied" in _error_text(test)
    assert lessons.names() == ["Wrists"]


def test_the_list_stays_visible_during_another_search(runs, monkeypatch, tmp_path):
    found = LabelIssues(
        created="2026-01-01T00:00:00+00:00", model="tiny", weights="", finding="fracture", own=True, films=56,
        learnt=30, unreadable=0, groups=56, auc=Interval(0.8, 0.7, 0.9, 56), suspected=(), contradictions=(),
    )  # fmt: skip
    monkeypatch.setattr(LabelErrorJob, "has_results", True)
    monkeypatch.setattr(LabelErrorJob, "results", lambda _: found)
    monkeypatch.setattr(LabelErrorJob, "state", lambda _: JobState("running", "Reading images", 3, 56))
    test = _opened("labels")
    assert found.sentence in words(test)
    labels = [button.label for button in test.button]
    assert "Cancel" in labels
    assert "Search again" not in labels
    monkeypatch.setattr(LabelErrorJob, "has_results", False)
    assert found.sentence not in words(run(test))
