"""Tests of the text report and the HTML report."""

import json
import re

import pytest

from fracture_core.audit.html_report import size_changes, to_html
from fracture_core.audit.split_comparison import compare_with_clean_split
from fracture_core.audit.text_report import to_text
from fracture_core.imaging.thumbnail import thumbnail_data_uri


@pytest.fixture(scope="module")
def audit_report(faulty_audit):
    """The JSON of `faulty_audit` with the comparison of splits, read back."""
    payload = faulty_audit.to_json()
    payload["mended"] = compare_with_clean_split(faulty_audit)[1]
    return json.loads(json.dumps(payload))


def test_text_contains_every_sentence_in_narrow_lines(audit_report):
    text = to_text(audit_report)
    flat = " ".join(text.split())
    for finding in audit_report["findings"]:
        assert finding["sentence"] in flat
    assert audit_report["verdict"] in flat
    assert audit_report["mended"]["sentence"] in flat
    assert max(map(len, text.splitlines()[1:])) <= 100


def test_html_page_is_self_contained(audit_report):
    page = to_html(audit_report)
    assert page.startswith("<!doctype html>")
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert page.count("data:image/jpeg;base64,") >= 8
    for finding in audit_report["findings"]:
        assert finding["sentence"] in page
    assert "Images with both labels (1)" in page
    assert "Images in more than one split (3)" in page


def test_file_names_are_escaped_in_the_page(audit_report):
    report_with_script = {**audit_report, "unreadable": {"<script>alert(1)</script>.png": "why & how"}}
    page = to_html(report_with_script)
    assert "<script>" not in page
    assert "why &amp; how" in page


def test_missing_clean_split_is_explained(audit_report):
    page = to_html({**audit_report, "mended": {"error": "A clean split is not possible."}})
    assert "A clean split is not possible." in page
    assert "A clean split is not possible." in to_text(
        {**audit_report, "mended": {"error": "A clean split is not possible."}}
    )


def test_missing_file_has_no_thumbnail(tmp_path):
    assert thumbnail_data_uri(tmp_path / "gone.png") == ""


def test_sizes_before_and_after(audit_report):
    rows = {row["split"]: row for row in size_changes(audit_report)}
    assert list(rows) == ["train", "val", "test", "all"]
    whole = audit_report["sizes"][-1]
    assert rows["all"]["files"] == (whole["files"], audit_report["mended"]["sizes"][-1]["files"])
    assert rows["val"]["groups"][0] is None
    assert (
        sum(rows[split]["files"][1] for split in ("train", "val", "test"))
        == audit_report["mended"]["sizes"][-1]["files"]
    )
    after = audit_report["mended"]["sizes"][-1]["files"]
    assert f'{whole["files"]} <span class="after">→ <b>{after}</b></span>' in to_html(audit_report)


def test_unsplit_dataset_is_compared_as_a_whole(audit_report):
    unsplit = [{**audit_report["sizes"][-1], "split": ""}]
    rows = {row["split"]: row for row in size_changes({**audit_report, "sizes": unsplit})}
    assert rows["all"]["files"][0] == unsplit[0]["files"]
    assert rows["train"]["files"][0] is None
    assert size_changes({**audit_report, "mended": {"error": "no"}}) == []
