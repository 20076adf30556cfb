"""`reviews`: what reviewers say of the films of a model: export, import, rename a reviewer, manifest."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from fracture_core import paths
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import DataError


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("reviews", help="what reviewers marked on the page Failures")
    actions = parser.add_subparsers(dest="action", required=True, metavar="export|import|rename|manifest")
    for name, words, run in (
        ("export", "write the marks as CSV", _export),
        ("import", "take marks in from such a CSV", _import),
    ):
        part = _action(actions, name, words, run)
        part.add_argument("file", type=Path, metavar="FILE")
    part = _action(
        actions, "rename", "rename a reviewer; if the new name exists, their marks are merged", _rename
    )
    part.add_argument("old", metavar="OLD", help="the name as it stands in the marks")
    part.add_argument(
        "new",
        metavar="NEW",
        help="on a film marked under both names, the later mark replaces the earlier one",
    )
    part = _action(
        actions, "manifest", "write the data set without the labels that are called wrong", _manifest
    )
    part.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data set of its training")
    part.add_argument("--layout", choices=layout_names(), default="auto")
    part.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a manifest that `train` reads with --data"
    )
    part.add_argument(
        "--reviewer",
        default="",
        metavar="NAME",
        help="whose word counts; default: that of most who marked a film",
    )
    part.add_argument(
        "--flip", action="store_true", help="turn wrong labels round instead of leaving the films out"
    )


def _action(actions, name: str, words: str, run: Callable[[argparse.Namespace], int]):
    part = actions.add_parser(name, help=words)
    part.add_argument("--model", metavar="ID", help="a model; default: the one in use")
    part.set_defaults(run=run)
    return part


def _of(chosen: argparse.Namespace):
    """The store, the model, and its reviews."""
    from fracture_core.registry.store import ModelStore
    from fracture_core.review import ReviewStore

    store = ModelStore(paths.models_dir())
    card = store.card(chosen.model or store.model_in_use())
    return store, card.id, ReviewStore.for_model(paths.runs_dir(), card.id)


def _export(chosen: argparse.Namespace) -> int:
    from fracture_core.review.csv_exchange import reviews_to_csv

    reviews = _of(chosen)[2].all()
    try:
        chosen.file.write_bytes(reviews_to_csv(reviews))
    except OSError as error:
        raise DataError(
            f"Expected to write the reviews to {chosen.file}, but the system said “{error.strerror}”: choose another "
            "place."
        ) from error
    print(f"{len(reviews):,} reviews are in {chosen.file}.")
    return 0


def _import(chosen: argparse.Namespace) -> int:
    from fracture_core.review.csv_exchange import reviews_from_csv

    try:
        content = chosen.file.read_bytes()
    except OSError as error:
        raise DataError(
            f"Expected reviews in {chosen.file}, but the system said “{error.strerror}”: check the path."
        ) from error
    found = _of(chosen)[2].merge(reviews_from_csv(content, chosen.file.name))
    print(found.sentence)
    return 0


def _rename(chosen: argparse.Namespace) -> int:
    print(_of(chosen)[2].rename(chosen.old, chosen.new, merge=True).sentence)
    return 0


def _manifest(chosen: argparse.Namespace) -> int:
    from fracture_core.datasets.layouts import read_catalogue
    from fracture_core.datasets.manifest import write_manifest
    from fracture_core.review.relabelled_manifest import relabel_dataset, wrong_label_cases

    store, model_id, reviews = _of(chosen)
    catalogue = read_catalogue(chosen.data, chosen.layout)
    wrong = wrong_label_cases(reviews.all(), chosen.reviewer)
    found = relabel_dataset(catalogue.cases, store.predictions(model_id), wrong, chosen.flip)
    write_manifest(chosen.out, found.cases, catalogue.finding)
    print(found.sentence)
    print(f"The reviewed set is in {chosen.out}: train on it with --data.", file=sys.stderr)
    return 0
