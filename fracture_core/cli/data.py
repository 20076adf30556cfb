"""`data`: sets to work with."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core import paths
from fracture_core.cli.progress import terminal_progress
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import DataError
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.vocabulary import label_text

if TYPE_CHECKING:
    from fracture_core.label_errors.label_issues import LabelIssues

# Films of the list on the terminal.
_SHOWN = 20


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("data", help="data sets")
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|get|unpack|delete|phantom|suspects"
    )
    part = actions.add_parser(
        "list", help="the public data sets that can be fetched, and the zips that were unpacked"
    )
    part.set_defaults(run=_list)
    part = actions.add_parser("get", help="fetch a public data set; without a name: list them")
    part.add_argument("name", nargs="?", metavar="NAME")
    part.add_argument(
        "--to", type=Path, metavar="DIR", help="a new or empty folder for it; default: where Train looks"
    )
    part.add_argument("--yes", action="store_true", help="agree to its licence without being asked")
    part.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    part.set_defaults(run=_get)
    part = actions.add_parser(
        "unpack", help="unpack a zip of labelled films where Train looks; prints the folder"
    )
    part.add_argument("zip", type=Path, metavar="FILE.zip")
    part.set_defaults(run=_unpack)
    part = actions.add_parser("delete", help="delete the films of a zip that was unpacked")
    part.add_argument("folder", type=Path, metavar="DIR", help="as `data list` names it")
    part.set_defaults(run=_delete)
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
    part = actions.add_parser("suspects", help="list the films of a set whose label is probably wrong")
    part.add_argument("data", type=Path, metavar="DIR", help="the data set, or a manifest")
    part.add_argument("--layout", choices=layout_names(), default="auto")
    part.add_argument(
        "--model", metavar="ID", help="the model whose features are used; default: the one in use"
    )
    part.add_argument("--out", type=Path, metavar="FILE", help="write the whole list here as CSV")
    part.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    part.set_defaults(run=_suspects)


def _list(chosen: argparse.Namespace) -> int:
    from fracture_core.datasets import recent_folders, uploaded_datasets
    from fracture_core.download import PUBLIC_DATASETS, local_datasets

    others = recent_folders.recent_folders(paths.runs_dir())
    for row in PUBLIC_DATASETS:
        print(f"{row.name:<12} {row.title}: {row.words}")
        print(f"{'':<12} {row.size_text}; licence: {row.licence}")
        print(f"{'':<12} {row.page}")
        folder = local_datasets.find_local(row, paths.runs_dir(), others)
        if folder is not None:
            print(f"{'':<12} here: {folder}")
    for folder in uploaded_datasets.uploaded_folders(paths.runs_dir()):
        print(f"{'zip':<12} unpacked: {folder}")
    return 0


def _unpack(chosen: argparse.Namespace) -> int:
    from fracture_core.datasets import uploaded_datasets

    try:
        file = chosen.zip.open("rb")
    except OSError as error:
        raise DataError(
            f"Expected a zip at {chosen.zip}, but the system said “{error.strerror}”: check the path."
        ) from error
    with file:
        print(uploaded_datasets.add_uploaded(file, chosen.zip.name, paths.runs_dir()))
    return 0


def _delete(chosen: argparse.Namespace) -> int:
    from fracture_core.datasets import uploaded_datasets
    from fracture_core.runs import process

    root, asked = paths.runs_dir(), chosen.folder.resolve()
    # However its path is written.
    folder = next(
        (path for path in uploaded_datasets.uploaded_folders(root) if path.resolve() == asked), asked
    )
    if any(uploaded_datasets.is_used_by(config.data, asked) for config in process.active_and_waiting(root)):
        raise DataError(
            f"Expected films that no training needs, but one is at work on {folder}, or waits to be: delete them when "
            "it is done."
        )
    uploaded_datasets.delete_uploaded(folder, root)
    print(f"{folder} is deleted.")
    return 0


def _get(chosen: argparse.Namespace) -> int:
    """Shows the terms, asks, fetches, and says what came."""
    if chosen.name is None:
        return _list(chosen)
    from fracture_core.datasets import recent_folders
    from fracture_core.download import download_dataset, licence_text, local_datasets, public_dataset

    row = public_dataset(chosen.name)
    folder = chosen.to or local_datasets.default_folder(row, paths.runs_dir())
    print(licence_text(row), flush=True)
    if row.source is not None and not chosen.yes and not _confirm_terms(row.title, folder):
        print("Nothing was fetched.", file=sys.stderr)
        return 1
    if chosen.job:
        from fracture_core.download.download_job import DownloadJob

        return DownloadJob(chosen.job).run(row, folder)
    found = download_dataset(
        row, folder, _percent_progress(), lambda sentence: print(sentence, file=sys.stderr, flush=True)
    )
    for warning in found.warnings:
        print(warning, file=sys.stderr)
    # The Train page offers it, wherever it lies.
    recent_folders.remember_folder(paths.runs_dir(), str(found.folder))
    layout = f"layout {found.layout}" if found.layout else "no known layout"
    print(f"{found.image_count:,} films are in {found.folder}, {layout}.")
    return 0


def _confirm_terms(title: str, folder: Path) -> bool:
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


def _percent_progress() -> ProgressCallback:
    """Tells each percent on a terminal, each tenth in a log."""
    step = 1 if sys.stderr.isatty() else 10
    told = -step

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal told
        percent = 100 * done // total if total else 100
        if percent >= told + step or percent < told:
            told = percent - percent % step
            end = "\r" if step == 1 and done < total else "\n"
            print(f"{stage}: {percent:3d}% of {total / 1e6:,.1f} MB", file=sys.stderr, end=end, flush=True)

    return progress


def _phantom(chosen: argparse.Namespace) -> int:
    from fracture_core.phantom import FractureRequest, PhantomSettings, write_phantom_dataset

    given = {"regions": tuple(chosen.regions.split(","))} if chosen.regions is not None else {}
    settings = PhantomSettings(
        chosen.count,
        chosen.seed,
        size=_size(chosen.size),
        format=chosen.format,
        masks=chosen.masks,
        difficulty=chosen.difficulty,
        fracture=FractureRequest(
            chosen.kind, gap=chosen.gap, displacement=chosen.displacement, angulation=chosen.angulation
        ),
        **given,
    )
    written = write_phantom_dataset(chosen.to, settings, _print_drawing)
    print(f"{len(written)} synthetic radiographs are in {chosen.to}.")
    return 0


def _size(text: str) -> tuple[int, int]:
    """Rows and columns from “512x400”."""
    found = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if not found:
        raise DataError(f"Expected --size as ROWSxCOLUMNS, such as 512x400, but got {text!r}: write it so.")
    return int(found[1]), int(found[2])


def _print_drawing(stage: str, done: int, total: int) -> None:
    if done == total or done % 50 == 0:
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)


def _suspects(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.label_errors.find_label_errors import find_label_errors
    from fracture_core.label_errors.search_job import LabelErrorJob
    from fracture_core.registry.store import ModelStore

    store = ModelStore(paths.models_dir())

    def search(progress: ProgressCallback) -> "LabelIssues":
        model = chosen.model or store.model_in_use()
        return find_label_errors(
            store, model, chosen.data, chosen.layout, paths.runs_dir() / ".cache", progress
        )

    if chosen.job:
        return LabelErrorJob(chosen.job).run(chosen.data, search)
    found = search(terminal_progress())
    print(" ".join(filter(None, (found.sentence, found.limitations))))
    for number, film in enumerate(found.suspected[:_SHOWN], 1):
        label = label_text(film.label, found.finding)
        print(f"{number:>4}  {label:<16} probability {film.probability:.3f}  {film.split:<5}  {film.case}")
    if len(found.suspected) > _SHOWN and not chosen.out:
        print(f"      and {len(found.suspected) - _SHOWN:,} more: name a file with --out for all of them.")
    for name, error in found.unreadable_films:
        print(f"{name}: {error}", file=sys.stderr)
    if chosen.out:
        try:
            chosen.out.write_bytes(found.to_csv())
        except OSError as error:
            raise DataError(
                f"Expected to write the list to {chosen.out}, but the system said “{error.strerror}”: choose another "
                "place."
            ) from error
        print(f"The list is in {chosen.out}.", file=sys.stderr)
    return 0
