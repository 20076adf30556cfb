"""`data`: sets to work with."""

import argparse
import re
import sys
from pathlib import Path

from fracture_core.errors import DataError


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("data", help="data sets")
    actions = parser.add_subparsers(dest="action", required=True, metavar="phantom")
    part = actions.add_parser("phantom", help="write labelled synthetic radiographs")
    part.add_argument("--to", type=Path, required=True, metavar="DIR")
    part.add_argument("--count", type=int, default=400, metavar="N")
    part.add_argument("--seed", type=int, default=0, metavar="S")
    part.add_argument("--format", default="png", metavar="png|dicom")
    part.add_argument(
        "--masks", action=argparse.BooleanOptionalAction, default=True, help="write the fracture zones too"
    )
    part.add_argument(
        "--size", default="512x400", metavar="ROWSxCOLUMNS", help="of each film; default: 512x400"
    )
    part.add_argument("--regions", metavar="NAME,…", help="which regions, joined by commas; default: all")
    part.add_argument(
        "--difficulty",
        default="easy",
        metavar="easy|realistic",
        help="easy: plain fractures, close up, each limb intact and broken; realistic: as in practice",
    )
    fractures = part.add_argument_group("fractures", "what is the same in all of them; the rest is drawn")
    fractures.add_argument("--kind", metavar="NAME", help="transverse, oblique, spiral, comminuted or buckle")
    fractures.add_argument("--gap", type=float, metavar="MM", help="between the fragments")
    fractures.add_argument(
        "--displacement", type=float, metavar="MM", help="sideways, of the distal fragment"
    )
    fractures.add_argument("--angulation", type=float, metavar="DEG", help="of the distal fragment")
    part.set_defaults(run=_phantom)


def _phantom(chosen: argparse.Namespace) -> int:
    from fracture_core.data.phantom import Fracture, SetSettings, write_set

    given = {"regions": tuple(chosen.regions.split(","))} if chosen.regions is not None else {}
    settings = SetSettings(
        chosen.count,
        chosen.seed,
        size=_size(chosen.size),
        format=chosen.format,
        masks=chosen.masks,
        difficulty=chosen.difficulty,
        fracture=Fracture(
            chosen.kind, gap=chosen.gap, displacement=chosen.displacement, angulation=chosen.angulation
        ),
        **given,
    )
    written = write_set(chosen.to, settings, _progress)
    print(f"{len(written)} synthetic radiographs are in {chosen.to}.")
    return 0


def _size(text: str) -> tuple[int, int]:
    """Rows and columns from “512x400”."""
    found = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if not found:
        raise DataError(f"Expected --size as ROWSxCOLUMNS, such as 512x400, but got {text!r}: write it so.")
    return int(found[1]), int(found[2])


def _progress(done: int, every: int) -> None:
    if done == every or done % 50 == 0:
        print(f"Drawing: {done} of {every}", file=sys.stderr, flush=True)
