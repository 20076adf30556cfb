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
def folder_with_run(tmp_path):
    """A folder with one run that was not started."""
    Run.create(tmp_path, "one", CONFIG)
    return tmp_path


def names(root) -> list[str]:
    return sorted(run.name for run in Run.all(root))


def test_clone_copies_the_settings(folder_with_run):
    (folder_with_run / "one" / "progress.jsonl").write_text('{"kind": "epoch", "epoch": 1}\n')
    run = run_operations.clone_run(folder_with_run, "one", "two", seed=3, epochs=9)
    assert (run.config().seed, run.config().epochs, run.config().architecture) == (3, 9, "four_block")
    assert Run(folder_with_run / "one").config() == CONFIG
    assert run.epochs() == []
    assert run_operations.clone_run(folder_with_run, "one", "short", epochs=2).config().head_epochs == 2
    with pytest.raises(TrainingError, match="Maximum epochs must be from 1"):
        run_operations.clone_run(folder_with_run, "one", "three", epochs=0)
    with pytest.raises(ModelError, match="multiple of 32"):
        run_operations.clone_run(folder_with_run, "one", "three", size=100)
    with pytest.raises(TrainingError, match="A run named two already exists"):
        run_operations.clone_run(folder_with_run, "one", "two")
    with pytest.raises(TrainingError, match="no run named gone"):
        run_operations.clone_run(folder_with_run, "gone", "three")
    assert names(folder_with_run) == ["one", "short", "two"]


def test_rename_moves_folder_and_queue_entry(folder_with_run):
    with queue.locked_queue(folder_with_run) as waiting:
        waiting += [queue.WaitingRun("zero"), queue.WaitingRun("one", finish_only=True)]
    assert run_operations.rename_run(folder_with_run, "one", "better").config() == CONFIG
    assert names(folder_with_run) == ["better"]
    assert queue.waiting_runs(folder_with_run)[1] == queue.WaitingRun("better", finish_only=True)
    Run.create(folder_with_run, "other", CONFIG)
    with pytest.raises(TrainingError, match="A run named other already exists"):
        run_operations.rename_run(folder_with_run, "better", "other")
    with pytest.raises(TrainingError, match="not a valid run name"):
        run_operations.rename_run(folder_with_run, "better", "../up")
    with pytest.raises(TrainingError, match="no run named gone"):
        run_operations.rename_run(folder_with_run, "gone", "there")


def test_rename_finished_run_renames_its_model(trained_run, tmp_path):
    shutil.copytree(trained_run.folder, tmp_path / "tiny")
    run = run_operations.rename_run(tmp_path, "tiny", "better")
    assert ModelCard.load(run.result / "card.json").id == "better"
    assert "`better`" in (run.result / "README.md").read_text("utf-8")
    assert run.state().status == "finished"


def test_delete_removes_folder_and_queue_entry(folder_with_run):
    Run.create(folder_with_run, "two", CONFIG)
    with queue.locked_queue(folder_with_run) as waiting:
        waiting += [queue.WaitingRun("one"), queue.WaitingRun("two")]
    run_operations.delete_run(folder_with_run, "one")
    assert names(folder_with_run) == ["two"]
    assert [entry.name for entry in queue.waiting_runs(folder_with_run)] == ["two"]
    assert not list(folder_with_run.glob("*one*"))
    with pytest.raises(TrainingError, match="no run named one"):
        run_operations.delete_run(folder_with_run, "one")


@pytest.mark.parametrize("name", ["reviews", ".cache", "", "..", "two/../.."])
def test_delete_refuses_folders_that_are_no_runs(folder_with_run, name):
    for other in ("reviews", ".cache"):
        (folder_with_run / other).mkdir()
        (folder_with_run / other / "images").touch()
    with pytest.raises(TrainingError, match="There is no run named"):
        run_operations.delete_run(folder_with_run, name)
    assert (folder_with_run / "reviews" / "images").exists()


def test_active_run_is_neither_renamed_nor_deleted(folder_with_run):
    Run(folder_with_run / "one").set_state("running")
    for change in (
        lambda: run_operations.rename_run(folder_with_run, "one", "two"),
        lambda: run_operations.delete_run(folder_with_run, "one"),
    ):
        with pytest.raises(TrainingError, match=r"one is being trained\. Stop it first"):
            change()
    assert run_operations.clone_run(folder_with_run, "one", "copy").name == "copy"


def test_interrupted_deletion_leaves_no_listed_run(folder_with_run, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(run_operations.shutil, "rmtree", kill)
        with pytest.raises(Killed):
            run_operations.delete_run(folder_with_run, "one")
    assert names(folder_with_run) == []
    Run.create(folder_with_run, "two", CONFIG)
    run_operations.delete_run(folder_with_run, "two")
    assert not list(folder_with_run.glob(".deleted-*"))


def test_run_without_settings_is_listed_and_can_be_deleted(folder_with_run):
    run = Run(folder_with_run / "one")
    run.set_state("stopped", "Stopped.")
    (run.folder / "config.json").unlink()
    assert names(folder_with_run) == ["one"]
    assert not run.is_complete
    with pytest.raises(TrainingError, match="cannot be read"):
        run.config()
    with pytest.raises(TrainingError, match=r"config\.json is missing. Delete the run"):
        process.start_run(run)
    run_operations.delete_run(folder_with_run, "one")
    assert names(folder_with_run) == []


@pytest.mark.parametrize(
    "name", ["t1/../../outside", "../outside", "..", ".", "/", "t1/../t1", "t1/", "a\\b", ""]
)
def test_names_that_lead_elsewhere_are_unknown(tmp_path, name):
    outside = tmp_path / "outside"
    root = tmp_path / "runs"
    for folder in (outside, root / "t1", root):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state.json").write_text("{}")
    for action in (
        lambda: run_operations.rename_run(root, name, "taken"),
        lambda: run_operations.delete_run(root, name),
        lambda: run_operations.clone_run(root, name, "taken"),
    ):
        with pytest.raises(TrainingError, match="There is no run named"):
            action()
    assert (outside / "state.json").is_file()
