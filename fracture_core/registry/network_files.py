"""Finds the exported network of a model, or exports it on first use."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from fracture_core.errors import ModelError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs.worker_process import call_in_worker
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.model_files import checked_file, sha256_of_file

if TYPE_CHECKING:
    import keras

#: Name of the exported network in the folder of a model.
NETWORK_NAME = "network.tflite"

# The record of an export that the card does not list.
_RECORD_NAME = "network.json"

# Changes with the outputs of an exported network, so that older files are exported again.
_VERSION = 1


def exported_network_path(folder: Path, card: ModelCard) -> Path:
    """Return the file of the exported network of a model.

    The network of a model whose card lists none, such as a model of an earlier version, is exported in a background
    process and kept in the folder of the model.

    Args:
        folder: Folder of the model.
        card: Its card.

    Returns:
        The file. Its content was checked against the card or the record of the export.

    Raises:
        ModelError: The files of the model were changed, or the network cannot be exported.
    """
    checked_file(folder, card, card.weights)
    if card.network is not None:
        return checked_file(folder, card, card.network)
    if not _matches_record(folder, card):
        call_in_worker(export_without_card, folder, card)
    return folder / NETWORK_NAME


def export_without_card(folder: Path, card: ModelCard) -> None:
    """Export the network of a model and write a record of the export, because its card is not changed.

    Needs TensorFlow.

    Args:
        folder: Folder of the model.
        card: Its card.

    Raises:
        ModelError: The network cannot be exported, or the file cannot be written.
    """
    from fracture_core.zoo.quiet_keras import load_keras

    load_keras()
    from fracture_core.registry.weights import load_weights

    model = load_weights(checked_file(folder, card, card.weights), card.architecture, card.input)
    partial = folder / f".{uuid.uuid4().hex}.partial"
    try:
        _export(card, model, partial)
        record = _Record(card.weights.sha256, _VERSION, sha256_of_file(partial))
        # Another process may export the same network; file and record must belong together.
        with FileLock(folder / ".network.lock"):
            write_atomically(folder / _RECORD_NAME, json.dumps(asdict(record)))
            partial.replace(folder / NETWORK_NAME)
    except OSError as error:
        raise ModelError(
            f"The network of {card.id} cannot be written to {folder} ({error.strerror or error}): free some space and "
            "try again."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Record:
    """Content of the record of an export."""

    weights: str
    version: int
    sha256: str


def _matches_record(folder: Path, card: ModelCard) -> bool:
    """Whether an export of the current weights is there and unchanged."""
    try:
        record = _Record(**parse_json((folder / _RECORD_NAME).read_text(encoding="utf-8")))
        return record == _Record(card.weights.sha256, _VERSION, sha256_of_file(folder / NETWORK_NAME))
    except (OSError, ValueError, TypeError):
        return False


def add_exported_network(
    folder: Path, card: ModelCard, model: keras.Model, images: NDArray[np.float32] | None = None
) -> ModelCard:
    """Export a network into the folder of its model. Needs TensorFlow.

    Args:
        folder: Folder of the model; an earlier export in it is replaced.
        card: Card of the model.
        model: Its network.
        images: Network inputs on which Keras and the exported network are compared, float32 (n, height, width,
            channels); the reference pattern is always compared.

    Returns:
        The card with the exported network.

    Raises:
        ModelError: The network cannot be exported.
        OSError: The file cannot be written.
    """
    path = folder / NETWORK_NAME
    _export(card, model, path, images)
    return replace(card, network=WeightsFile(path.name, sha256_of_file(path), path.stat().st_size))


def _export(
    card: ModelCard, model: keras.Model, path: Path, images: NDArray[np.float32] | None = None
) -> None:
    # Imported here, because the module imports TensorFlow.
    from fracture_core.registry.network_export import export_network

    export_network(model, card.architecture, card.heatmap_layer, card.input, path, images)
