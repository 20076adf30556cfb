"""The command `data`: download, unpack, delete, generate and check datasets."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core import paths
from fracture_core.cli.command_helpers import Subparsers, open_model_store, write_output
from fracture_core.cli.progress import download_progress, drawing_progress, terminal_progress
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import DataError
from fracture_core.vocabulary import label_text

if TYPE_CHECKING:
    from fracture_core.jobs.progress import ProgressCallback
    from fracture_core.label_errors.label_issues import LabelIssues

# Maximum number of label errors listed on the terminal.
_MAX_LISTED = 20


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser("data")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser(
        "list", help="list the public datasets that can be downloaded and the zips that were unpacked"
    )
    action.set_defaults(run=_list)
    action = actions.add_parser(
        "get", help="download a public dataset; without NAME, list the public datasets"
    )
    action.add_argument("name", nargs="?", metavar="NAME", help="a name from `data list`")
    action.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="new or empty folder for the dataset; default: a folder that the page Train lists",
    )
    action.add_argument("--yes", action="store_true", help="accept the licence without being asked")
    action.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    action.set_defaults(run=_get)
    action = actions.add_parser(
        "unpack",
        help="unpack a zip of labelled images to a folder that the page Train lists; print the folder",
    )
    action.add_argument("zip", type=Path, metavar="FILE.zip", help="the zip file")
    action.set_defaults(run=_unpack)
    action = actions.add_parser("delete", help="delete the images of a zip that was unpacked")
    action.add_argument("folder", type=Path, metavar="DIR", help="the folder, as `data list` prints it")
    action.set_defaults(run=_delete)
    _add_phantom(actions)
    action = actions.add_parser("suspects", help="list the images of a dataset whose label is probably wrong")
    action.add_argument("data", type=Path, metavar="DIR", help="folder of the dataset, or a manifest (CSV)")
    action.add_argument(
        "--layout",
        choices=layout_names(),
        default="auto",
        metavar="NAME",
        help="how the folder is organised: %(choices)s; default: auto, detected from its content",
    )
    action.add_argument(
        "--model", metavar="ID", help="the model whose image features are used; default: the model in use"
    )
    action.add_argument("--out", type=Path, metavar="FILE", help="write the whole list here as CSV")
    action.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    action.set_defaults(run=_suspects)


def _add_phantom(actions: Subparsers) -> None:
    action = actions.add_parser("phantom", help="generate labelled synthetic radiographs")
    action.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder for the dataset")
    action.add_argument(
        "--count", type=int, default=400, metavar="N", help="number of images; default: %(default)s"
    )
    action.add_argument("--seed", type=int, default=0, metavar="S", help="random seed; default: %(default)s")
    action.add_argument(
        "--format", default="png", metavar="png|dicom", help="file format; default: %(default)s"
    )
    action.add_argument(
        "--masks",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also write masks of the fractures",
    )
    action.add_argument(
        "--size",
        default="512x400",
        metavar="ROWSxCOLUMNS",
        help="size of each image in pixels; default: %(default)s",
    )
    action.add_argument("--regions", metavar="NAME,…", help="body regions, separated by commas; default: all")
    action.add_argument(
        "--difficulty",
        default="easy",
        metavar="easy|realistic",
        help="easy: close-ups, each limb once with an obvious fracture and once without; realistic: as in practice; "
        "default: %(default)s",
    )
    fractures = action.add_argument_group(
        "fractures", "properties of every fracture; those not given are random"
    )
    fractures.add_argument("--kind", metavar="NAME", help="transverse, oblique, spiral, comminuted or buckle")
    fractures.add_argument("--gap", type=float, metavar="MM", help="gap between the fragments")
    fractures.add_argument(
        "--displacement", type=float, metavar="MM", help="sideways displacement of the distal fragment"
    )
    fractures.add_argument(
        "--angulation", type=float, metavar="DEG", help="angulation of the distal fragment"
    )
    action.set_defaults(run=_phantom)


def _list(args: argparse.Namespace) -> int:
    from fracture_core.datasets import recent_folders, uploaded_datasets
    from fracture_core.download import PUBLIC_DATASETS, local_datasets

    folders = recent_folders.recent_folders(paths.runs_dir())
    for dataset in PUBLIC_DATASETS:
        print(f"{dataset.name:<12} {dataset.title}: {dataset.words}")
        print(f"{'':<12} {dataset.size_text}; licence: {dataset.licence}")
        print(f"{'':<12} {dataset.page}")
        folder = local_datasets.find_local(dataset, paths.runs_dir(), folders)
        if folder is not None:
            print(f"{'':<12} downloaded to: {folder}")
    for folder in uploaded_datasets.uploaded_folders(paths.runs_dir()):
        print(f"{'zip':<12} unpacked: {folder}")
    return 0


def _unpack(args: argparse.Namespace) -> int:
    from fracture_core.datasets import uploaded_datasets

    try:
        file = args.zip.open("rb")
    except OSError as error:
        raise DataError(f"Cannot open the zip {args.zip}: {error.strerror}. Check the path.") from error
    with file:
        print(uploaded_datasets.add_uploaded(file, args.zip.name, paths.runs_dir()))
    return 0


def _delete(args: argparse.Namespace) -> int:
    from fracture_core.datasets import uploaded_datasets
    from fracture_core.runs import process

    root, requested = paths.runs_dir(), args.folder.resolve()
    # The same folder may be written as a relative path or through a link.
    folder = next(
        (path for path in uploaded_datasets.uploaded_folders(root) if path.resolve() == requested), requested
    )
    if any(
        uploaded_datasets.is_used_by(config.data, requested) for config in process.active_and_waiting(root)
    ):
        raise DataError(
            f"A training run uses {folder}, or waits to use it. Delete the images when the run has finished."
        )
    uploaded_datasets.delete_uploaded(folder, root)
    print(f"{folder} is deleted.")
    return 0


def _get(args: argparse.Namespace) -> int:
    """Show the licence, ask for consent, download, and describe what was downloaded."""
    if args.name is None:
        return _list(args)
    from fracture_core.datasets import recent_folders
    from fracture_core.download import download_dataset, licence_text, local_datasets, public_dataset

    dataset = public_dataset(args.name)
    folder = args.to or local_datasets.default_folder(dataset, paths.runs_dir())
    print(licence_text(dataset), flush=True)
    if dataset.source is not None and not args.yes and not _confirm_licence(dataset.title, folder):
        print("Nothing was downloaded.", file=sys.stderr)
        return 1
    if args.job:
        from fracture_core.download.download_job import DownloadJob

        return DownloadJob(args.job).run(dataset, folder)
    download = download_dataset(
        dataset,
        folder,
        download_progress(),
        lambda sentence: print(sentence, file=sys.stderr, flush=True),
    )
    for warning in download.warnings:
        print(warning, file=sys.stderr)
    # The page Train offers recent folders, wherever they are.
    recent_folders.remember_folder(paths.runs_dir(), str(download.folder))
    layout = f"layout {download.layout}" if download.layout else "no known layout"
    print(f"{download.image_count:,} images are in {download.folder}, {layout}.")
    return 0


def _confirm_licence(title: str, folder: Path) -> bool:
    """Ask on the terminal whether the user accepts the licence."""
    if not sys.stdin.isatty():
        raise DataError(
            f"The licence of {title} needs your consent, but there is no terminal to ask on. Read it and add --yes."
        )
    try:
        answer = input(f"Download it to {folder} under these terms? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _phantom(args: argparse.Namespace) -> int:
    from fracture_core.phantom import FractureRequest, PhantomSettings, write_phantom_dataset

    regions = {"regions": tuple(args.regions.split(","))} if args.regions is not None else {}
    settings = PhantomSettings(
        args.count,
        args.seed,
        size=_parse_size(args.size),
        format=args.format,
        masks=args.masks,
        difficulty=args.difficulty,
        fracture=FractureRequest(
            args.kind, gap=args.gap, displacement=args.displacement, angulation=args.angulation
        ),
        **regions,
    )
    written = write_phantom_dataset(args.to, settings, drawing_progress)
    print(f"{len(written)} synthetic radiographs are in {args.to}.")
    return 0


def _parse_size(text: str) -> tuple[int, int]:
    """Parse rows and columns from text such as “512x400”."""
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if not match:
        raise DataError(f"Invalid --size {text!r}. Use ROWSxCOLUMNS, such as 512x400.")
    return int(match[1]), int(match[2])


def _suspects(args: argparse.Namespace) -> int:
    from fracture_core.label_errors.find_label_errors import find_label_errors
    from fracture_core.label_errors.search_job import LabelErrorJob

    store = open_model_store()

    def search(progress: ProgressCallback) -> LabelIssues:
        model = args.model or store.model_in_use()
        return find_label_errors(store, model, args.data, args.layout, paths.runs_dir() / ".cache", progress)

    if args.job:
        return LabelErrorJob(args.job).run(args.data, search)
    issues = search(terminal_progress())
    print(" ".join(filter(None, (issues.sentence, issues.limitations))))
    for number, issue in enumerate(issues.suspected[:_MAX_LISTED], 1):
        label = label_text(issue.label, issues.finding)
        print(f"{number:>4}  {label:<16} probability {issue.probability:.3f}  {issue.split:<5}  {issue.case}")
    if len(issues.suspected) > _MAX_LISTED and not args.out:
        print(
            f"      and {len(issues.suspected) - _MAX_LISTED:,} more: write the whole list with --out FILE."
        )
    for name, error in issues.unreadable_films:
        print(f"{name}: {error}", file=sys.stderr)
    if args.out:
        write_output(args.out, issues.to_csv(), "list")
        print(f"The list is in {args.out}.", file=sys.stderr)
    return 0
