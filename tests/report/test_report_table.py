"""JSON and CSV tables of opinions."""

import csv
import io
import json
from dataclasses import replace

from patient_data import IDENTIFYING_TEXTS

from fracture_core.imaging import QualityCheck, QualityState, Refusal
from fracture_core.report import display_names, table
from fracture_core.report.reader_opinion import ReaderOpinion
from fracture_core.review.verdict_opinions import ReaderMark
from fracture_core.vocabulary import Verdict


def _rows(opinion, rejected):
    return [
        table.opinion_row("Film 1", opinion),
        table.opinion_row("Film 2", rejected),
        table.opinion_row("=cmd|' /C calc'!A0", None, "+The file is empty."),
    ]


def test_json_values_are_those_of_the_opinion(opinion, rejected_opinion):
    first, second, third = json.loads(table.rows_to_json(_rows(opinion, rejected_opinion)))
    assert tuple(first) == tuple(second) == tuple(third) == table.TABLE_FIELDS
    image = {"kind": "image", "reader_opinion": None, "reader_comment": None}
    assert first == {"name": "Film 1", "error": None, **json.loads(json.dumps(opinion.to_json())), **image}
    assert second["verdict"] is None
    assert second["gate"]["reasons"] == list(rejected_opinion.gate.reasons)
    assert (third["error"], third["model"]) == ("+The file is empty.", None)


def test_csv_values_are_those_of_the_opinion(opinion, rejected_opinion):
    text = table.rows_to_csv(_rows(opinion, rejected_opinion))
    assert text.startswith("\ufeffname,probability,")
    first, second, third = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert float(first["probability"]) == round(opinion.probability, 6)
    assert first["verdict"] == opinion.verdict.value
    assert first["model_sha256"] == opinion.card.weights.sha256
    assert [int(number) for number in first["peak"].split()] == list(opinion.heat.peak())
    assert second["gate"] == f"refuse: {rejected_opinion.gate.reasons[0]}"
    assert third["name"] == "'=cmd|' /C calc'!A0"
    assert third["error"] == "'+The file is empty."


def test_row_of_the_study_has_the_verdict_of_its_most_suspicious_image(opinion, rejected_opinion):
    less = replace(opinion, probability=0.01, verdict=Verdict.NOT_SEEN)
    names = ["Film 1", "Film 2", "Film 3", "Film 4"]
    row = table.study_row(names, [less, rejected_opinion, opinion, None])
    assert tuple(row) == table.TABLE_FIELDS
    assert (row["name"], row["kind"]) == ("Study", "study")
    assert row["probability"] == round(opinion.probability, 6)
    assert row["verdict"] == opinion.verdict.value
    assert row["gate"]["reasons"] == [
        "Most suspicious of 4 images: Film 3.",
        "Not counted: 1 not a radiograph, 1 not readable.",
    ]
    assert table.study_row(["Film 1"], [opinion]) is None
    nothing = table.study_row(names[:2], [rejected_opinion, None])
    assert nothing["verdict"] is nothing["probability"] is None
    assert nothing["gate"]["state"] == "refuse"
    first = next(csv.DictReader(io.StringIO(table.rows_to_csv([row, nothing]).removeprefix("\ufeff"))))
    assert first["name"] == "Study"


def test_requested_answer_does_not_count_for_the_study(opinion):
    refused = replace(
        opinion, gate=QualityCheck(QualityState.WARN, ("Out of scope.",), True, Refusal.OUT_OF_SCOPE)
    )
    less = replace(opinion, probability=0.01, verdict=Verdict.NOT_SEEN)
    assert table.study_row(["Film 1", "Film 2"], [refused, less])["verdict"] == "no fracture seen"


def test_reader_is_in_the_row(opinion):
    row = table.opinion_row("Film 1", opinion, reader=ReaderOpinion(ReaderMark.DISAGREE, "=1+1"))
    assert (row["reader_opinion"], row["reader_comment"]) == ("disagree", "=1+1")
    assert "'=1+1" in table.rows_to_csv([row])


def test_no_cell_is_a_formula():
    for start in "=+-@\t\r\n":
        (cell,) = table.flatten_row(table.opinion_row(f"{start}1", None), ["name"])
        assert cell == f"'{start}1"


def test_tables_name_no_person(opinion, rejected_opinion):
    rows = _rows(opinion, rejected_opinion)
    assert not [
        part for part in IDENTIFYING_TEXTS if part in table.rows_to_json(rows) + table.rows_to_csv(rows)
    ]


def test_display_names_replace_file_names():
    assert display_names.display_name("doe_jane.dcm", 3, keep=False) == "Film 3"
    assert display_names.display_name("doe_jane.dcm", 3, keep=True) == "doe_jane.dcm"
    assert display_names.file_stem("Film 3") == "film-3"
    assert display_names.file_stem("../a b/Ünder: <x>.tiff") == "ünder-x"
    assert display_names.file_stem("...") == "film"
    assert len(display_names.file_stem("x" * 500)) <= 80
