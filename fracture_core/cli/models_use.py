"""`models use|history|back`: the model in use, its history, and the return to the model before."""

import argparse
import json
import sys
import textwrap

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras


def add(actions) -> None:
    """Adds the arguments."""
    part = actions.add_parser(
        "use",
        help="compare a model with the model in use and put it in use",
        description="Prints a comparison with the model in use on standard error, then puts the model in use. "
        "A model that fails a check is refused (exit status 1) unless a reason is given.",
    )
    part.add_argument("id", metavar="ID")
    part.add_argument(
        "--reason",
        default="",
        metavar="TEXT",
        help="why a model that fails a check is put in use; kept in the history",
    )
    part.set_defaults(run=_use)
    part = actions.add_parser("history", help="every change of the model in use, newest first")
    part.add_argument("--format", choices=("table", "json"), default="table")
    part.set_defaults(run=_history)
    part = actions.add_parser("back", help="return to the model that was in use before")
    part.set_defaults(run=_back)


def _store():
    from fracture_core.registry.store import ModelStore

    return ModelStore(paths.models_dir())


def _use(chosen: argparse.Namespace) -> int:
    from fracture_core.training import release

    store = _store()
    store.card(chosen.id)
    found = None
    if chosen.id != store.model_in_use():
        found = release.compare_with_model_in_use(store, store.root / chosen.id)
        _print_comparison(found)
        release.check_reason(found, chosen.reason)
    load_keras()
    release.put_in_use(store, chosen.id, chosen.reason, found)
    print(f"{chosen.id} is in use.")
    return 0


def _print_comparison(found) -> None:
    """On standard error, so that standard output stays what scripts expect."""
    heads = ("", f"in use: {found.current_id or 'none'}", found.candidate.id)
    for name, current, candidate in found.rows():
        print(f"{name}", file=sys.stderr)
        for head, value in zip(heads[1:], (current, candidate), strict=True):
            print(f"  {head:<40} {value}", file=sys.stderr)
    print(found.pair_sentence(), file=sys.stderr)
    for failed in found.failed:
        print(textwrap.fill(f"Warning: {failed.sentence}", 100, subsequent_indent="  "), file=sys.stderr)


def _history(chosen: argparse.Namespace) -> int:
    from fracture_core.training.release import check_words

    changes = _store().history()[::-1]
    if chosen.format == "json":
        print(json.dumps([change.to_json() for change in changes], indent=2, ensure_ascii=False))
        return 0
    if not changes:
        print("No change of the model in use yet.")
    for change in changes:
        print(f"{change.time}  {change.previous.id} → {change.chosen.id}  ({change.action})")
        if change.checks_failed:
            print(f"    failed: {', '.join(map(check_words, change.checks_failed))}")
        if change.reason:
            print(f"    reason: {change.reason}")
    return 0


def _back(chosen: argparse.Namespace) -> int:
    store = _store()
    load_keras()
    print(f"{store.back()} is in use again.")
    return 0
