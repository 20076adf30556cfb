"""The command `audit`: check a dataset before a model is trained on it."""

import argparse
import json
import sys
from pathlib import Path

from fracture_core.cli.command_helpers import Subparsers, write_output
from fracture_core.cli.progress import terminal_progress
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import DataError


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser(
        "audit",
        description="Check a dataset for leaks between its splits, duplicates, label errors and properties that "
        "reveal the label. Nothing in the dataset is changed.",
    )
    parser.add_argument("data", type=Path, metavar="DIR", help="folder of the dataset, or a manifest (CSV)")
    parser.add_argument(
        "--layout",
        choices=layout_names(),
        default="auto",
        metavar="NAME",
        help="how the folder is organised: %(choices)s; default: auto, detected from its content",
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="output format; default: %(default)s"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a report with thumbnails here")
    parser.add_argument(
        "--write-manifest",
        type=Path,
        metavar="FILE",
        help="write a clean split as a manifest for `train`: without duplicates, grouped and stratified",
    )
    parser.add_argument(
        "--write-distinct",
        type=Path,
        metavar="FILE",
        help="write a manifest of the split as distributed: leaks are kept, but each training file appears only once",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="random seed of the clean split; default: %(default)s",
    )
    parser.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Audit the dataset, print the report and write the requested files."""
    from fracture_core.audit import audit_dataset
    from fracture_core.audit.split_comparison import compare_with_clean_split
    from fracture_core.audit.text_report import to_text

    if args.job:
        from fracture_core.audit.audit_job import AuditJob

        return AuditJob(args.job).run(args.data, args.layout, args.seed)
    audit = audit_dataset(args.data, args.layout, terminal_progress())
    report = audit.to_json()
    clean_split, report["mended"] = compare_with_clean_split(audit, args.seed)
    if args.html:
        from fracture_core.audit.html_report import to_html

        write_output(args.html, to_html(report).encode("utf-8"), "report")
    if args.write_manifest:
        if clean_split is None:
            raise DataError(report["mended"]["error"])
        from fracture_core.datasets.manifest import write_manifest

        write_manifest(args.write_manifest, clean_split.cases, audit.catalogue.finding, audit.catalogue)
        print(f"The clean split is in {args.write_manifest}: train on it with --data.", file=sys.stderr)
    if args.write_distinct:
        from fracture_core.audit.clean_split import deduplicate
        from fracture_core.datasets.manifest import write_manifest

        write_manifest(
            args.write_distinct, deduplicate(audit.films), audit.catalogue.finding, audit.catalogue
        )
        print(
            f"The split as distributed, with each training file once, is in {args.write_distinct}.",
            file=sys.stderr,
        )
    print(json.dumps(report) if args.format == "json" else to_text(report))
    return 0
