"""Functions that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fracture_core import paths
from fracture_core.errors import DataError, SecondLookError

if TYPE_CHECKING:
    from fracture_core.registry.store import ModelStore

#: What `argparse.ArgumentParser.add_subparsers` returns; argparse has no public name for it.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

#: Runs a command and returns its exit status.
CommandFunction: TypeAlias = Callable[[argparse.Namespace], int]


def open_model_store() -> ModelStore:
    """The models on this computer, after completing a rename or deletion that was interrupted."""
    from fracture_core.registry.model_operations import finish_interrupted_change
    from fracture_core.registry.store import ModelStore

    store = ModelStore(paths.models_dir())
    finish_interrupted_change(store, paths.runs_dir())
    return store


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add the required option `--data` of commands that need the dataset of a model's training."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the dataset the model was trained on"
    )


def write_output(
    path: Path, content: bytes, name: str, error_type: type[SecondLookError] = DataError
) -> None:
    """Write a file that the user asked for.

    Args:
        path: the file; an existing file is replaced.
        content: its bytes.
        name: what it is, for the error message, such as "report".
        error_type: class of the error.

    Raises:
        SecondLookError: the file cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise error_type(
            f"Cannot write the {name} to {path}: {error.strerror}. Choose another path."
        ) from error


def make_output_folder(folder: Path, name: str) -> None:
    """Create a folder that the user asked for.

    Raises:
        SecondLookError: the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SecondLookError(
            f"Cannot create the folder for {name} at {folder}: {error.strerror}. Choose another folder."
        ) from error
