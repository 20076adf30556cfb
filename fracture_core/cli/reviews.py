"""The command `reviews`: export, import and apply the marks that reviewers set on images."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core import paths
from fracture_core.cli.command_helpers import (
    CommandFunction,
    Subparsers,
    add_data_argument,
    open_model_store,
    write_output,
)
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import DataError

if TYPE_CHECKING:
    from fracture_core.registry.store import ModelStore
    from fracture_core.review import ReviewStore


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser(
        "reviews",
        description="Export, import or apply the marks that reviewers set on the pages Failures and Labels.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = _add_action(actions, "export", "write the marks as CSV", _export)
    action.add_argument("file", type=Path, metavar="FILE", help="the CSV file")
    action = _add_action(actions, "import", "read marks from a CSV that `export` wrote", _import)
    action.add_argument("file", type=Path, metavar="FILE", help="the CSV file")
    action = _add_action(
        actions, "rename", "rename a reviewer; marks are merged if the new name exists", _rename
    )
    action.add_argument("old", metavar="OLD", help="the current name")
    action.add_argument(
        "new",
        metavar="NEW",
        help="the new name; if both names marked an image, the later mark is kept",
    )
    action = _add_action(
        actions, "manifest", "write the dataset without the images whose label was marked as wrong", _manifest
    )
    add_data_argument(action)
    action.add_argument(
        "--layout",
        choices=layout_names(),
        default="auto",
        metavar="NAME",
        help="how the folder is organised: %(choices)s; default: auto, detected from its content",
    )
    action.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the manifest, to be used with `train --data`"
    )
    action.add_argument(
        "--reviewer",
        default="",
        metavar="NAME",
        help="use only the marks of this reviewer; default: the majority of the reviewers of each image",
    )
    action.add_argument(
        "--flip", action="store_true", help="invert wrong labels instead of leaving the images out"
    )


def _add_action(
    actions: Subparsers, name: str, summary: str, run: CommandFunction
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=summary)
    action.add_argument("--model", metavar="ID", help="the model; default: the model in use")
    action.set_defaults(run=run)
    return action


def _open_reviews(args: argparse.Namespace) -> tuple[ModelStore, str, ReviewStore]:
    """The models, the id of the chosen one, and its reviews."""
    from fracture_core.review import ReviewStore

    store = open_model_store()
    card = store.card(args.model or store.model_in_use())
    return store, card.id, ReviewStore.for_model(paths.runs_dir(), card.id)


def _export(args: argparse.Namespace) -> int:
    from fracture_core.review.csv_exchange import reviews_to_csv

    reviews = _open_reviews(args)[2].all()
    write_output(args.file, reviews_to_csv(reviews), "reviews")
    print(f"{len(reviews):,} reviews are in {args.file}.")
    return 0


def _import(args: argparse.Namespace) -> int:
    from fracture_core.review.csv_exchange import reviews_from_csv

    try:
        content = args.file.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read the reviews {args.file}: {error.strerror}. Check the path.") from error
    print(_open_reviews(args)[2].merge(reviews_from_csv(content, args.file.name)).sentence)
    return 0


def _rename(args: argparse.Namespace) -> int:
    print(_open_reviews(args)[2].rename(args.old, args.new, merge=True).sentence)
    return 0


def _manifest(args: argparse.Namespace) -> int:
    from fracture_core.datasets.layouts import read_catalogue
    from fracture_core.datasets.manifest import write_manifest
    from fracture_core.review.relabelled_manifest import relabel_dataset, wrong_label_cases

    store, model_id, reviews = _open_reviews(args)
    catalogue = read_catalogue(args.data, args.layout)
    wrong = wrong_label_cases(reviews.all(), args.reviewer)
    relabelled = relabel_dataset(catalogue.cases, store.predictions(model_id), wrong, args.flip)
    write_manifest(args.out, relabelled.cases, catalogue.finding)
    print(relabelled.sentence)
    print(f"The reviewed dataset is in {args.out}: train on it with --data.", file=sys.stderr)
    return 0
