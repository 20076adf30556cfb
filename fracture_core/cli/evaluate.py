"""The command `evaluate`: measure a model on labelled radiographs."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fracture_core import paths
from fracture_core.cli.command_helpers import Subparsers, open_model_store
from fracture_core.cli.progress import terminal_progress
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import SecondLookError
from fracture_core.vocabulary import SPLITS, finding_with_article, rephrase_for_finding, verdict_text
from fracture_core.zoo.quiet_keras import load_keras

if TYPE_CHECKING:
    from fracture_core.evaluation import SubgroupAnalysis
    from fracture_core.inference.evaluate import Evaluation
    from fracture_core.registry.card import ModelCard
    from fracture_core.registry.store import ModelStore

_FIGURE_FORMATS: tuple[Literal["svg", "png"], ...] = ("svg", "png")


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser(
        "evaluate",
        description="Measure a model on labelled radiographs and print its metrics with 95% confidence intervals.",
    )
    parser.add_argument("--model", metavar="ID", help="the model; default: the model in use")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the dataset, or a manifest (CSV)",
    )
    parser.add_argument(
        "--layout",
        default="auto",
        metavar="NAME",
        help=f"how the folder is organised: {', '.join(layout_names())}; default: auto, detected from its content",
    )
    parser.add_argument(
        "--split",
        choices=(*SPLITS, "all"),
        default="test",
        help="the split to measure on; all: for a dataset that the model was not trained on; default: %(default)s",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="also write metrics.json, predictions.csv, slices.csv (subgroups), report.html and plots here, and with "
        "--split all acceptance.pdf",
    )
    parser.add_argument(
        "--heatmaps",
        action="store_true",
        help="also test how far each heatmap method can be trusted; needs a dataset with annotated fractures",
    )
    parser.add_argument(
        "--second-model",
        default="",
        metavar="ID",
        help="with --heatmaps: a model of another training, to test repeatability",
    )
    parser.add_argument(
        "--add-to-card",
        default="",
        metavar="NAME",
        help="also keep the metrics in the model's card under this name; needs --split all and a dataset that the "
        "model was not trained on",
    )
    parser.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure the model, print its metrics and write the requested files."""
    load_keras()
    from fracture_core.evaluation import VERDICTS
    from fracture_core.inference.evaluate import evaluate_model

    store = open_model_store()
    if args.job:
        return _run_job(store, args)
    if args.add_to_card and args.split != "all":
        raise SecondLookError("The card keeps metrics on whole datasets: add --split all.")
    evaluation = evaluate_model(
        store,
        args.model or store.model_in_use(),
        args.data,
        args.split,
        args.layout,
        terminal_progress(),
        args.heatmaps,
        args.second_model,
    )
    for warning in evaluation.warnings:
        print(warning, file=sys.stderr)
    summary, finding = evaluation.summary, finding_with_article(evaluation.finding)
    print(
        f"{summary.n} images, {summary.positives} with {finding}, {summary.groups} groups, "
        f"threshold {summary.threshold:.3f}"
    )
    for metric in summary.to_frame().itertuples():
        print(f"  {metric.metric:<18} {metric.text}")
    print(f"  {'ECE':<18} {summary.ece:.3f}")
    for region, region_summary in evaluation.regions.items():
        print(f"{region}: AUC {region_summary.auc.text()}, sensitivity {region_summary.sensitivity.text()}")
    for region, coverage in evaluation.coverage.items():
        print(f"{region or 'all images'}, verdicts (share of images; share of these with {finding}):")
        for verdict in VERDICTS:
            share, fractured = coverage.for_verdict(verdict)
            print(f"  {verdict_text(verdict, evaluation.finding):<20} {share.text()}; {fractured.text()}")
    if evaluation.findings is not None:
        print("boxes of the findings:")
        print("\n".join(f"  {line}" for line in evaluation.findings.lines()))
    if evaluation.heatmap_trust is not None:
        print("trust tests of the heatmaps:")
        print("\n".join(f"  {line}" for line in evaluation.heatmap_trust.lines()))
    if evaluation.acceptance is not None:
        print("compared with the card, and thresholds with guarantees:")
        print("\n".join(f"  {line}" for line in evaluation.acceptance.sentences(evaluation.finding)))
    if args.out:
        from fracture_core.evaluation import subgroup_sentences

        subgroups = evaluation.analyse_subgroups(paths.runs_dir() / ".cache", terminal_progress())
        for sentence in subgroup_sentences(subgroups):
            print(rephrase_for_finding(sentence, evaluation.finding))
        card = store.card(evaluation.model)
        _write_results(evaluation, subgroups, args.out, card, args.data.resolve().stem)
    if args.add_to_card:
        from fracture_core.registry.external_test import ExternalTest

        today = datetime.now(UTC).date().isoformat()
        test = ExternalTest(args.add_to_card, today, summary, tuple(evaluation.warnings))
        store.update_card(args.model or store.model_in_use(), lambda card: card.with_external_test(test))
    return 0


def _run_job(store: ModelStore, args: argparse.Namespace) -> int:
    """Evaluate as the background process of a page."""
    from fracture_core.inference.evaluate import evaluate_model
    from fracture_core.inference.evaluation_job import EvaluationJob

    return EvaluationJob(args.job).run(
        args.data,
        lambda progress: evaluate_model(store, args.model, args.data, args.split, args.layout, progress),
    )


def _acceptance_pdf(evaluation: Evaluation, card: ModelCard, name: str) -> bytes:
    from fracture_core.report.acceptance_pdf import AcceptanceReport, acceptance_to_pdf

    assert evaluation.acceptance is not None
    report = AcceptanceReport(
        name,
        evaluation.summary,
        evaluation.acceptance,
        evaluation.regions,
        evaluation.coverage,
        evaluation.table,
        evaluation.warnings,
    )
    return acceptance_to_pdf(card, report, datetime.now().astimezone())


def _write_results(
    evaluation: Evaluation, subgroups: SubgroupAnalysis, folder: Path, card: ModelCard, name: str
) -> None:
    from fracture_core.evaluation import subgroup_table
    from fracture_core.inference.evaluation_page import evaluation_to_html

    try:
        folder.mkdir(parents=True, exist_ok=True)
        metrics = json.dumps(evaluation.to_json(), indent=2) + "\n"
        (folder / "metrics.json").write_text(metrics, encoding="utf-8")
        evaluation.write_predictions(folder / "predictions.csv")
        if evaluation.acceptance is not None:
            (folder / "acceptance.pdf").write_bytes(_acceptance_pdf(evaluation, card, name))
        (folder / "slices.csv").write_text(
            subgroup_table.subgroups_to_csv(subgroups, evaluation.finding), encoding="utf-8"
        )
        figures = _write_figures(evaluation, folder)
        (folder / "report.html").write_text(
            evaluation_to_html(evaluation, subgroups, figures), encoding="utf-8"
        )
    except OSError as error:
        raise SecondLookError(
            f"Cannot write the results to {folder}: {error.strerror}. Choose another folder."
        ) from error


def _write_figures(evaluation: Evaluation, folder: Path) -> dict[str, bytes]:
    """Write the figures, and the data of each curve as CSV; return the PNG files by title."""
    from fracture_core.evaluation import (
        compute_decision_curve,
        compute_precision_recall_curve,
        compute_reliability_curve,
        compute_roc_curve,
        plots,
    )

    label, probability, group = (evaluation.table[name] for name in ("label", "probability", "group"))
    summary, finding = evaluation.summary, evaluation.finding
    threshold = summary.threshold
    figures = {"confusion_matrix": plots.plot_confusion_matrix(summary.confusion, threshold, finding)}
    if label.nunique() == 2:
        # Ranking metrics need both classes.
        thresholds = {"operating": threshold}
        roc = compute_roc_curve(label, probability)
        precision_recall = compute_precision_recall_curve(label, probability)
        reliability = compute_reliability_curve(label, probability, group)
        decision_curve = compute_decision_curve(label, probability, group)
        figures["roc"] = plots.plot_roc(roc, thresholds, summary.auc, finding)
        figures["precision_recall"] = plots.plot_precision_recall(precision_recall, thresholds, finding)
        figures["reliability"] = plots.plot_reliability(reliability, finding)
        figures["decision_curve"] = plots.plot_decision_curve(decision_curve, threshold, finding)
        tables = {
            "roc": roc.to_frame(),
            "precision_recall": precision_recall.to_frame(),
            "reliability": reliability.to_frame(),
            "decision_curve": decision_curve.to_frame(),
        }
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    png_files = {}
    for name, figure in figures.items():
        for file_format in _FIGURE_FORMATS:
            (folder / f"{name}.{file_format}").write_bytes(plots.encode_figure(figure, file_format))
        png_files[name.replace("_", " ").capitalize()] = (folder / f"{name}.png").read_bytes()
    return png_files
