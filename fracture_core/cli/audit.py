"""`audit`: what a data set is worth, before anything is trained on it."""

import argparse
import json
import sys
from pathlib import Path

from fracture_core.cli.progress import terminal_progress
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import DataError


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser(
        "audit", help="look for leaks, copies, wrong labels and shortcuts in a data set"
    )
    parser.add_argument("data", type=Path, metavar="DIR", help="the data set, or a manifest")
    parser.add_argument("--layout", choices=layout_names(), default="auto")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with thumbnails here")
    parser.add_argument(
        "--write-manifest",
        type=Path,
        metavar="FILE",
        help="write a de-duplicated, grouped, stratified split as a manifest that `train` reads",
    )
    parser.add_argument(
        "--write-distinct",
        type=Path,
        metavar="FILE",
        help="write the set as distributed, leaks and all, with each training file once, as such a manifest",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the mended split")
    parser.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Audits, prints, and writes what was asked for."""
    from fracture_core.audit import audit_dataset
    from fracture_core.audit.split_comparison import compare_with_clean_split
    from fracture_core.audit.text_report import to_text

    if chosen.job:
        from fracture_core.audit.audit_job import AuditJob

        return AuditJob(chosen.job).run(chosen.data, chosen.layout, chosen.seed)
    found = audit_dataset(chosen.data, chosen.layout, terminal_progress())
    report = found.to_json()
    mended, report["mended"] = compare_with_clean_split(found, chosen.seed)
    if chosen.html:
        from fracture_core.audit.html_report import to_html

        _write(chosen.html, to_html(report))
    if chosen.write_manifest:
        if mended is None:
            raise DataError(report["mended"]["error"])
        from fracture_core.datasets.manifest import write_manifest

        write_manifest(chosen.write_manifest, mended.cases, found.catalogue.finding, found.catalogue)
        print(f"The mended split is in {chosen.write_manifest}: train on it with --data.", file=sys.stderr)
    if chosen.write_distinct:
        from fracture_core.audit.clean_split import deduplicate
        from fracture_core.datasets.manifest import write_manifest

        write_manifest(
            chosen.write_distinct, deduplicate(found.films), found.catalogue.finding, found.catalogue
        )
        print(
            f"The set as distributed, each training file once, is in {chosen.write_distinct}.",
            file=sys.stderr,
        )
    print(json.dumps(report) if chosen.format == "json" else to_text(report))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"Expected to write a page to {path}, but the system said “{error.strerror}”: choose another place."
        ) from error
