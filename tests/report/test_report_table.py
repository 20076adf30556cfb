"""JSON and CSV tables of opinions."""

import csv
import io
import json

from patient_data import IDENTIFYING_TEXTS

from fracture_core.report import display_names, table


def _rows(opinion, rejected):
    return [
        table.opinion_row("Film 1", opinion),
        table.opinion_row("Film 2", rejected),
        table.opinion_row("=cmd|' /C calc'!A0", None, "+The file is empty."),
    ]


def test_json_values_are_those_of_the_opinion(opinion, rejected_opinion):
    first, second, third = json.loads(table.rows_to_json(_rows(opinion, rejected_opinion)))
    assert tuple(first) == tuple(second) == tuple(third) == table.TABLE_FIELDS
    assert first == {"name": "Film 1", "error": None, **json.loads(json.dumps(opinion.to_json()))}
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
