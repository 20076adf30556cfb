"""`models load|export|import|rename|delete`: models on their way, renamed, and gone."""

import argparse
import sys
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.errors import ModelError
from fracture_core.zoo import ARCHITECTURES


def add(actions) -> None:
    """Adds the arguments."""
    part = actions.add_parser(
        "load", help="take bare weights in for one of the architectures, after every check"
    )
    part.add_argument("path", type=Path, metavar="FILE", help="name.weights.h5, or a whole model name.keras")
    part.add_argument("--architecture", choices=tuple(ARCHITECTURES), required=True)
    part.add_argument("--name", required=True, help="its name here")
    part.add_argument("--size", type=int, metavar="PX", help="input size; default: the architecture's own")
    part.set_defaults(run=_load)
    part = actions.add_parser("export", help="write a model with card and README as a folder or a zip")
    part.add_argument("id", metavar="ID")
    part.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="PATH",
        help="NAME.zip, or a folder in which the model's is made",
    )
    part.add_argument(
        "--without-films",
        action="store_true",
        help="leave its table of validation and test films out, which names their files",
    )
    part.set_defaults(run=_export)
    part = actions.add_parser("import", help="take an exported model in, after everything in it was checked")
    part.add_argument("path", type=Path, metavar="PATH", help="the zip or the folder")
    part.add_argument("--name", default="", help="its name here; default: its own")
    part.set_defaults(run=_import)
    part = actions.add_parser(
        "rename", help="give a model another name; its reviews and teaching files go along"
    )
    part.add_argument("id", metavar="ID")
    part.add_argument("new", metavar="NEW")
    part.set_defaults(run=_rename)
    part = actions.add_parser("delete", help="delete a model; its reviews and teaching files are set aside")
    part.add_argument("id", metavar="ID")
    part.add_argument("--yes", action="store_true", help="do not ask")
    part.set_defaults(run=_delete)


def _store():
    from fracture_core.registry.store import ModelStore

    return ModelStore(paths.models_dir())


def _load(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.registry.add_weights import add_weights

    try:
        with chosen.path.open("rb") as file:
            model_id = add_weights(
                _store(), file, chosen.path.name, chosen.name, chosen.architecture, chosen.size
            )
    except OSError as error:
        raise ModelError(
            f"Expected to read {chosen.path}, but the disk said “{error.strerror}”: check the path."
        ) from error
    print(
        f"{model_id} is added: its weights fit. It has no record; put it in use with: models use {model_id}"
    )
    return 0


def _export(chosen: argparse.Namespace) -> int:
    from fracture_core.registry.model_archive import export_model

    print(
        f"{chosen.id} is written to {export_model(_store(), chosen.id, chosen.to, not chosen.without_films)}"
    )
    return 0


def _import(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.registry.model_archive import import_model

    model_id = import_model(_store(), chosen.path, model_id=chosen.name)
    print(f"{model_id} is added: it is what its card says; put it in use with: models use {model_id}")
    return 0


def _rename(chosen: argparse.Namespace) -> int:
    from fracture_core.registry.model_operations import rename_model

    rename_model(_store(), paths.runs_dir(), chosen.id, chosen.new)
    print(f"{chosen.id} is now {chosen.new}.")
    return 0


def _delete(chosen: argparse.Namespace) -> int:
    from fracture_core.registry.model_operations import delete_model

    store = _store()
    store.refuse_needed(chosen.id)
    if not chosen.yes:
        if not sys.stdin.isatty():
            raise ModelError(
                f"Expected a word that {chosen.id} may be deleted, but nobody can be asked: add --yes."
            )
        if input(f"Delete {chosen.id} for good? [y/N] ").strip().lower() not in ("y", "yes"):
            print(f"{chosen.id} is kept.")
            return 0
    delete_model(store, paths.runs_dir(), chosen.id)
    print(f"{chosen.id} is deleted.")
    return 0
