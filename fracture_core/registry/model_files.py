"""Hashes of the files of a model, compared with its card before a file is used."""

import hashlib
from pathlib import Path

from fracture_core.errors import ModelError
from fracture_core.registry.card import ModelCard, WeightsFile


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file as a hexadecimal string."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def checked_file(folder: Path, card: ModelCard, part: WeightsFile) -> Path:
    """Return a file of a model after checking its location and hash.

    Args:
        folder: Folder of the model.
        card: Card of the model, for error messages.
        part: The file and its hash, as stated in the card.

    Returns:
        The path of the file.

    Raises:
        ModelError: The file is outside the folder, missing or changed.
    """
    path = folder / part.file
    if path.parent.resolve() != folder.resolve():
        raise ModelError(
            f"The card of {card.id} refers to a file outside its folder ({part.file}): do not use this model."
        )
    if not path.is_file():
        raise ModelError(f"Weight file not found: {path}. Add the model again.")
    if sha256_of_file(path) != part.sha256:
        raise ModelError(
            f"{path.name} was changed and does not match the card of {card.id}: restore the file, or add the model "
            "again."
        )
    return path
