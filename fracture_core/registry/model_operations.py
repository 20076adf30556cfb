"""Models renamed and deleted, with what people made of their films: reviews and teaching files."""

from datetime import UTC, datetime
from pathlib import Path

from fracture_core import paths
from fracture_core.errors import ModelError
from fracture_core.registry.store import ModelStore, check_model_name


def rename_model(store: ModelStore, runs: Path, model_id: str, new: str) -> None:
    """Gives a model another name; where it is in use it stays so, and reviews and teaching files go along.

    Args:
        store: the models on this computer.
        runs: where reviews and teaching files lie.
        model_id: the model.
        new: its name from now on.

    Raises:
        ModelError: the model is unknown or the shipped one, or the name is taken or unfit.
    """
    check_model_name(new)
    # First, for a model that is here has reviews of its own, and they are not an earlier one's.
    store.refuse_taken(new)
    for what, place in _user_folders(runs, new).items():
        if place.exists():
            raise ModelError(
                f"Expected a new name, but there are {what} of an earlier model named {new}: choose another."
            )
    store.rename(model_id, new)
    for old, place in zip(
        _user_folders(runs, model_id).values(), _user_folders(runs, new).values(), strict=True
    ):
        if old.is_dir():
            old.rename(place)


def delete_model(store: ModelStore, runs: Path, model_id: str) -> None:
    """Deletes a model. What people made of its films is work of theirs and is set aside under the date.

    Args:
        store: the models on this computer.
        runs: where reviews and teaching files lie.
        model_id: the model.

    Raises:
        ModelError: the model is unknown, in use, or the shipped one.
    """
    store.delete(model_id)
    for place in _user_folders(runs, model_id).values():
        if place.is_dir():
            # No name of a model has spaces, so that no later one comes upon them.
            place.rename(place.with_name(f"{model_id} deleted {datetime.now(UTC):%Y-%m-%d %H-%M-%S}"))


def _user_folders(runs: Path, model_id: str) -> dict[str, Path]:
    """The folders with what people made of a model's films."""
    return {
        "reviews": paths.reviews_dir(runs, model_id),
        "teaching files": paths.lessons_dir(runs, model_id),
    }
