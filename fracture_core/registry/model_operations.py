"""Renames and deletes models together with their reviews and teaching files."""

from datetime import UTC, datetime
from pathlib import Path

from fracture_core import paths
from fracture_core.errors import ModelError
from fracture_core.registry.store import ModelStore, check_model_name


def rename_model(store: ModelStore, runs: Path, model_id: str, new: str) -> None:
    """Rename a model with its reviews and teaching files; a model in use stays in use.

    Args:
        store: The model store.
        runs: Folder of the reviews and teaching files.
        model_id: Id of the model.
        new: The new id.

    Raises:
        ModelError: The model is unknown or the shipped one, or the new name is taken or invalid.
    """
    check_model_name(new)
    # Checked first: the reviews of an existing model are not those of a deleted one.
    store.check_id_is_free(new)
    for content, folder in _user_folders(runs, new).items():
        if folder.exists():
            raise ModelError(f"There are {content} of an earlier model named {new}: choose another name.")
    store.rename(model_id, new)
    for old, folder in zip(
        _user_folders(runs, model_id).values(), _user_folders(runs, new).values(), strict=True
    ):
        if old.is_dir():
            old.rename(folder)


def delete_model(store: ModelStore, runs: Path, model_id: str) -> None:
    """Delete a model; its reviews and teaching files are kept under a name with the date.

    Args:
        store: The model store.
        runs: Folder of the reviews and teaching files.
        model_id: Id of the model.

    Raises:
        ModelError: The model is unknown, in use, or the shipped one.
    """
    store.delete(model_id)
    for folder in _user_folders(runs, model_id).values():
        if folder.is_dir():
            # Model names have no spaces, so a later model cannot use this folder.
            folder.rename(folder.with_name(f"{model_id} deleted {datetime.now(UTC):%Y-%m-%d %H-%M-%S}"))


def _user_folders(runs: Path, model_id: str) -> dict[str, Path]:
    """Folders of a model's reviews and teaching files, by their content."""
    return {
        "reviews": paths.reviews_dir(runs, model_id),
        "teaching files": paths.lessons_dir(runs, model_id),
    }
