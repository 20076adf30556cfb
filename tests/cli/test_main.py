"""The entry point of the command line, and `data phantom`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fracture_core import __version__
from fracture_core.cli.progress import drawing_progress
from fracture_core.datasets.layouts import read_catalogue

ROOT = Path(__file__).resolve().parents[2]


def test_version_is_printed(capsys, run_command):
    with pytest.raises(SystemExit) as excinfo:
        run_command("--version")
    assert excinfo.value.code == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["predict"], ["models"], ["predict", "x.png", "--format", "xml"]]
)
def test_invalid_arguments_exit_with_2(run_command, arguments):
    with pytest.raises(SystemExit) as excinfo:
        run_command(*arguments)
    assert excinfo.value.code == 2


def test_an_interrupted_command_prints_one_word(run_command, monkeypatch, tmp_path):
    def stop(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("fracture_core.phantom.write_phantom_dataset", stop)
    result = run_command("data", "phantom", "--to", tmp_path)
    assert (result.status, result.out, result.err) == (1, "", "Stopped.\n")


def test_unexpected_exceptions_are_not_hidden(run_command, monkeypatch, tmp_path):
    def fail(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr("fracture_core.phantom.write_phantom_dataset", fail)
    with pytest.raises(ZeroDivisionError):
        run_command("data", "phantom", "--to", tmp_path)


def test_phantoms_are_written(run_command, tmp_path):
    result = run_command("data", "phantom", "--to", tmp_path / "films", "--count", 6, "--seed", 2)
    assert result.status == 0
    assert result.out.startswith("6 synthetic radiographs are in ")
    catalogue = read_catalogue(tmp_path / "films")
    assert catalogue.layout == "phantom"
    assert {(case.split, case.label) for case in catalogue.cases} == {
        (split, label) for split in ("train", "val", "test") for label in (0, 1)
    }


def test_phantoms_with_options(run_command, tmp_path):
    text = "--count 6 --format dicom --no-masks --size 64x50 --regions hip,hand --difficulty realistic"
    text += " --kind oblique --gap 2.5 --displacement 3 --angulation -4"
    arguments = text.split()
    result = run_command("data", "phantom", "--to", tmp_path / "films", *arguments)
    assert result.status == 0
    assert {path.suffix for path in (tmp_path / "films" / "test").rglob("*.*")} == {".dcm"}
    assert not (tmp_path / "films" / "masks").exists()
    settings = json.loads((tmp_path / "films" / "phantom.json").read_text())
    assert settings["regions"] == ["hip", "hand"]
    assert (settings["size"], settings["difficulty"]) == ([64, 50], "realistic")
    fracture = {name: value for name, value in settings["fracture"].items() if value is not None}
    assert fracture == {"kind": "oblique", "gap": 2.5, "displacement": 3.0, "angulation": -4.0}
    second_run = run_command("data", "phantom", "--to", tmp_path / "films", "--count", 6)
    assert second_run.status == 1
    assert "contains a synthetic dataset with other settings: its size is [64, 50]" in second_run.err


@pytest.mark.parametrize("size", ["512", "512x", "axb", "1x1"])
def test_invalid_image_sizes_are_refused(run_command, tmp_path, size):
    result = run_command("data", "phantom", "--to", tmp_path / "films", "--count", 6, "--size", size)
    assert (result.status, result.out) == (1, "")
    assert len(result.err.splitlines()) == 1
    assert not (tmp_path / "films").exists()


def test_too_few_phantoms_give_one_sentence(run_command, tmp_path):
    result = run_command("data", "phantom", "--to", tmp_path / "films", "--count", 2)
    assert (result.status, result.out) == (1, "")
    assert "but the count is 2" in result.err
    assert len(result.err.splitlines()) == 1


def test_progress_is_reported_every_fiftieth_image(capsys):
    for done in range(1, 121):
        drawing_progress("Drawing", done, 120)
    assert capsys.readouterr().err.splitlines() == [f"Drawing: {done} of 120" for done in (50, 100, 120)]


def test_run_as_a_program(store, tmp_path):
    """A sentence on standard error, exit status 1 and no traceback."""
    completed = subprocess.run(
        [sys.executable, "-m", "fracture_core", "models", "show", "gone"],
        cwd=ROOT,
        env={**os.environ, "SECOND_LOOK_MODELS": str(store.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr == "Expected one of the models here (tiny), but got 'gone': check the name.\n"
