"""`evaluate`: a model against labelled radiographs."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from fracture_core import places
from fracture_core.cli.progress import progress
from fracture_core.cli.quiet import load_keras
from fracture_core.data.layouts import layout_names
from fracture_core.errors import SecondLookError
from fracture_core.words import SPLITS, a_finding, told_of, verdict_words


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("evaluate", help="measure a model on labelled radiographs")
    parser.add_argument("--model", metavar="ID", help="a model; default: the one in use")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="the data set: its folder, or a manifest (CSV)",
    )
    parser.add_argument("--layout", default="auto", help=", ".join(layout_names()))
    parser.add_argument(
        "--split",
        choices=(*SPLITS, "all"),
        default="test",
        help="which films; “all” for a set the model never saw",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write metrics.json, predictions.csv, slices.csv, report.html, and plots with their figures here",
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints the record as a table and writes it as files."""
    load_keras()
    from fracture_core.evaluation import VERDICTS
    from fracture_core.registry.store import ModelStore
    from fracture_core.training.evaluate import evaluate

    store = ModelStore(places.models())
    found = evaluate(
        store,
        chosen.model or store.in_use(),
        chosen.data,
        chosen.split,
        chosen.layout,
        partial(progress(), "Judging films"),
    )
    for warning in found.warnings:
        print(warning, file=sys.stderr)
    summary = found.summary
    print(
        f"{summary.n} films, {summary.positives} with {a_finding(found.finding)}, {summary.groups} groups, "
        f"threshold {summary.threshold:.3f}"
    )
    for row in summary.to_frame().itertuples():
        print(f"  {row.metric:<18} {row.text}")
    print(f"  {'ECE':<18} {summary.ece:.3f}")
    for region, part in found.regions.items():
        print(f"{region}: AUC {part.auc.text()}, sensitivity {part.sensitivity.text()}")
    for region, verdicts in found.coverage.items():
        print(
            f"{region or 'all films'}, verdicts (share of films; of these with {a_finding(found.finding)}):"
        )
        for verdict in VERDICTS:
            share, fractured = verdicts.of(verdict)
            print(f"  {verdict_words(verdict, found.finding):<20} {share.text()}; {fractured.text()}")
    if chosen.out:
        from fracture_core.evaluation import sentences

        slices = found.slices(places.runs() / ".cache", partial(progress(), "Measuring films"))
        for sentence in sentences(slices):
            print(told_of(sentence, found.finding))
        _write(found, slices, chosen.out)
    return 0


def _write(found, slices, folder: Path) -> None:
    from fracture_core.evaluation import slice_table
    from fracture_core.training.evaluation_page import to_html

    try:
        folder.mkdir(parents=True, exist_ok=True)
        metrics = json.dumps(found.to_json(), indent=2) + "\n"
        (folder / "metrics.json").write_text(metrics, encoding="utf-8")
        found.write_predictions(folder / "predictions.csv")
        (folder / "slices.csv").write_text(slice_table.to_csv(slices, found.finding), encoding="utf-8")
        plots = _draw(found, folder)
        (folder / "report.html").write_text(to_html(found, slices, plots), encoding="utf-8")
    except OSError as error:
        raise SecondLookError(
            f"Expected to write the results to {folder}, but the disk said “{error.strerror}”: choose another folder."
        ) from error


def _draw(found, folder: Path) -> dict[str, bytes]:
    """Curves and confusion matrix as pictures, the curves as tables, too; the PNG files by name."""
    from fracture_core.evaluation import decision_curve, plots, pr_points, reliability_points, roc_points

    label, probability, group = (found.table[name] for name in ("label", "probability", "group"))
    threshold, finding = found.summary.threshold, found.finding
    figures = {"confusion_matrix": plots.confusion_matrix(found.summary.confusion, threshold, finding)}
    if label.nunique() == 2:
        # With one class there is nothing to rank.
        marks = {"operating": threshold}
        roc, pr = roc_points(label, probability), pr_points(label, probability)
        reliability = reliability_points(label, probability, group)
        curve = decision_curve(label, probability, group)
        figures["roc"] = plots.roc(roc, marks, found.summary.auc, finding)
        figures["precision_recall"] = plots.precision_recall(pr, marks, finding)
        figures["reliability"] = plots.reliability(reliability, finding)
        figures["decision_curve"] = plots.decision(curve, threshold, finding)
        tables = {
            "roc": roc.to_frame(),
            "precision_recall": pr.to_frame(),
            "reliability": reliability.to_frame(),
            "decision_curve": curve.to_frame(),
        }
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    drawn = {}
    for name, figure in figures.items():
        for kind in ("svg", "png"):
            (folder / f"{name}.{kind}").write_bytes(plots.encoded(figure, kind))
        drawn[name.replace("_", " ").capitalize()] = (folder / f"{name}.png").read_bytes()
    return drawn
