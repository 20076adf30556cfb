"""The commands `models use`, `models history` and `models back`: change the model in use."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from typing import TYPE_CHECKING

from fracture_core.cli.command_helpers import Subparsers, open_model_store

if TYPE_CHECKING:
    from fracture_core.training.release import ReleaseComparison


def add_parser(actions: Subparsers) -> None:
    """Define the arguments of the commands."""
    action = actions.add_parser(
        "use",
        help="compare a model with the model in use, then put it in use",
        description="Print a comparison with the model in use on standard error, then put the model in use. "
        "A model that fails a check is refused (exit status 1) unless a reason is given.",
    )
    action.add_argument("id", metavar="ID", help="the model")
    action.add_argument(
        "--reason",
        default="",
        metavar="TEXT",
        help="why a model that fails a check is put in use; kept in the history",
    )
    action.set_defaults(run=_use)
    action = actions.add_parser("history", help="list the changes of the model in use, newest first")
    action.add_argument(
        "--format", choices=("table", "json"), default="table", help="output format; default: %(default)s"
    )
    action.set_defaults(run=_history)
    action = actions.add_parser("back", help="return to the model that was in use before")
    action.set_defaults(run=_back)


def _use(args: argparse.Namespace) -> int:
    from fracture_core.training import release

    store = open_model_store()
    store.card(args.id)
    comparison = None
    if args.id != store.model_in_use():
        comparison = release.compare_with_model_in_use(store, store.root / args.id)
        _print_comparison(comparison)
        release.check_reason(comparison, args.reason)
    release.put_in_use(store, args.id, args.reason, comparison)
    print(f"{args.id} is in use.")
    return 0


def _print_comparison(comparison: ReleaseComparison) -> None:
    """Print to standard error, so that scripts find only the result on standard output."""
    columns = (f"in use: {comparison.current_id or 'none'}", comparison.candidate.id)
    for name, *values in comparison.rows():
        print(name, file=sys.stderr)
        for column, value in zip(columns, values, strict=True):
            print(f"  {column:<40} {value}", file=sys.stderr)
    print(comparison.pair_sentence(), file=sys.stderr)
    for check in comparison.failed:
        print(textwrap.fill(f"Warning: {check.sentence}", 100, subsequent_indent="  "), file=sys.stderr)


def _history(args: argparse.Namespace) -> int:
    from fracture_core.training.release import check_title

    changes = open_model_store().history()[::-1]
    if args.format == "json":
        print(json.dumps([change.to_json() for change in changes], indent=2, ensure_ascii=False))
        return 0
    if not changes:
        print("The model in use has not been changed yet.")
    for change in changes:
        print(f"{change.time}  {change.previous.id} → {change.chosen.id}  ({change.action})")
        if change.checks_failed:
            print(f"    failed: {', '.join(map(check_title, change.checks_failed))}")
        if change.reason:
            print(f"    reason: {change.reason}")
    return 0


def _back(args: argparse.Namespace) -> int:
    store = open_model_store()
    print(f"{store.restore_previous()} is in use again.")
    return 0
