"""Training with products rounded to bfloat16: the epochs only."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fracture_core.errors import TrainingError
from fracture_core.registry.card import ModelCard
from fracture_core.runs import precision
from fracture_core.runs.run import Run

ROOT = Path(__file__).resolve().parents[2]

# Says which setting the parts of a training are computed with, in the process of the command.
_TOLD = """
import os, sys
from fracture_core.training import finish, loop, work
def told(name, do):
    def call(*given, **named):
        print(name, os.environ.get("TF_SET_ONEDNN_FPMATH_MODE"), os.getpid(), file=sys.stderr)
        return do(*given, **named)
    return call
loop.fit = told("epochs", loop.fit)
work.finish = told("finish", work.finish)
"""


def test_the_epochs_are_rounded_and_what_follows_is_not(tmp_path, tiny_config):
    # Python reads it before the program begins, and again where the process goes on as another.
    (tmp_path / "sitecustomize.py").write_text(_TOLD)
    run = Run.create(tmp_path / "runs", "rounded", replace(tiny_config, precision="bfloat16"))
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "fracture_core",
            "train",
            "--resume",
            "--run",
            run.name,
            "--runs",
            tmp_path / "runs",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, told = process.communicate()
    assert process.returncode == 0, told
    assert f"epochs BF16 {process.pid}\n" in told
    assert f"finish None {process.pid}\n" in told
    assert told.count("epochs BF16") == 1
    assert json.loads(out)["run"] == "rounded"
    assert run.state().status == "finished"
    card = ModelCard.load(run.result / "card.json")
    assert card.training["precision"] == "bfloat16"
    assert "--precision bfloat16" in card.command


def test_settings_of_the_system(monkeypatch):
    setting = "TF_SET_ONEDNN_FPMATH_MODE"
    monkeypatch.delenv(setting, raising=False)
    assert not precision.set_precision("float32")
    assert setting not in precision.os.environ
    assert precision.set_precision("bfloat16")
    assert precision.os.environ[setting] == "BF16"
    # A process that goes on from a rounded one inherits nothing.
    precision.set_precision("float32")
    assert setting not in precision.os.environ


def test_a_system_where_a_process_cannot_go_on_as_another_trains_in_float32(monkeypatch):
    system = SimpleNamespace(name="nt", environ={})
    monkeypatch.setattr(precision, "os", system)
    assert not precision.set_precision("bfloat16")
    assert system.environ == {}


def test_an_unknown_precision(tiny_config):
    with pytest.raises(TrainingError, match="a precision out of float32, bfloat16, but got 'int8'"):
        replace(tiny_config, precision="int8")
