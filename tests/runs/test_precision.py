"""bfloat16 products are used for the epochs only."""

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

# Reports the setting and the process in which each part of a training runs.
_REPORT_SETTING = """
import os, sys
from fracture_core.training import loop, run_training
def reported(name, function):
    def call(*args, **kwargs):
        print(name, os.environ.get("TF_SET_ONEDNN_FPMATH_MODE"), os.getpid(), file=sys.stderr)
        return function(*args, **kwargs)
    return call
loop.fit = reported("epochs", loop.fit)
run_training.finish_run = reported("finish", run_training.finish_run)
"""


def test_epochs_use_bfloat16_and_the_evaluation_float32(tmp_path, tiny_config):
    # Python imports it before the program, also after the process is replaced.
    (tmp_path / "sitecustomize.py").write_text(_REPORT_SETTING)
    config = replace(tiny_config, architecture="small_fcn", precision="bfloat16")
    run = Run.create(tmp_path / "runs", "rounded", config)
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
        out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert f"epochs BF16 {process.pid}\n" in errors
    assert f"finish None {process.pid}\n" in errors
    assert errors.count("epochs BF16") == 1
    assert json.loads(out)["run"] == "rounded"
    assert run.state().status == "finished"
    assert [line["epoch"] for line in run.epochs()] == [1, 2]
    card = ModelCard.load(run.result / "card.json")
    assert card.training["precision"] == "bfloat16"
    assert "--precision bfloat16" in card.command


def test_precision_is_set_in_the_environment(monkeypatch):
    setting = "TF_SET_ONEDNN_FPMATH_MODE"
    monkeypatch.delenv(setting, raising=False)
    assert not precision.set_precision("float32")
    assert setting not in precision.os.environ
    assert precision.set_precision("bfloat16")
    assert precision.os.environ[setting] == "BF16"
    # A process that replaces one with bfloat16 does not inherit it.
    precision.set_precision("float32")
    assert setting not in precision.os.environ


def test_float32_where_a_process_cannot_be_replaced(monkeypatch):
    system = SimpleNamespace(name="nt", environ={})
    monkeypatch.setattr(precision, "os", system)
    assert not precision.set_precision("bfloat16")
    assert system.environ == {}


def test_unknown_precision_is_refused(tiny_config):
    with pytest.raises(TrainingError, match="Arithmetic must be one of float32, bfloat16, but is 'int8'"):
        replace(tiny_config, precision="int8")
