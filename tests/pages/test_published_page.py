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
def published_folder(tmp_path, monkeypatch):
    """A copy of the reports and results."""
    folder = tmp_path / "published"
    shutil.copytree(ROOT / "assets" / "published", folder)
    monkeypatch.setattr(paths, "published_dir", lambda: folder)
    return folder


def _page(shipped_models, *opened: str) -> AppTest:
    """The page, with the details of some architectures open."""
    page = AppTest.from_file(str(ROOT / "pages" / "published.py"))
    for row in opened:
        page.session_state[f"published_details_{row}"] = True
    page.run()
    assert not page.exception
    return page


def test_every_system_is_shown_with_its_published_figures(published_folder, shipped_models):
    reports = load_reports(published_folder)
    page = _page(shipped_models, *(report.row for report in reports))
    blocks = " ".join(block.proto.body for block in page.get("html"))
    for report in reports:
        assert report.row in ARCHITECTURES
        assert f'<th scope="row">{report.title}<small>{report.data}; {report.source}</small></th>' in blocks
        for name, value in report.figures.items():
            assert value is None or f"<td>{value:g}</td>" in blocks
            assert value is None or f"{'AUC' if name == 'auc' else name} {value:g}" in blocks
        has_table = any(value is not None for value in report.figures.values())
        for reason in report.absent.values():
            assert not has_table or reason in blocks


def test_result_is_shown_with_its_interval(published_folder, shipped_models, trained_run):
    result = collect_result(trained_run, FRACATLAS)
    result.save(published_folder / "results")
    assert load_results(published_folder / "results")[("four_block", FRACATLAS)] == result
    page = _page(shipped_models, "four_block")
    blocks = " ".join(block.proto.body for block in page.get("html"))
    accuracy = result.test.accuracy
    assert f"{accuracy.value:.3f}<small>{accuracy.low:.2f}–{accuracy.high:.2f}</small>" in blocks
    assert f"{len(result.epochs)} of {result.planned} epochs" in blocks


def test_details_are_drawn_when_opened(published_folder, shipped_models):
    page = _page(shipped_models)
    assert not page.get("vega_lite_chart")
    assert not page.get("code")
    page.session_state["published_details_three_block"] = True
    page.run()
    assert not page.exception
    assert len(page.get("vega_lite_chart")) % 3 == 0  # loss, accuracy and AUC of each run
    assert page.get("vega_lite_chart")
    assert all("--architecture three_block" in part.value for part in page.get("code"))


def test_stored_results_belong_to_listed_systems():
    results = load_results(ROOT / "assets" / "published" / "results")
    rows = {report.row for report in load_reports(ROOT / "assets" / "published")}
    assert {row for row, _ in results} <= rows
    for result in results.values():
        assert (result.row, result.column) in results
        assert result.test.n > 0
        assert "/" not in result.data
    for report in load_reports(ROOT / "assets" / "published"):
        # A cell contains a result or the reason why there is none.
        assert set(report.absent) <= set(RESULT_COLUMNS)
        assert not [column for column in report.absent if (report.row, column) in results]


def test_damaged_result_gives_an_error_message(published_folder):
    (published_folder / "results" / "x.json").write_text("{")
    with pytest.raises(Exception, match="Cannot read the result of a run in"):
        load_results(published_folder / "results")


def test_result_round_trip(trained_run, tmp_path):
    result = collect_result(trained_run, FRACATLAS)
    assert RunResult.load(result.save(tmp_path)) == result


def test_document_contains_the_results():
    text = (ROOT / "docs" / "published.md").read_text("utf-8")
    for result in load_results(ROOT / "assets" / "published" / "results").values():
        for metric in (result.test.accuracy, result.test.auc):
            assert f"{metric.value:.2f} ({metric.low:.2f}–{metric.high:.2f})" in text
