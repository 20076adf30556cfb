"""Evaluation, label errors and the image cache continue after a bad file or file name."""

import json
import os
import re
import shutil

import pytest

from fracture_core.cli.main import main
from fracture_core.datasets.cases import Case
from fracture_core.evaluation import predictions
from fracture_core.imaging import InputSpec
from fracture_core.imaging import read_radiograph as read
from fracture_core.inference import image_cache
from fracture_core.inference.evaluate import evaluate_model
from fracture_core.label_errors.find_label_errors import find_label_errors

_ERROR = re.compile(r"This file could not be read \(internal error, reference [0-9A-F]{6}\)\.")
_NAME, _ESCAPED = os.fsdecode(b"R\xf6ntgen_1.png"), r"R\xf6ntgen_1.png"
_BAD = "synthetic_02.png"


@pytest.fixture
def faulty_reader(monkeypatch):
    """Let the reader raise ValueError for one image."""

    def read_or_fail(path):
        if path.name == _BAD:
            raise ValueError("Doe^Jane")
        return read(path)

    monkeypatch.setattr(image_cache, "read_radiograph", read_or_fail)


@pytest.mark.usefixtures("faulty_reader")
def test_cache_reports_the_error_on_every_use(phantoms, tmp_path):
    cases = [Case(path.name, path, 0) for path in sorted((phantoms / "not fractured").iterdir())[:4]]
    for _ in range(2):
        decoded = image_cache.decode_images(cases, InputSpec(64, 64), tmp_path)
        assert decoded.readable.tolist() == [True, False, True, True]
        assert list(decoded.errors) == [1]
        assert _ERROR.fullmatch(decoded.errors[1])


@pytest.mark.usefixtures("faulty_reader")
def test_evaluation_and_label_errors_name_the_file(store, phantoms, tmp_path):
    evaluation = evaluate_model(store, "tiny", phantoms, "all")
    assert len(evaluation.cases) == 55
    (warning,) = (warning for warning in evaluation.warnings if "could not be read" in warning)
    assert warning.startswith(f"1 file could not be read and is left out. not fractured/{_BAD}: This file")
    issues = find_label_errors(store, "tiny", phantoms, "auto", tmp_path / "cache", lambda *step: None)
    assert (issues.films, issues.unreadable) == (55, 1)
    ((name, error),) = issues.unreadable_films
    assert name == f"not fractured/{_BAD}"
    assert _ERROR.fullmatch(error)
    assert type(issues).from_json(json.loads(json.dumps(issues.to_json()))) == issues


def test_commands_accept_a_file_name_that_is_not_utf_8(store, phantoms, tmp_path, capsys):
    root = shutil.copytree(phantoms, tmp_path / "films")
    (root / "not fractured" / "synthetic_00.png").rename(root / "not fractured" / _NAME)
    shutil.copy(root / "not fractured" / _NAME, root / "fractured" / f"copy_{_NAME}")
    out = tmp_path / "out"
    assert main(["evaluate", "--data", str(root), "--split", "all", "--out", str(out)]) == 0
    table = predictions.read_predictions(out / "predictions.csv")
    assert f"not fractured/{_ESCAPED}" in set(table["path"])
    for name in ("metrics.json", "slices.csv", "report.html"):
        (out / name).read_text("utf-8")
    assert main(["data", "suspects", str(root), "--out", str(tmp_path / "list.csv")]) == 0
    assert f"fractured/copy_{_ESCAPED}" in (tmp_path / "list.csv").read_text("utf-8-sig")
    page, manifest = tmp_path / "page.html", tmp_path / "manifest.csv"
    assert main(["audit", str(root), "--html", str(page), "--write-manifest", str(manifest)]) == 0
    assert _ESCAPED in page.read_text("utf-8")
    manifest.read_text("utf-8")
    assert main(["audit", str(root), "--format", "json"]) == 0
    output = capsys.readouterr()
    (output.out + output.err).encode()
