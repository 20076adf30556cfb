"""Opinions of readers on verdicts about their own images."""

import csv
import io
import json

import pytest

from fracture_core.errors import DataError
from fracture_core.review.verdict_opinions import VerdictOpinions, count_opinions, opinions_to_csv


def _add(opinions, content=b"a", mark="agree", verdict="uncertain", weights="w"):
    opinions.add(content, weights, verdict, 0.25, "hand", mark)


def test_latest_opinion_on_an_image_counts(tmp_path):
    opinions = VerdictOpinions.for_model(tmp_path / "runs", "m")
    assert opinions.all() == []
    _add(opinions, b"a", "agree")
    _add(opinions, b"b", "disagree", "fracture suspected")
    _add(opinions, b"a", "unsure")
    _add(opinions, b"a", "agree", weights="other")
    assert [(opinion.verdict, opinion.mark) for opinion in opinions.all()] == [
        ("fracture suspected", "disagree"),
        ("uncertain", "unsure"),
        ("uncertain", "agree"),
    ]
    _add(opinions, b"b", "", "fracture suspected")
    assert count_opinions(opinions.all()) == {"uncertain": {"agree": 1, "disagree": 0, "unsure": 1}}


def test_file_contains_neither_image_nor_name(tmp_path):
    opinions = VerdictOpinions(tmp_path / "opinions.jsonl")
    _add(opinions, b"Doe^Jane pixels")
    (line,) = (tmp_path / "opinions.jsonl").read_text().splitlines()
    assert "Doe" not in line
    assert set(json.loads(line)) == {
        "time",
        "image",
        "weights",
        "verdict",
        "probability",
        "region",
        "mark",
    }


@pytest.mark.parametrize(
    "damage", [b'{"time": "2', b"\xff\xfe\n", b"[1]\n", b'{"mark": "agree"}\n', b"[" * 9999]
)
def test_damaged_lines_are_left_out(tmp_path, damage):
    opinions = VerdictOpinions(tmp_path / "opinions.jsonl")
    _add(opinions, b"a")
    with (tmp_path / "opinions.jsonl").open("ab") as file:
        file.write(damage)
    _add(opinions, b"b")
    assert len(opinions.all()) == 2


def test_folder_that_cannot_be_written_gives_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="fix this and try again"):
        _add(VerdictOpinions(tmp_path / "file" / "opinions.jsonl"))


def test_csv_has_a_row_for_each_opinion(tmp_path):
    opinions = VerdictOpinions(tmp_path / "opinions.jsonl")
    _add(opinions, b"a", verdict="=1+1")
    (row,) = csv.DictReader(io.StringIO(opinions_to_csv(opinions.all()).decode("utf-8-sig")))
    assert (row["mark"], row["verdict"], row["probability"]) == ("agree", "'=1+1", "0.25")
