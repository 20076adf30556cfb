"""Runs are copied, renamed and deleted whole, and never while a process works on them."""

import shutil

import pytest

from fracture_core.errors import ModelError, TrainingError
from fracture_core.registry.card import Card
from fracture_core.training import manage, process, queue
from fracture_core.training.config import TrainingConfig
from fracture_core.training.run import Run

CONFIG = TrainingConfig("/films", "four_block", epochs=7, head_epochs=3)


@pytest.fixture
def root(tmp_path):
    Run.create(tmp_path, "one", CONFIG)
    return tmp_path


def names(root) -> list[str]:
    return sorted(run.name for run in Run.all(root))


def test_clone(root):
    (root / "one" / "progress.jsonl").write_text('{"kind": "epoch", "epoch": 1}\n')
    run = manage.clone(root, "one", "two", seed=3, epochs=9)
    assert (run.config().seed, run.config().epochs, run.config().architecture) == (3, 9, "four_block")
    assert Run(root / "one").config() == CONFIG
    assert run.epochs() == []
    assert manage.clone(root, "one", "short", epochs=2).config().head_epochs == 2
    with pytest.raises(TrainingError, match="Expected epochs from 1"):
        manage.clone(root, "one", "three", epochs=0)
    with pytest.raises(ModelError, match="multiple of 32"):
        manage.clone(root, "one", "three", size=100)
    with pytest.raises(TrainingError, match="two exists already"):
        manage.clone(root, "one", "two")
    with pytest.raises(TrainingError, match="a run named gone"):
        manage.clone(root, "gone", "three")
    assert names(root) == ["one", "short", "two"]


def test_rename(root):
    with queue.locked(root) as line:
        line += [queue.Waiting("zero"), queue.Waiting("one", finish_only=True)]
    assert manage.rename(root, "one", "better").config() == CONFIG
    assert names(root) == ["better"]
    assert queue.waiting(root)[1] == queue.Waiting("better", finish_only=True)
    Run.create(root, "other", CONFIG)
    with pytest.raises(TrainingError, match="other exists already"):
        manage.rename(root, "better", "other")
    with pytest.raises(TrainingError, match="Expected a run name of letters"):
        manage.rename(root, "better", "../up")
    with pytest.raises(TrainingError, match="a run named gone"):
        manage.rename(root, "gone", "there")


def test_the_model_of_a_finished_run_is_renamed_too(trained, tmp_path):
    shutil.copytree(trained.folder, tmp_path / "tiny")
    run = manage.rename(tmp_path, "tiny", "better")
    assert Card.load(run.result / "card.json").id == "better"
    assert "`better`" in (run.result / "README.md").read_text("utf-8")
    assert run.state().status == "finished"


def test_delete(root):
    Run.create(root, "two", CONFIG)
    with queue.locked(root) as line:
        line += [queue.Waiting("one"), queue.Waiting("two")]
    manage.delete(root, "one")
    assert names(root) == ["two"]
    assert [one.name for one in queue.waiting(root)] == ["two"]
    assert not list(root.glob("*one*"))
    with pytest.raises(TrainingError, match="a run named one"):
        manage.delete(root, "one")


@pytest.mark.parametrize("name", ["reviews", ".cache", "", "..", "two/../.."])
def test_only_runs_are_deleted(root, name):
    for other in ("reviews", ".cache"):
        (root / other).mkdir()
        (root / other / "films").touch()
    with pytest.raises(TrainingError, match="but there is none"):
        manage.delete(root, name)
    assert (root / "reviews" / "films").exists()


def test_a_run_at_work_is_left_alone(root):
    Run(root / "one").set_state("running")
    for change in (lambda: manage.rename(root, "one", "two"), lambda: manage.delete(root, "one")):
        with pytest.raises(TrainingError, match="one is being trained: stop it first"):
            change()
    assert manage.clone(root, "one", "copy").name == "copy"


def test_a_deletion_that_was_broken_off_shows_nothing_half_gone(root, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_given, **_more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(manage.shutil, "rmtree", killed)
        with pytest.raises(Killed):
            manage.delete(root, "one")
    assert names(root) == []
    Run.create(root, "two", CONFIG)
    manage.delete(root, "two")
    assert not list(root.glob(".deleted-*"))


def test_what_is_left_of_a_run_is_listed_and_can_be_deleted(root):
    run = Run(root / "one")
    run.set_state("stopped", "Stopped.")
    (run.folder / "config.json").unlink()
    assert names(root) == ["one"]
    assert not run.complete
    with pytest.raises(TrainingError, match="cannot be read"):
        run.config()
    with pytest.raises(TrainingError, match=r"config\.json is gone: delete the run"):
        process.start(run)
    manage.delete(root, "one")
    assert names(root) == []
