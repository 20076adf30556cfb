"""The commands `models load`, `export`, `import`, `rename` and `delete`."""

import argparse
import sys
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.command_helpers import Subparsers, open_model_store
from fracture_core.errors import ModelError
from fracture_core.zoo import ARCHITECTURES
from fracture_core.zoo.quiet_keras import load_keras


def add_parser(actions: Subparsers) -> None:
    """Define the arguments of the commands."""
    action = actions.add_parser(
        "load", help="check a weight file against an architecture and add it as a model"
    )
    action.add_argument(
        "path", type=Path, metavar="FILE", help="NAME.weights.h5, or a complete model NAME.keras"
    )
    action.add_argument(
        "--architecture",
        choices=tuple(ARCHITECTURES),
        required=True,
        metavar="NAME",
        help="architecture of the weights: %(choices)s",
    )
    action.add_argument("--name", required=True, help="name of the new model")
    action.add_argument(
        "--size", type=int, metavar="PX", help="input size in pixels; default: that of the architecture"
    )
    action.set_defaults(run=_load)
    action = actions.add_parser("export", help="write a model with its card and README as a folder or a zip")
    action.add_argument("id", metavar="ID", help="the model")
    action.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="PATH",
        help="NAME.zip, or a folder; the model becomes a folder inside it",
    )
    action.add_argument(
        "--without-films",
        action="store_true",
        help="leave out the table of predictions, which contains the file names of the images",
    )
    action.set_defaults(run=_export)
    action = actions.add_parser("import", help="check an exported model and add it")
    action.add_argument("path", type=Path, metavar="PATH", help="the zip or the folder")
    action.add_argument("--name", default="", help="name of the new model; default: its own")
    action.set_defaults(run=_import)
    action = actions.add_parser("rename", help="rename a model, its reviews and its teaching files")
    action.add_argument("id", metavar="ID", help="the model")
    action.add_argument("new", metavar="NEW", help="the new name")
    action.set_defaults(run=_rename)
    action = actions.add_parser(
        "delete", help="delete a model; its reviews and teaching files are archived in runs/"
    )
    action.add_argument("id", metavar="ID", help="the model")
    action.add_argument("--yes", action="store_true", help="delete without being asked")
    action.set_defaults(run=_delete)


def _load(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.registry.add_weights import add_weights

    try:
        with args.path.open("rb") as file:
            model_id = add_weights(
                open_model_store(), file, args.path.name, args.name, args.architecture, args.size
            )
    except OSError as error:
        raise ModelError(f"Cannot read {args.path}: {error.strerror}. Check the path.") from error
    print(
        f"{model_id} is added: its weights fit the architecture. It has no test record. "
        f"Put it in use with: models use {model_id}"
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    from fracture_core.registry.model_archive import export_model

    target = export_model(open_model_store(), args.id, args.to, not args.without_films)
    print(f"{args.id} is written to {target}")
    return 0


def _import(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.registry.model_archive import import_model

    model_id = import_model(open_model_store(), args.path, model_id=args.name)
    print(f"{model_id} is added: its files match its card. Put it in use with: models use {model_id}")
    return 0


def _rename(args: argparse.Namespace) -> int:
    from fracture_core.registry.model_operations import rename_model

    rename_model(open_model_store(), paths.runs_dir(), args.id, args.new)
    print(f"{args.id} is now {args.new}.")
    return 0


def _delete(args: argparse.Namespace) -> int:
    from fracture_core.registry.model_operations import delete_model

    store = open_model_store()
    store.check_deletable(args.id)
    if not args.yes:
        if not sys.stdin.isatty():
            raise ModelError(
                f"Deleting {args.id} must be confirmed, but there is no terminal to ask on. Add --yes."
            )
        if input(f"Delete {args.id} permanently? [y/N] ").strip().lower() not in ("y", "yes"):
            print(f"{args.id} is kept.")
            return 0
    delete_model(store, paths.runs_dir(), args.id)
    print(f"{args.id} is deleted.")
    return 0
