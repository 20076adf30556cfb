"""The page Published systems without a browser."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.published.collect import collect_result
from fracture_core.published.published_report import load_reports
from fracture_core.published.run_result import FRACATLAS, RESULT_COLUMNS, RunResult, load_results
from fracture_core.zoo import ARCHITECTURES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A copy of the reports and results."""
    folder = tmp_path / "published"
    shutil.copytree(ROOT / "assets" / "published", folder)
    monkeypatch.setattr(paths, "published_dir", lambda: folder)
    return folder


def _page(shipped_models) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "published.py"), default_timeout=60).run()
    assert not page.exception
    return page


def test_every_system_is_shown_with_its_stated_figures(published, shipped_models):
    page = _page(shipped_models)
    shown = " ".join(part.value for part in page.subheader)
    blocks = " ".join(block.proto.body for block in page.get("html"))
    for report in load_reports(published):
        assert report.row in ARCHITECTURES
        assert report.title in shown
        for value in report.figures.values():
            assert value is None or f"<td>{value:g}</td>" in blocks
        for why in report.absent.values():
            assert why in blocks


def test_a_result_appears_with_its_interval(published, shipped_models, trained):
    found = collect_result(trained, FRACATLAS)
    found.save(published / "results")
    assert load_results(published / "results")[("four_block", FRACATLAS)] == found
    page = _page(shipped_models)
    blocks = " ".join(block.proto.body for block in page.get("html"))
    accuracy = found.test.accuracy
    assert f"{accuracy.value:.3f}<small>{accuracy.low:.2f}–{accuracy.high:.2f}</small>" in blocks
    assert f"{len(found.epochs)} of {found.planned} epochs" in blocks


def test_the_stored_results_belong_to_systems():
    found = load_results(ROOT / "assets" / "published" / "results")
    rows = {report.row for report in load_reports(ROOT / "assets" / "published")}
    assert {row for row, _ in found} <= rows
    for result in found.values():
        assert (result.row, result.column) in found
        assert result.test.n > 0
        assert "/" not in result.data
    for report in load_reports(ROOT / "assets" / "published"):
        # A cell contains a result or the reason why there is none.
        assert set(report.absent) <= set(RESULT_COLUMNS)
        assert not [column for column in report.absent if (report.row, column) in found]


def test_a_damaged_result_gives_a_sentence(published):
    (published / "results" / "x.json").write_text("{")
    with pytest.raises(Exception, match="Cannot read the result of a run in"):
        load_results(published / "results")


def test_round_trip(trained, tmp_path):
    found = collect_result(trained, FRACATLAS)
    assert RunResult.load(found.save(tmp_path)) == found


def test_the_document_contains_the_results():
    text = (ROOT / "docs" / "published.md").read_text("utf-8")
    for result in load_results(ROOT / "assets" / "published" / "results").values():
        for found in (result.test.accuracy, result.test.auc):
            assert f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})" in text
