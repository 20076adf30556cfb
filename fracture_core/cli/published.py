"""`published`: what published systems state, and what our runs of them measured."""

import argparse

from fracture_core import paths


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("published", help="the published systems beside our runs of them")
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|add")
    actions.add_parser("list", help="the table").set_defaults(run=_list)
    part = actions.add_parser("add", help="take the result of a finished run into the table")
    part.add_argument("name", metavar="RUN")
    part.add_argument(
        "--column", required=True, metavar="as_distributed|mended|fracatlas", help="on what it was run"
    )
    part.set_defaults(run=_add)


def _list(chosen: argparse.Namespace) -> int:
    from fracture_core.published.published_report import load_reports
    from fracture_core.published.run_result import RESULT_COLUMNS, load_results

    found = load_results(paths.published_dir() / "results")
    for report in load_reports(paths.published_dir()):
        stated = ", ".join(f"{name} {value:g}" for name, value in report.figures.items() if value is not None)
        print(f"{report.title} ({report.row}), {report.data}: {stated or 'no figures of its own'}")
        for column, words in RESULT_COLUMNS.items():
            result = found.get((report.row, column))
            text = (
                f"accuracy {result.test.accuracy.text()}, AUC {result.test.auc.text()}, {result.test.groups} originals"
                if result
                else report.empty_cell_text(column)
            )
            print(f"  {words:<28} {text}")
    return 0


def _add(chosen: argparse.Namespace) -> int:
    from fracture_core.published.collect import collect_result
    from fracture_core.runs.run import Run

    path = collect_result(Run.open(paths.runs_dir(), chosen.name), chosen.column).save(
        paths.published_dir() / "results"
    )
    print(f"Written: {path}")
    return 0
