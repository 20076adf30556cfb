"""Tests of the cross-validation benchmark: finished folds are kept, interrupted folds are resumed."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import cross_validation
from fracture_core import paths
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training.out_of_fold import TABLE

_ROW = "{name},{fold},g{name},hand,0,{label},{logit},0.5,0.5,1.0,{inside}\n"
_COLUMNS = "id,fold,group,regions,hardware,label,logit,peak_x,peak_y,peak_evidence,peak_in_box\n"


@pytest.fixture
def fake_trainings(monkeypatch, tmp_path):
    """Replace the training command: each fold finishes at once, except those in the set `failing`."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path))
    commands, failing = [], set()

    def train(command, check):
        commands.append(command)
        folder, name = Path(command[command.index("--runs") + 1]), command[command.index("--run") + 1]
        fold = int(name.removeprefix("fold-"))
        if "--resume" not in command:
            Run.create(
                folder, name, TrainingConfig("/images", "four_block", schedule="cosine", folds=2, fold=fold)
            )
        run = Run.open(folder, name)
        if fold in failing:
            run.set_state("stopped")
            return subprocess.CompletedProcess(command, 1)
        run.result.mkdir()
        rows = [
            _ROW.format(
                name=f"{fold}{row}", fold=fold, label=row % 2, logit=row, inside="" if row % 2 == 0 else 1
            )
            for row in range(6)
        ]
        (run.result / TABLE).write_text(_COLUMNS + "".join(rows))
        run.set_state("finished")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(cross_validation.subprocess, "run", train)
    return commands, failing


def _start(monkeypatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cross_validation", "two", *options])
    return cross_validation.main()


def _folds(commands) -> list[tuple[str, bool]]:
    return [(command[command.index("--run") + 1], "--resume" in command) for command in commands]


def test_all_folds_are_trained_with_the_options(fake_trainings, monkeypatch, capsys):
    commands, _ = fake_trainings
    assert _start(monkeypatch, "--folds", "2", "--", "--data", "DIR") == 0
    assert _folds(commands) == [("fold-1", False), ("fold-2", False)]
    assert all(command[-2:] == ["--data", "DIR"] for command in commands)
    lines = (paths.runs_dir() / "cross_validation" / "two" / TABLE).read_text().splitlines()
    assert len(lines) == 1 + 12
    assert "2 folds, 12 images: out-of-fold AUC" in capsys.readouterr().out


def test_interrupted_fold_is_resumed(fake_trainings, monkeypatch):
    commands, failing = fake_trainings
    failing.add(2)
    assert _start(monkeypatch, "--folds", "2", "--", "--data", "DIR") == 1
    failing.clear()
    assert _start(monkeypatch) == 0
    assert _folds(commands) == [("fold-1", False), ("fold-2", False), ("fold-2", True)]


def test_other_options_are_rejected(fake_trainings, monkeypatch):
    _start(monkeypatch, "--folds", "2", "--", "--data", "DIR")
    with pytest.raises(SystemExit, match="was started with other options"):
        _start(monkeypatch, "--folds", "2", "--", "--data", "OTHER")
