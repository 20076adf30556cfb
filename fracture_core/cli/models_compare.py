"""`models compare`: runs and models beside one another, and two models on the same films."""

import argparse
import json
import sys
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.errors import SecondLookError


def add(actions) -> None:
    """Adds the arguments."""
    part = actions.add_parser(
        "compare",
        help="a table of models and runs; of two models also how sure the difference of their AUC is",
    )
    part.add_argument("ids", nargs="*", metavar="ID", help="two models tested on the same films")
    part.add_argument("--format", choices=("table", "json", "csv"), default="table")
    part.add_argument(
        "--speed", action="store_true", help="measure how long a film takes here, where nobody has"
    )
    part.add_argument(
        "--out", type=Path, metavar="DIR", help="write the table (CSV) and the curves (SVG, PNG) here"
    )
    part.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints the table and the comparison, and writes them as files."""
    from fracture_core.registry.store import ModelStore
    from fracture_core.training import comparison

    if len(chosen.ids) not in (0, 2):
        raise SecondLookError(
            f"Expected two models to compare, but got {len(chosen.ids)}: name two, or none for the table alone."
        )
    store, runs = ModelStore(paths.models_dir()), paths.runs_dir()
    if chosen.speed:
        _measure(store, runs)
    found = comparison.compared_models(store, runs)
    pair = comparison.compare_models(store, *chosen.ids) if chosen.ids else None
    said = pair and _comparison_text(pair[0], store, *chosen.ids)
    if chosen.format == "json":
        payload = {"entries": json.loads(comparison.comparison_table(found).to_json(orient="records"))}
        if pair:
            payload |= {"pair": pair[0].to_json(), "sentence": said}
        print(json.dumps(payload, indent=2, ensure_ascii=False))
    elif chosen.format == "csv":
        print(comparison.comparison_to_csv(found), end="")
    else:
        _print(comparison.comparison_table(found))
    if said and chosen.format != "json":
        print(said, file=sys.stderr if chosen.format == "csv" else sys.stdout)
    if chosen.out:
        _write(chosen.out, found, pair, said, chosen.ids, store.card(chosen.ids[0]).finding if pair else "")
    return 0


def _comparison_text(found, store, first: str, second: str) -> str:
    from fracture_core.training import comparison

    return comparison.comparison_sentence(found, first, second, store.card(first).finding)


def _measure(store, runs: Path) -> None:
    from fracture_core.registry import inference_speed
    from fracture_core.training import comparison

    load_keras()
    for model_id in store.ids():
        if inference_speed.load_inference_speed(store.card(model_id), runs / comparison.SPEED_FOLDER) is None:
            inference_speed.measure_inference_speed(store, model_id, runs / comparison.SPEED_FOLDER)


_SHOWN = (
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
)


def _print(table) -> None:
    """What fits on a terminal; the rest is in the other formats."""
    if table.empty:
        print("No model and no run yet.")
        return
    print(table[list(_SHOWN)].astype(object).where(table[list(_SHOWN)].notna(), "").to_string(index=False))


def _write(folder: Path, found, pair, said: str | None, ids: list[str], finding: str) -> None:
    from fracture_core.evaluation.plots import encode_figure
    from fracture_core.training import comparison, comparison_plots

    files = {"comparison.csv": comparison.comparison_to_csv(found).encode("utf-8")}
    figures = comparison_plots.plot_learning_comparison(found)
    if pair:
        (measured, films), (first, second) = pair, ids
        figures["roc"] = comparison_plots.plot_roc_pair(measured, films, first, second, finding)
        files["pair.json"] = json.dumps({**pair[0].to_json(), "sentence": said}, indent=2).encode("utf-8")
    for name, figure in figures.items():
        for kind in ("svg", "png"):
            files[f"{name}.{kind}"] = encode_figure(figure, kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise SecondLookError(
            f"Expected to write the comparison to {folder}, but the disk said “{error.strerror}”: choose another "
            "folder."
        ) from error
