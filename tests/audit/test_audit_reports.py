"""Tests of the text report and the HTML report."""

import json
import re

import pytest

from fracture_core.audit.html_report import size_changes, to_html
from fracture_core.audit.split_comparison import compare_with_clean_split
from fracture_core.audit.text_report import to_text
from fracture_core.audit.thumbnail import thumbnail_data_uri


@pytest.fixture(scope="module")
def report(faulty_audit):
    found = faulty_audit.to_json()
    found["mended"] = compare_with_clean_split(faulty_audit)[1]
    return json.loads(json.dumps(found))


def test_text_contains_every_sentence_in_narrow_lines(report):
    text = to_text(report)
    flat = " ".join(text.split())
    for finding in report["findings"]:
        assert finding["sentence"] in flat
    assert report["verdict"] in flat
    assert report["mended"]["sentence"] in flat
    assert max(map(len, text.splitlines()[1:])) <= 100


def test_html_page_is_self_contained(report):
    page = to_html(report)
    assert page.startswith("<!doctype html>")
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert page.count("data:image/jpeg;base64,") >= 8
    for finding in report["findings"]:
        assert finding["sentence"] in page
    assert "Images with both labels (1)" in page
    assert "Images in more than one split (3)" in page


def test_file_names_are_escaped_in_the_page(report):
    evil = {**report, "unreadable": {"<script>alert(1)</script>.png": "why & how"}}
    page = to_html(evil)
    assert "<script>" not in page
    assert "why &amp; how" in page


def test_missing_clean_split_is_explained(report):
    page = to_html({**report, "mended": {"error": "A clean split is not possible."}})
    assert "A clean split is not possible." in page
    assert "A clean split is not possible." in to_text(
        {**report, "mended": {"error": "A clean split is not possible."}}
    )


def test_missing_file_has_no_thumbnail(tmp_path):
    assert thumbnail_data_uri(tmp_path / "gone.png") == ""


def test_sizes_before_and_after(report):
    rows = {row["split"]: row for row in size_changes(report)}
    assert list(rows) == ["train", "val", "test", "all"]
    whole = report["sizes"][-1]
    assert rows["all"]["files"] == (whole["files"], report["mended"]["sizes"][-1]["files"])
    assert rows["val"]["groups"][0] is None
    assert (
        sum(rows[split]["files"][1] for split in ("train", "val", "test"))
        == report["mended"]["sizes"][-1]["files"]
    )
    after = report["mended"]["sizes"][-1]["files"]
    assert f'{whole["files"]} <span class="after">→ <b>{after}</b></span>' in to_html(report)


def test_unsplit_dataset_is_compared_as_a_whole(report):
    unsplit = [{**report["sizes"][-1], "split": ""}]
    rows = {row["split"]: row for row in size_changes({**report, "sizes": unsplit})}
    assert rows["all"]["files"][0] == unsplit[0]["files"]
    assert rows["train"]["files"][0] is None
    assert size_changes({**report, "mended": {"error": "no"}}) == []
