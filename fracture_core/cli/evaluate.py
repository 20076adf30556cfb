"""`evaluate`: a model against labelled radiographs."""

import argparse
import json
import sys
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.progress import terminal_progress
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import SecondLookError
from fracture_core.vocabulary import SPLITS, finding_with_article, rephrase_for_finding, verdict_text


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
    from fracture_core.inference.evaluate import evaluate_model
    from fracture_core.registry.store import ModelStore

    store = ModelStore(paths.models_dir())
    found = evaluate_model(
        store,
        chosen.model or store.model_in_use(),
        chosen.data,
        chosen.split,
        chosen.layout,
        terminal_progress(),
    )
    for warning in found.warnings:
        print(warning, file=sys.stderr)
    summary = found.summary
    print(
        f"{summary.n} films, {summary.positives} with {finding_with_article(found.finding)}, {summary.groups} groups, "
        f"threshold {summary.threshold:.3f}"
    )
    for row in summary.to_frame().itertuples():
        print(f"  {row.metric:<18} {row.text}")
    print(f"  {'ECE':<18} {summary.ece:.3f}")
    for region, part in found.regions.items():
        print(f"{region}: AUC {part.auc.text()}, sensitivity {part.sensitivity.text()}")
    for region, verdicts in found.coverage.items():
        print(
            f"{region or 'all films'}, verdicts (share of films; of these with {finding_with_article(found.finding)}):"
        )
        for verdict in VERDICTS:
            share, fractured = verdicts.for_verdict(verdict)
            print(f"  {verdict_text(verdict, found.finding):<20} {share.text()}; {fractured.text()}")
    if chosen.out:
        from fracture_core.evaluation import subgroup_sentences

        slices = found.analyse_subgroups(paths.runs_dir() / ".cache", terminal_progress())
        for sentence in subgroup_sentences(slices):
            print(rephrase_for_finding(sentence, found.finding))
        _write(found, slices, chosen.out)
    return 0


def _write(found, slices, folder: Path) -> None:
    from fracture_core.evaluation import subgroup_table
    from fracture_core.inference.evaluation_page import evaluation_to_html

    try:
        folder.mkdir(parents=True, exist_ok=True)
        metrics = json.dumps(found.to_json(), indent=2) + "\n"
        (folder / "metrics.json").write_text(metrics, encoding="utf-8")
        found.write_predictions(folder / "predictions.csv")
        (folder / "slices.csv").write_text(
            subgroup_table.subgroups_to_csv(slices, found.finding), encoding="utf-8"
        )
        plots = _draw(found, folder)
        (folder / "report.html").write_text(evaluation_to_html(found, slices, plots), encoding="utf-8")
    except OSError as error:
        raise SecondLookError(
            f"Expected to write the results to {folder}, but the disk said “{error.strerror}”: choose another folder."
        ) from error


def _draw(found, folder: Path) -> dict[str, bytes]:
    """Curves and confusion matrix as pictures, the curves as tables, too; the PNG files by name."""
    from fracture_core.evaluation import (
        compute_decision_curve,
        compute_precision_recall_curve,
        compute_reliability_curve,
        compute_roc_curve,
        plots,
    )

    label, probability, group = (found.table[name] for name in ("label", "probability", "group"))
    threshold, finding = found.summary.threshold, found.finding
    figures = {"confusion_matrix": plots.plot_confusion_matrix(found.summary.confusion, threshold, finding)}
    if label.nunique() == 2:
        # With one class there is nothing to rank.
        marks = {"operating": threshold}
        roc, pr = compute_roc_curve(label, probability), compute_precision_recall_curve(label, probability)
        reliability = compute_reliability_curve(label, probability, group)
        curve = compute_decision_curve(label, probability, group)
        figures["roc"] = plots.plot_roc(roc, marks, found.summary.auc, finding)
        figures["precision_recall"] = plots.plot_precision_recall(pr, marks, finding)
        figures["reliability"] = plots.plot_reliability(reliability, finding)
        figures["decision_curve"] = plots.plot_decision_curve(curve, threshold, finding)
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
            (folder / f"{name}.{kind}").write_bytes(plots.encode_figure(figure, kind))
        drawn[name.replace("_", " ").capitalize()] = (folder / f"{name}.png").read_bytes()
    return drawn
