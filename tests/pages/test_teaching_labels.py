"""The pages Teaching and Labels without a browser."""

from pathlib import Path

import pytest
from failures_page import APP, page_html, rerun
from streamlit.testing.v1 import AppTest

from fracture_core.evaluation import Interval
from fracture_core.jobs.job import JobState
from fracture_core.label_errors.label_issues import LabelIssues
from fracture_core.label_errors.search_job import LabelErrorJob
from fracture_core.teaching import lesson_store as lesson_store_module
from fracture_core.teaching.lesson_store import LessonStore

pytestmark = pytest.mark.usefixtures("store", "runs_folder")


@pytest.fixture(autouse=True)
def _dataset_folder_of_tiny(phantoms, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_DATASET", str(phantoms))


def _open_page(name: str) -> AppTest:
    page = AppTest.from_file(str(APP))
    page.run()
    page.switch_page(f"pages/{name}.py")
    page.query_params["model"] = "tiny"
    return rerun(page)


def _refuse(*_, **__):
    raise PermissionError(13, "Permission denied")


def _error_text(page: AppTest) -> str:
    return " ".join(str(element.value) for element in page.error)


def test_lesson_that_cannot_be_written_gives_an_error_message(monkeypatch):
    page = _open_page("teaching")
    monkeypatch.setattr(lesson_store_module, "write_atomically", _refuse)
    next(button for button in page.button if button.label.startswith("Start with")).click()
    rerun(page)
    assert "Permission denied" in _error_text(page)


def test_lesson_that_cannot_be_deleted_gives_an_error_message_and_remains(runs_folder, monkeypatch):
    lesson_store = LessonStore.for_model(runs_folder, "tiny")
    lesson_store.update("Wrists", lambda lesson: lesson)
    page = _open_page("teaching")
    page.session_state["teaching_way"] = "Order and notes"
    rerun(page)
    page.button(key="teaching_ask").click()
    rerun(page)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        page.button(key="teaching_delete").click()
        rerun(page)
    assert "Permission denied" in _error_text(page)
    assert lesson_store.names() == ["Wrists"]


def test_list_stays_visible_during_another_search(monkeypatch):
    issues = LabelIssues(
        created="2026-01-01T00:00:00+00:00", model="tiny", weights="", finding="fracture", own=True, films=56,
        training_images=30, unreadable=0, groups=56, auc=Interval(0.8, 0.7, 0.9, 56), suspected=(), contradictions=(),
    )  # fmt: skip
    monkeypatch.setattr(LabelErrorJob, "has_results", True)
    monkeypatch.setattr(LabelErrorJob, "results", lambda _: issues)
    monkeypatch.setattr(LabelErrorJob, "state", lambda _: JobState("running", "Reading images", 3, 56))
    page = _open_page("labels")
    assert issues.sentence in page_html(page)
    labels = [button.label for button in page.button]
    assert "Cancel" in labels
    assert "Search again" not in labels
    monkeypatch.setattr(LabelErrorJob, "has_results", False)
    assert issues.sentence not in page_html(rerun(page))
