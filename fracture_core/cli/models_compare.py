"""The command `models compare`: a table of all models and runs, and a paired comparison of two models."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fracture_core import paths
from fracture_core.cli.command_helpers import Subparsers, open_model_store
from fracture_core.errors import SecondLookError

if TYPE_CHECKING:
    import pandas as pd

    from fracture_core.evaluation.paired import PairedComparison
    from fracture_core.registry.store import ModelStore
    from fracture_core.training.comparison import ComparedModel

# The columns that fit on a terminal; the other formats have all of them.
_TERMINAL_COLUMNS = [
    "Name",
    "Kind",
    "State",
    "AUC",
    "Sensitivity",
    "Specificity",
    "Test films",
    "Split",
    "MB",
    "A film here, ms",
]

_FIGURE_FORMATS: tuple[Literal["svg", "png"], ...] = ("svg", "png")


def add_parser(actions: Subparsers) -> None:
    """Define the arguments of the command."""
    action = actions.add_parser(
        "compare",
        help="print a table of models and runs; for two models, add a paired test of their AUC",
    )
    action.add_argument("ids", nargs="*", metavar="ID", help="two models with test images in common")
    action.add_argument(
        "--format",
        choices=("table", "json", "csv"),
        default="table",
        help="output format; default: %(default)s",
    )
    action.add_argument(
        "--speed", action="store_true", help="measure the time per image if it is not known yet"
    )
    action.add_argument(
        "--out", type=Path, metavar="DIR", help="also write the table (CSV) and the curves (SVG, PNG) here"
    )
    action.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table and the comparison, and write the requested files."""
    from fracture_core.training import comparison

    if len(args.ids) not in (0, 2):
        raise SecondLookError(
            f"Expected two models to compare, but got {len(args.ids)}. Name two models, or none for the table alone."
        )
    store, runs = open_model_store(), paths.runs_dir()
    if args.speed:
        _measure_speeds(store, runs)
    models = comparison.compared_models(store, runs)
    pair: tuple[PairedComparison, pd.DataFrame] | None = None
    sentence = finding = ""
    if args.ids:
        pair = comparison.compare_models(store, *args.ids)
        finding = store.card(args.ids[0]).finding
        sentence = comparison.comparison_sentence(pair[0], args.ids[0], args.ids[1], finding)
    if args.format == "json":
        payload: dict[str, Any] = {
            "entries": json.loads(comparison.comparison_table(models).to_json(orient="records"))
        }
        if pair:
            payload |= {"pair": pair[0].to_json(), "sentence": sentence}
        print(json.dumps(payload, indent=2, ensure_ascii=False))
    elif args.format == "csv":
        print(comparison.comparison_to_csv(models), end="")
    else:
        _print_table(comparison.comparison_table(models))
    if sentence and args.format != "json":
        print(sentence, file=sys.stderr if args.format == "csv" else sys.stdout)
    if args.out:
        files = {"comparison.csv": comparison.comparison_to_csv(models).encode("utf-8")}
        if pair:
            files["pair.json"] = json.dumps({**pair[0].to_json(), "sentence": sentence}, indent=2).encode(
                "utf-8"
            )
        _write_files(args.out, files | _draw_figures(models, pair, args.ids, finding))
    return 0


def _measure_speeds(store: ModelStore, runs: Path) -> None:
    from fracture_core.registry import inference_speed
    from fracture_core.training import comparison

    for model_id in store.ids():
        if inference_speed.load_inference_speed(store.card(model_id), runs / comparison.SPEED_FOLDER) is None:
            inference_speed.measure_inference_speed(store, model_id, runs / comparison.SPEED_FOLDER)


def _print_table(table: pd.DataFrame) -> None:
    if table.empty:
        print("No model and no run yet.")
        return
    columns = table[_TERMINAL_COLUMNS]
    print(columns.astype(object).where(columns.notna(), "").to_string(index=False))


def _draw_figures(
    models: list[ComparedModel],
    pair: tuple[PairedComparison, pd.DataFrame] | None,
    ids: list[str],
    finding: str,
) -> dict[str, bytes]:
    """Learning curves and, for two models, their ROC curves; image files by name."""
    from fracture_core.evaluation.plots import encode_figure
    from fracture_core.training import comparison_plots

    figures = comparison_plots.plot_learning_comparison(models)
    if pair:
        figures["roc"] = comparison_plots.plot_roc_pair(*pair, ids[0], ids[1], finding)
    return {
        f"{name}.{form}": encode_figure(figure, form)
        for name, figure in figures.items()
        for form in _FIGURE_FORMATS
    }


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise SecondLookError(
            f"Cannot write the comparison to {folder}: {error.strerror}. Choose another folder."
        ) from error
