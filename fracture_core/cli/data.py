"""`data`: sets to work with."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import DataError


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("data", help="data sets")
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|get|phantom")
    part = actions.add_parser("list", help="the public data sets that can be fetched")
    part.set_defaults(run=_list)
    part = actions.add_parser("get", help="fetch a public data set; without a name: list them")
    part.add_argument("name", nargs="?", metavar="NAME")
    part.add_argument("--to", type=Path, metavar="DIR", help="a new or empty folder for it")
    part.add_argument("--yes", action="store_true", help="agree to its licence without being asked")
    part.set_defaults(run=_get)
    part = actions.add_parser("phantom", help="write labelled synthetic radiographs")
    part.add_argument("--to", type=Path, required=True, metavar="DIR")
    part.add_argument("--count", type=int, default=400, metavar="N")
    part.add_argument("--seed", type=int, default=0, metavar="S")
    part.set_defaults(run=_phantom)


def _list(chosen: argparse.Namespace) -> int:
    from fracture_core.data.download import SETS

    for row in SETS:
        print(f"{row.name:<12} {row.title}: {row.words}")
        print(f"{'':<12} {row.size_words}; licence: {row.licence}")
        print(f"{'':<12} {row.page}")
    return 0


def _get(chosen: argparse.Namespace) -> int:
    """Shows the terms, asks, fetches, and says what came."""
    if chosen.name is None:
        return _list(chosen)
    from fracture_core.data.download import download, public_set, terms

    row = public_set(chosen.name)
    if chosen.to is None:
        raise DataError(f"Expected a folder for {row.title}, but --to is missing: add --to and a new folder.")
    print(terms(row), flush=True)
    if row.source is not None and not chosen.yes and not _agreed(row.title, chosen.to):
        print("Nothing was fetched.", file=sys.stderr)
        return 1
    found = download(row, chosen.to, _share(), lambda sentence: print(sentence, file=sys.stderr, flush=True))
    for warning in found.warnings:
        print(warning, file=sys.stderr)
    layout = f"layout {found.layout}" if found.layout else "no known layout"
    print(f"{found.films:,} films are in {found.folder}, {layout}.")
    return 0


def _agreed(title: str, folder: Path) -> bool:
    """Asks on the terminal."""
    if not sys.stdin.isatty():
        raise DataError(
            f"Expected your consent to the licence of {title}, but there is no terminal to ask on: read it and add "
            "--yes."
        )
    try:
        return input(f"Fetch it to {folder} under these terms? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _share() -> Callable[[int, int], None]:
    """Tells each percent on a terminal, each tenth in a log."""
    step = 1 if sys.stderr.isatty() else 10
    told = -step

    def tell(done: int, every: int) -> None:
        nonlocal told
        percent = 100 * done // every if every else 100
        if percent >= told + step or percent < told:
            told = percent - percent % step
            end = "\r" if step == 1 and done < every else "\n"
            print(f"Fetching: {percent:3d}% of {every / 1e6:,.1f} MB", file=sys.stderr, end=end, flush=True)

    return tell


def _phantom(chosen: argparse.Namespace) -> int:
    from fracture_core.data.phantom import write_set

    written = write_set(chosen.to, chosen.count, chosen.seed, _progress)
    print(f"{len(written)} synthetic radiographs are in {chosen.to}.")
    return 0


def _progress(done: int, every: int) -> None:
    if done == every or done % 50 == 0:
        print(f"Drawing: {done} of {every}", file=sys.stderr, flush=True)
