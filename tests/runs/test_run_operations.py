"""Runs are cloned, renamed and deleted as a whole, and never while they are being trained."""

import shutil

import pytest

from fracture_core.errors import ModelError, TrainingError
from fracture_core.registry.card import ModelCard
from fracture_core.runs import process, queue, run_operations
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run

CONFIG = TrainingConfig("/films", "four_block", epochs=7, head_epochs=3)


@pytest.fixture
def root(tmp_path):
    Run.create(tmp_path, "one", CONFIG)
    return tmp_path


def names(root) -> list[str]:
    return sorted(run.name for run in Run.all(root))


def test_clone(root):
    (root / "one" / "progress.jsonl").write_text('{"kind": "epoch", "epoch": 1}\n')
    run = run_operations.clone_run(root, "one", "two", seed=3, epochs=9)
    assert (run.config().seed, run.config().epochs, run.config().architecture) == (3, 9, "four_block")
    assert Run(root / "one").config() == CONFIG
    assert run.epochs() == []
    assert run_operations.clone_run(root, "one", "short", epochs=2).config().head_epochs == 2
    with pytest.raises(TrainingError, match="Maximum epochs must be from 1"):
        run_operations.clone_run(root, "one", "three", epochs=0)
    with pytest.raises(ModelError, match="multiple of 32"):
        run_operations.clone_run(root, "one", "three", size=100)
    with pytest.raises(TrainingError, match="A run named two already exists"):
        run_operations.clone_run(root, "one", "two")
    with pytest.raises(TrainingError, match="no run named gone"):
        run_operations.clone_run(root, "gone", "three")
    assert names(root) == ["one", "short", "two"]


def test_rename(root):
    with queue.locked_queue(root) as waiting:
        waiting += [queue.WaitingRun("zero"), queue.WaitingRun("one", finish_only=True)]
    assert run_operations.rename_run(root, "one", "better").config() == CONFIG
    assert names(root) == ["better"]
    assert queue.waiting_runs(root)[1] == queue.WaitingRun("better", finish_only=True)
    Run.create(root, "other", CONFIG)
    with pytest.raises(TrainingError, match="A run named other already exists"):
        run_operations.rename_run(root, "better", "other")
    with pytest.raises(TrainingError, match="not a valid run name"):
        run_operations.rename_run(root, "better", "../up")
    with pytest.raises(TrainingError, match="no run named gone"):
        run_operations.rename_run(root, "gone", "there")


def test_rename_finished_run_renames_its_model(trained, tmp_path):
    shutil.copytree(trained.folder, tmp_path / "tiny")
    run = run_operations.rename_run(tmp_path, "tiny", "better")
    assert ModelCard.load(run.result / "card.json").id == "better"
    assert "`better`" in (run.result / "README.md").read_text("utf-8")
    assert run.state().status == "finished"


def test_delete(root):
    Run.create(root, "two", CONFIG)
    with queue.locked_queue(root) as waiting:
        waiting += [queue.WaitingRun("one"), queue.WaitingRun("two")]
    run_operations.delete_run(root, "one")
    assert names(root) == ["two"]
    assert [entry.name for entry in queue.waiting_runs(root)] == ["two"]
    assert not list(root.glob("*one*"))
    with pytest.raises(TrainingError, match="no run named one"):
        run_operations.delete_run(root, "one")


@pytest.mark.parametrize("name", ["reviews", ".cache", "", "..", "two/../.."])
def test_delete_refuses_folders_that_are_no_runs(root, name):
    for other in ("reviews", ".cache"):
        (root / other).mkdir()
        (root / other / "images").touch()
    with pytest.raises(TrainingError, match="There is no run named"):
        run_operations.delete_run(root, name)
    assert (root / "reviews" / "images").exists()


def test_active_run_is_neither_renamed_nor_deleted(root):
    Run(root / "one").set_state("running")
    for change in (
        lambda: run_operations.rename_run(root, "one", "two"),
        lambda: run_operations.delete_run(root, "one"),
    ):
        with pytest.raises(TrainingError, match=r"one is being trained\. Stop it first"):
            change()
    assert run_operations.clone_run(root, "one", "copy").name == "copy"


def test_interrupted_deletion_leaves_no_listed_run(root, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_given, **_more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(run_operations.shutil, "rmtree", killed)
        with pytest.raises(Killed):
            run_operations.delete_run(root, "one")
    assert names(root) == []
    Run.create(root, "two", CONFIG)
    run_operations.delete_run(root, "two")
    assert not list(root.glob(".deleted-*"))


def test_run_without_settings_is_listed_and_can_be_deleted(root):
    run = Run(root / "one")
    run.set_state("stopped", "Stopped.")
    (run.folder / "config.json").unlink()
    assert names(root) == ["one"]
    assert not run.is_complete
    with pytest.raises(TrainingError, match="cannot be read"):
        run.config()
    with pytest.raises(TrainingError, match=r"config\.json is missing. Delete the run"):
        process.start_run(run)
    run_operations.delete_run(root, "one")
    assert names(root) == []
