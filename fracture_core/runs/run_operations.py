"""Runs that are copied, renamed and deleted."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from fracture_core.errors import TrainingError
from fracture_core.registry.card import ModelCard
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.store import CARD_NAME
from fracture_core.runs import queue
from fracture_core.runs.run import ACTIVE_STATUSES, Run, check_run_name

# Before the name of a run that is being deleted: a name that no run can have, so that none is seen half gone.
_DELETED = ".deleted-"


def clone_run(root: Path, source: str, name: str, **changes: Any) -> Run:
    """A new run with the settings of another, not started.

    Args:
        root: where runs lie.
        source: the run whose settings are taken.
        name: of the new run.
        **changes: fields of `TrainingConfig` that shall be others.

    Raises:
        TrainingError: there is no such run, a setting is out of range, or the name is taken or unfit.
        ModelError: the network cannot have the size.
    """
    config = Run.open(root, source).config()
    # Fewer epochs than those of the head alone would be refused.
    heads = min(config.head_epochs, changes.get("epochs", config.epochs))
    changed = replace(config, **{"head_epochs": heads, **changes})
    _ = changed.input  # refuses an impossible size before a folder is made
    return Run.create(root, name, changed)


def rename_run(root: Path, old: str, new: str) -> Run:
    """Gives a run another name; its place in the queue stays, and a finished model carries the new name.

    A model that was put in use already keeps the name it has there.

    Raises:
        TrainingError: there is no such run, it is at work, or the name is taken or unfit.
    """
    with queue.locked_queue(root) as line:
        run = _idle_run(root, old)
        target = Run(root / check_run_name(new))
        if target.folder.exists():
            raise TrainingError(f"Expected a name that is free, but {new} exists already: choose another.")
        try:
            run.folder.rename(target.folder)
            queue.rename_in_queue(line, old, new)
            if (target.result / CARD_NAME).is_file():
                card = replace(ModelCard.load(target.result / CARD_NAME), id=new)
                card.save(target.result / CARD_NAME)
                (target.result / README_NAME).write_text(render_readme(card), encoding="utf-8")
        except OSError as error:
            raise TrainingError(
                f"Expected to rename {old}, but the disk said “{error.strerror}”: mend that and try again."
            ) from error
    return target


def delete_run(root: Path, name: str) -> None:
    """Deletes a run with its checkpoints, log and result, or what is left of one; models put in use stay.

    Raises:
        TrainingError: there is no such run, it is at work, or the disk refuses.
    """
    with queue.locked_queue(root) as line:
        run = _idle_run(root, name)
        line[:] = [one for one in line if one.name != name]
        try:
            run.folder.rename(root / f"{_DELETED}{name}-{os.getpid()}")
        except OSError as error:
            raise TrainingError(
                f"Expected to delete {name}, but the disk said “{error.strerror}”: mend that and try again."
            ) from error
    # The rests of earlier deletions that were broken off too.
    for rest in root.glob(f"{_DELETED}*"):
        shutil.rmtree(rest, ignore_errors=True)


def _idle_run(root: Path, name: str) -> Run:
    run = Run.open(root, name)
    if run.state().status in ACTIVE_STATUSES:
        raise TrainingError(f"Expected a run at rest, but {name} is being trained: stop it first.")
    return run
