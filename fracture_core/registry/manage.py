"""Models renamed and deleted, with what reviewers said of their films."""

from datetime import UTC, datetime
from pathlib import Path

from fracture_core.errors import ModelError
from fracture_core.registry.store import ModelStore, check_name
from fracture_core.review import Reviews


def rename(store: ModelStore, runs: Path, model_id: str, new: str) -> None:
    """Gives a model another name; where it is in use it stays so, and its reviews go along.

    Args:
        store: the models on this computer.
        runs: where reviews lie.
        model_id: the model.
        new: its name from now on.

    Raises:
        ModelError: the model is unknown or the shipped one, or the name is taken or unfit.
    """
    check_name(new)
    if _reviews(runs, new).exists():
        raise ModelError(
            f"Expected a new name, but there are reviews of an earlier model named {new}: choose another."
        )
    store.rename(model_id, new)
    if _reviews(runs, model_id).is_dir():
        _reviews(runs, model_id).rename(_reviews(runs, new))


def delete(store: ModelStore, runs: Path, model_id: str) -> None:
    """Deletes a model. What reviewers said of its films is work of theirs and is set aside under the date.

    Args:
        store: the models on this computer.
        runs: where reviews lie.
        model_id: the model.

    Raises:
        ModelError: the model is unknown, in use, or the shipped one.
    """
    store.delete(model_id)
    place = _reviews(runs, model_id)
    if place.is_dir():
        # No name of a model has spaces, so that no later one comes upon them.
        place.rename(place.with_name(f"{model_id} deleted {datetime.now(UTC):%Y-%m-%d %H-%M-%S}"))


def _reviews(runs: Path, model_id: str) -> Path:
    return Reviews.of(runs, model_id).path.parent
