"""Operations on whole runs: clone, rename and delete."""

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

# Prefix of a run that is being deleted. No run can have such a name, so a half-deleted run is never listed.
_DELETED = ".deleted-"


def clone_run(root: Path, source: str, name: str, **changes: Any) -> Run:
    """Create a run with the settings of another, without starting it.

    Args:
        root: folder of all runs.
        source: name of the run whose settings are copied.
        name: name of the new run.
        **changes: other values by name of the option, see `TrainingConfig.with_options`.

    Returns:
        The new run.

    Raises:
        TrainingError: there is no such run, a value is not allowed, or the name is taken or not valid.
        ModelError: the network cannot have the size.
    """
    config = Run.open(root, source).config().with_options(changes)
    _ = config.input  # raises an error for an impossible size before a folder is made
    return Run.create(root, name, config)


def rename_run(root: Path, old: str, new: str) -> Run:
    """Rename a run; it keeps its position in the queue, and a finished model is renamed too.

    A model that was added to the registry keeps its name there.

    Args:
        root: folder of all runs.
        old: present name.
        new: new name.

    Returns:
        The renamed run.

    Raises:
        TrainingError: there is no such run, it is being trained, or the name is taken or not valid.
    """
    with queue.locked_queue(root) as waiting:
        run = _open_inactive(root, old)
        target = Run(root / check_run_name(new))
        if target.folder.exists():
            raise TrainingError(f"A run named {new} already exists. Choose another name.")
        try:
            run.folder.rename(target.folder)
            queue.rename_in_queue(waiting, old, new)
            if (target.result / CARD_NAME).is_file():
                card = replace(ModelCard.load(target.result / CARD_NAME), id=new)
                card.save(target.result / CARD_NAME)
                (target.result / README_NAME).write_text(render_readme(card), encoding="utf-8")
        except OSError as error:
            raise TrainingError(
                f"{old} cannot be renamed ({error.strerror}). Fix this and try again."
            ) from error
    return target


def delete_run(root: Path, name: str) -> None:
    """Delete a run, or what is left of one, with its checkpoints, log and result; models in the registry stay.

    Args:
        root: folder of all runs.
        name: name of the run.

    Raises:
        TrainingError: there is no such run, it is being trained, or its folder cannot be deleted.
    """
    with queue.locked_queue(root) as waiting:
        run = _open_inactive(root, name)
        waiting[:] = [entry for entry in waiting if entry.name != name]
        try:
            run.folder.rename(root / f"{_DELETED}{name}-{os.getpid()}")
        except OSError as error:
            raise TrainingError(
                f"{name} cannot be deleted ({error.strerror}). Fix this and try again."
            ) from error
    # Includes what is left of interrupted deletions.
    for leftover in root.glob(f"{_DELETED}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _open_inactive(root: Path, name: str) -> Run:
    run = Run.open(root, name)
    if run.state().status in ACTIVE_STATUSES:
        raise TrainingError(f"{name} is being trained. Stop it first.")
    return run
