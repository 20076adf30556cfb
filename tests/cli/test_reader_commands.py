"""Commands of an installation without TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from reader_installation import reader_environment

from fracture_core.installation import OPTIONAL_PACKAGES

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "assets" / "samples"


@pytest.fixture
def run_command(tmp_path, shipped_models):
    """Function that runs a command in such an installation."""

    def run(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "fracture_core", *map(str, arguments)],
            cwd=ROOT,
            env=reader_environment(tmp_path),
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize("options", [["--no-heatmap"], []], ids=["without heatmap", "with heatmap"])
def test_predict_gives_a_verdict(run_command, options):
    done = run_command("predict", SAMPLES / "synthetic_leg_fracture.dcm", "--format", "json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    row = json.loads(done.stdout)
    assert (row["verdict"], row["error"]) == ("fracture suspected", None)
    # Grad-CAM is part of the exported network of the shipped model.
    assert (row["peak"] is None) == bool(options)


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--data", "unused", "--architecture", "small_fcn"],
        ["speed", "small_fcn"],
        ["models", "average", "--name", "two", *["mobilenet_v2_map-fracatlas"] * 2],
    ],
    ids=lambda command: command[0],
)
def test_other_commands_name_what_is_missing(run_command, command):
    done = run_command(*command)
    assert done.returncode == 1
    assert "which is not installed here: run pip install -r requirements.txt." in done.stderr
    assert "Traceback" not in done.stderr


def test_lists_of_requirements_differ_by_these_packages():
    def names(file: str) -> set[str]:
        lines = (ROOT / file).read_text().splitlines()
        return {line.split("==")[0].replace("-", "_") for line in lines if "==" in line}

    left_out = names("requirements.txt") - names("requirements-reader.txt")
    assert left_out >= OPTIONAL_PACKAGES
    assert names("requirements-reader.txt") <= names("requirements.txt")
    assert not OPTIONAL_PACKAGES & names("requirements-reader.txt")
