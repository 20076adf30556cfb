"""The command `published`: figures of published systems beside those of our runs."""

import argparse

from fracture_core import paths
from fracture_core.cli.command_helpers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser("published")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="print the comparison").set_defaults(run=_list)
    action = actions.add_parser("add", help="add the result of a finished training run to the comparison")
    action.add_argument("name", metavar="RUN", help="name of the run")
    action.add_argument(
        "--column",
        required=True,
        metavar="as_distributed|mended|fracatlas",
        help="its dataset: the system's own as distributed, the same with a clean split (mended), or FracAtlas",
    )
    action.set_defaults(run=_add)


def _list(args: argparse.Namespace) -> int:
    from fracture_core.published.published_report import load_reports
    from fracture_core.published.run_result import RESULT_COLUMNS, load_results

    results = load_results(paths.published_dir() / "results")
    for report in load_reports(paths.published_dir()):
        stated = ", ".join(f"{name} {value:g}" for name, value in report.figures.items() if value is not None)
        print(f"{report.title} ({report.row}), {report.data}: {stated or 'no figures stated'}")
        for column, title in RESULT_COLUMNS.items():
            result = results.get((report.row, column))
            text = (
                f"accuracy {result.test.accuracy.text()}, AUC {result.test.auc.text()}, {result.test.groups} originals"
                if result
                else report.empty_cell_text(column)
            )
            print(f"  {title:<28} {text}")
    return 0


def _add(args: argparse.Namespace) -> int:
    from fracture_core.published.collect import collect_result
    from fracture_core.runs.run import Run

    result = collect_result(Run.open(paths.runs_dir(), args.name), args.column)
    print(f"Written: {result.save(paths.published_dir() / 'results')}")
    return 0
