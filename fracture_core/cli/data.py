"""`data`: sets to work with."""

import argparse
import sys
from pathlib import Path


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("data", help="data sets")
    actions = parser.add_subparsers(dest="action", required=True, metavar="phantom")
    part = actions.add_parser("phantom", help="write labelled synthetic radiographs")
    part.add_argument("--to", type=Path, required=True, metavar="DIR")
    part.add_argument("--count", type=int, default=400, metavar="N")
    part.add_argument("--seed", type=int, default=0, metavar="S")
    part.set_defaults(run=_phantom)


def _phantom(chosen: argparse.Namespace) -> int:
    from fracture_core.data.phantom import write_set

    written = write_set(chosen.to, chosen.count, chosen.seed, _progress)
    print(f"{len(written)} synthetic radiographs are in {chosen.to}.")
    return 0


def _progress(done: int, every: int) -> None:
    if done == every or done % 50 == 0:
        print(f"Drawing: {done} of {every}", file=sys.stderr, flush=True)
