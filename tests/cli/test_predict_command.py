"""The command `predict`."""

import csv
import json
from pathlib import Path

import cv2
import pytest
from patient_data import add_patient, change_elements
from pydicom import dcmread
from pypdf import PdfReader

from fracture_core.cli.predict import PREDICT_FIELDS
from fracture_core.inference.predictor import Predictor

SAMPLES = Path(__file__).parents[2] / "assets/samples"

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def damaged_file(tmp_path):
    """A PNG file that ends after its signature."""
    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return path


def test_fields_of_a_row():
    names = "path probability verdict model model_sha256 gate regions region_probabilities peak seconds error findings"
    assert " ".join(PREDICT_FIELDS) == names


def test_json_has_one_object_per_line(run_command, wide_film, store):
    result = run_command("predict", wide_film, "--format", "json")
    assert result.status == 0
    (line,) = result.lines
    row = json.loads(line)
    assert tuple(row) == PREDICT_FIELDS
    opinion = Predictor(store).predict(wide_film)
    assert row["path"] == str(wide_film)
    assert row["probability"] == pytest.approx(opinion.probability, abs=1e-5)
    assert row["verdict"] == opinion.verdict.value
    assert (row["model"], row["model_sha256"]) == ("tiny", store.card("tiny").weights.sha256)
    gate = {"state": opinion.gate.state.value, "reasons": list(opinion.gate.reasons), "refusal": None}
    assert row["gate"] == gate
    assert row["regions"] == []
    peak = opinion.heat.peak()
    assert row["peak"] == (list(peak) if peak else None)
    assert row["seconds"] > 0
    assert row["error"] is None


def test_findings_are_boxes_in_pixels_of_the_file(run_command, shipped_models, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(shipped_models))
    (line,) = run_command("predict", SAMPLES / "synthetic_leg_fracture.dcm", "--format", "json").lines
    row = json.loads(line)
    (finding,) = row["findings"]
    left, top, right, bottom = finding["box"]
    x, y = row["peak"]
    assert left <= x < right
    assert top <= y < bottom
    assert finding["grade"] in {"definite", "possible"}
    assert 0 < finding["confidence"] < 1
    _, cells = csv.reader(
        run_command("predict", SAMPLES / "synthetic_leg_fracture.dcm", "--format", "csv").lines
    )
    assert cells[-1] == f"{finding['grade']} {finding['confidence']} {left} {top} {right} {bottom}"
    (line,) = run_command("predict", SAMPLES / "synthetic_leg_normal.png", "--format", "json").lines
    assert json.loads(line)["findings"] == []


def test_an_unreliable_model_gives_a_warning_on_standard_error(run_command, wide_film, edit_card):
    edit_card(test=None)
    result = run_command("predict", wide_film, "--format", "json", "--no-heatmap")
    assert result.status == 0
    assert len(result.lines) == 1
    assert "The model tiny has no test record: do not rely on its verdicts." in result.err


def test_a_bad_file_does_not_stop_the_others(run_command, wide_film, damaged_file, tmp_path):
    result = run_command("predict", damaged_file, tmp_path / "gone.png", wide_film, "--format", "json")
    assert result.status == 1
    rows = [json.loads(line) for line in result.lines]
    assert [row["path"] for row in rows] == [str(damaged_file), str(tmp_path / "gone.png"), str(wide_film)]
    assert [row["error"] is None for row in rows] == [False, False, True]
    assert [row["probability"] is None for row in rows] == [True, True, False]
    assert "There is no file at" in rows[1]["error"]
    assert rows[0]["gate"] is None


def test_a_rejected_photograph_is_not_an_error(run_command, photo):
    result = run_command("predict", photo, "--format", "json")
    row = json.loads(result.out)
    assert result.status == 0
    assert (row["probability"], row["verdict"], row["peak"], row["error"]) == (None,) * 4
    assert row["gate"]["state"] == "refuse"
    assert row["gate"]["reasons"]


def test_folder_is_searched_for_images(run_command, phantoms):
    result = run_command("predict", phantoms / "fractured", "--format", "json", "--no-heatmap")
    names = [json.loads(line)["path"] for line in result.lines]
    assert names == [str(path) for path in sorted((phantoms / "fractured").iterdir())]


def test_a_folder_without_images(run_command, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run_command("predict", empty, "--format", "json")
    assert result.status == 1
    assert "is a folder" in json.loads(result.out)["error"]


def test_csv_has_one_row_per_image(run_command, wide_film, photo, damaged_file):
    result = run_command("predict", wide_film, photo, damaged_file, "--format", "csv")
    assert result.status == 1
    header, film, refused, bad = csv.reader(result.lines)
    assert tuple(header) == PREDICT_FIELDS
    row = dict(zip(header, film, strict=True))
    assert 0 < float(row["probability"]) < 1
    assert row["error"] == ""
    assert dict(zip(header, refused, strict=True))["gate"].startswith("refuse: ")
    assert dict(zip(header, refused, strict=True))["probability"] == ""
    assert dict(zip(header, bad, strict=True))["error"]


def test_table_has_one_line_per_image(run_command, wide_film, photo, damaged_file):
    result = run_command("predict", wide_film, photo, damaged_file)
    assert result.status == 1
    (film,) = [line for line in result.lines if str(wide_film) in line]
    assert "%" in film
    assert any(arguments in film for arguments in ("fracture suspected", "uncertain", "no fracture seen"))
    (refused,) = [line for line in result.lines if str(photo) in line]
    assert "not a radiograph, no verdict" in refused
    assert "%" not in refused
    assert any(line.startswith("        refuse: ") and "coloured" in line for line in result.lines)


def test_heatmaps_are_written(run_command, wide_film, photo, tmp_path):
    folder = tmp_path / "maps" / "deep"
    assert run_command("predict", wide_film, photo, "--heatmaps", folder).status == 0
    (path,) = folder.iterdir()
    assert path.name == "wide.heatmap.png"
    assert cv2.imread(str(path)).shape == (210, 330, 3)


def test_images_with_the_same_name_do_not_overwrite_each_other(run_command, wide_film, phantoms, tmp_path):
    paths = [tmp_path / name / "1.png" for name in ("a", "b")]
    for path, source in zip(paths, (wide_film, next(phantoms.rglob("*.png"))), strict=True):
        path.parent.mkdir()
        path.write_bytes(source.read_bytes())
    folder = tmp_path / "maps"
    run_command("predict", *paths, "--heatmaps", folder)
    shapes = {path.name: cv2.imread(str(path)).shape[:2] for path in folder.iterdir()}
    assert shapes == {"1.heatmap.png": (210, 330), "1-2.heatmap.png": (96, 80)}


def test_an_impossible_folder_for_heatmaps(run_command, wide_film):
    result = run_command("predict", wide_film, "--heatmaps", wide_film)
    assert result.status == 1
    assert "Cannot create the folder for heatmaps" in result.err
    assert result.out == ""


def test_without_a_heatmap_there_is_no_peak(run_command, wide_film, monkeypatch):
    has_heatmap = []
    predict = Predictor.predict

    def spy(self, source, heatmap=True):
        opinion = predict(self, source, heatmap)
        has_heatmap.append(opinion.heat is not None)
        return opinion

    monkeypatch.setattr(Predictor, "predict", spy)
    run_command("predict", wide_film)
    result = run_command("predict", wide_film, "--format", "json", "--no-heatmap")
    row = json.loads(result.out)
    assert has_heatmap == [True, False]
    assert result.status == 0
    assert row["peak"] is None
    assert row["probability"] is not None


def test_an_unknown_model(run_command, wide_film):
    result = run_command("predict", wide_film, "--model", "gone")
    assert result.status == 1
    assert result.out == ""
    assert "Expected one of the models here (tiny), but got 'gone'" in result.err


def test_a_computer_without_models(run_command, wide_film, tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(tmp_path / "nowhere"))
    result = run_command("predict", wide_film)
    assert (result.status, result.out) == (1, "")
    assert f"There is no model in {tmp_path / 'nowhere'}: train one or load weights" in result.err


def test_the_table_names_the_finding_of_the_model(run_command, wide_film, store, edit_card):
    data = store.card("tiny").to_json()["data"]
    targets = {"sensitivity_target": 0.95, "specificity_target": 0.95}
    edit_card(
        data={**data, "finding": "abnormality"},
        thresholds={**targets, "low": 0.0, "balanced": 0.0, "high": 0.0},
    )
    assert "abnormality suspected" in run_command("predict", wide_film).out
    edit_card(thresholds={**targets, "low": 1.0, "balanced": 1.0, "high": 1.0})
    assert "no abnormality seen" in run_command("predict", wide_film).out


def test_regions_in_both_formats(run_command, shipped_models, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(shipped_models))
    film = Path(__file__).parents[2] / "assets/samples/synthetic_hand_normal.png"
    row = json.loads(run_command("predict", film, "--format", "json").lines[0])
    assert row["regions"][0] == "hand"
    assert set(row["region_probabilities"]) == set(row["regions"])
    header, line = csv.reader(run_command("predict", film, "--format", "csv").lines)
    flat = dict(zip(header, line, strict=True))
    assert flat["regions"].split() == row["regions"]
    assert [float(chance) for chance in flat["region_probabilities"].split()] == pytest.approx(
        list(row["region_probabilities"].values()), abs=2e-4
    )


@pytest.fixture
def dicom_file(tmp_path):
    """A synthetic image; its header and its file name contain the name of an invented person."""
    path = tmp_path / "doe_jane.dcm"
    path.write_bytes(add_patient((SAMPLES / "synthetic_leg_fracture.dcm").read_bytes()))
    return path


def test_reports_and_dicom_results_contain_no_file_name_by_default(
    run_command, wide_film, photo, dicom_file, tmp_path
):
    before = dicom_file.read_bytes()
    reports, results = tmp_path / "reports", tmp_path / "results"
    result = run_command("predict", wide_film, photo, dicom_file, "--pdf", reports, "--dicom", results)
    assert result.status == 0, result.err
    assert sorted(path.name for path in reports.iterdir()) == ["film-1.pdf", "film-2.pdf", "film-3.pdf"]
    assert sorted(path.name for path in results.iterdir()) == [
        "film-3.secondary-capture.dcm",
        "film-3.structured-report.dcm",
    ]
    assert all(len(PdfReader(path).pages) == 1 for path in reports.iterdir())
    assert "Jane" not in PdfReader(reports / "film-3.pdf").pages[0].extract_text()
    original = dcmread(dicom_file)
    assert {dcmread(path).StudyInstanceUID for path in results.iterdir()} == {original.StudyInstanceUID}
    assert dicom_file.read_bytes() == before


def test_file_names_are_kept_on_request(run_command, dicom_file, tmp_path):
    reports = tmp_path / "reports"
    copy = tmp_path / "copy" / dicom_file.name
    copy.parent.mkdir()
    copy.write_bytes(dicom_file.read_bytes())
    assert run_command("predict", dicom_file, copy, "--pdf", reports, "--keep-names").status == 0
    assert sorted(path.name for path in reports.iterdir()) == ["doe_jane-2.pdf", "doe_jane.pdf"]
    assert "doe_jane.dcm" in PdfReader(reports / "doe_jane.pdf").pages[0].extract_text()


def test_an_image_without_a_study_gets_a_prediction_and_an_error(run_command, dicom_file, tmp_path):
    dicom_file.write_bytes(change_elements(dicom_file.read_bytes(), StudyInstanceUID=None))
    result = run_command("predict", dicom_file, "--dicom", tmp_path / "results", "--format", "json")
    row = json.loads(result.out)
    assert result.status == 1
    assert row["probability"] is not None
    assert "StudyInstanceUID is missing or invalid" in row["error"]


@pytest.mark.parametrize(("option", "content"), [("--pdf", "reports"), ("--dicom", "DICOM results")])
def test_impossible_output_folders(run_command, wide_film, option, content):
    result = run_command("predict", wide_film, option, wide_film)
    assert result.status == 1
    assert f"Cannot create the folder for {content}" in result.err


def test_csv_cells_are_not_formulas(run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_command("predict", "=cmd|calc.png", "--format", "csv")
    header, line = csv.reader(result.lines)
    assert dict(zip(header, line, strict=True))["path"] == "'=cmd|calc.png"


@pytest.fixture
def chest_file(tmp_path):
    """A synthetic image whose header names the chest as body part."""
    path = tmp_path / "chest.dcm"
    path.write_bytes(
        change_elements((SAMPLES / "synthetic_leg_fracture.dcm").read_bytes(), BodyPartExamined="CHEST")
    )
    return path


def test_no_verdict_out_of_scope(run_command, chest_file):
    result = run_command("predict", chest_file, "--format", "json")
    row = json.loads(result.out)
    assert result.status == 0
    assert (row["verdict"], row["probability"], row["error"]) == (None, None, None)
    assert row["gate"]["reasons"][0].startswith("Out of scope: ")
    result = run_command("predict", chest_file)
    assert "out of scope, no verdict" in result.out
    assert "%" not in result.out


def test_answer_out_of_scope_on_request_carries_a_warning(run_command, chest_file, tmp_path):
    maps = tmp_path / "maps"
    result = run_command("predict", chest_file, "--ignore-scope", "--format", "json", "--heatmaps", maps)
    row = json.loads(result.out)
    assert result.status == 0
    assert 0 <= row["probability"] <= 1
    assert row["gate"]["state"] == "warn"
    assert row["gate"]["reasons"][0].startswith("Out of scope: ")
    assert "(out of scope)" in run_command("predict", chest_file, "--ignore-scope").out
    # The overlay has a band with the warning below the image.
    (picture,) = maps.iterdir()
    assert cv2.imread(str(picture)).shape[0] > dcmread(chest_file).Rows


def test_ignored_scope_changes_nothing_in_scope(run_command, wide_film):
    rows = [
        json.loads(run_command("predict", wide_film, "--format", "json", *options).out)
        for options in ((), ("--ignore-scope",))
    ]
    assert rows[0]["probability"] == rows[1]["probability"]
    assert rows[0]["gate"] == rows[1]["gate"]


def test_an_unexpected_exception_does_not_stop_the_other_files(
    run_command, wide_film, damaged_file, monkeypatch
):
    predict = Predictor.predict

    def faulty(self, source, heatmap=True):
        if source == damaged_file:
            raise ZeroDivisionError("Doe^Jane")
        return predict(self, source, heatmap)

    monkeypatch.setattr(Predictor, "predict", faulty)
    result = run_command("predict", damaged_file, wide_film, "--format", "json")
    bad, good = (json.loads(line) for line in result.lines)
    assert result.status == 1
    assert bad["error"].startswith("This file could not be read (internal error, reference ")
    assert good["error"] is None
    assert "Doe" not in result.out + result.err
