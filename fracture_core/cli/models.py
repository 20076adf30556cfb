"""The command `models`: list, show, verify, add, average, heads, neighbours, scales, findings and
heatmaps.

Its other actions are in `models_use`, `models_compare` and `models_transfer`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core import paths
from fracture_core.cli import models_compare, models_transfer, models_use
from fracture_core.cli.command_helpers import Subparsers, add_data_argument, open_model_store
from fracture_core.cli.progress import terminal_progress
from fracture_core.errors import SecondLookError
from fracture_core.zoo.quiet_keras import load_keras

if TYPE_CHECKING:
    from fracture_core.explain.trust_record import HeatmapTrust
    from fracture_core.jobs.progress import ProgressCallback
    from fracture_core.similar.neighbour_index import NeighbourIndex


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser("models")
    actions = parser.add_subparsers(
        dest="action",
        required=True,
        metavar="ACTION",
    )
    actions.add_parser("list", help="list the models with their AUC; * marks the model in use").set_defaults(
        run=_list
    )
    for name, summary, run in (
        ("show", "print the card of a model as JSON", _show),
        ("verify", "check the hash and the reference prediction of a model", _verify),
    ):
        action = actions.add_parser(name, help=summary)
        action.add_argument("id", metavar="ID", help="the model")
        action.set_defaults(run=run)
    actions.add_parser(
        "prepare",
        help="export the networks of models that were added by an earlier version, which makes their first prediction "
        "faster",
    ).set_defaults(run=_prepare)
    models_use.add_parser(actions)
    action = actions.add_parser("add", help="add the result of a finished training run")
    action.add_argument("name", metavar="RUN", help="name of the run")
    action.set_defaults(run=_add)
    models_compare.add_parser(actions)
    models_transfer.add_parser(actions)
    action = actions.add_parser(
        "average", help="make an ensemble: the average of several models' probabilities"
    )
    action.add_argument("ids", nargs="+", metavar="ID", help="2 to 10 models")
    action.add_argument("--name", required=True, help="name of the ensemble")
    action.set_defaults(run=_average)
    action = actions.add_parser(
        "heads",
        help="refit the auxiliary heads of a model (body region, out-of-distribution, not a radiograph)",
    )
    action.add_argument("id", metavar="ID", help="the model")
    add_data_argument(action)
    action.set_defaults(run=_heads)
    action = actions.add_parser(
        "neighbours", help="index the training images of a model, for the display of similar images"
    )
    action.add_argument("id", metavar="ID", help="the model")
    add_data_argument(action)
    action.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    action.set_defaults(run=_neighbours)
    action = actions.add_parser(
        "scales", help="measure the colour scale of each heatmap method on the validation images"
    )
    action.add_argument("id", metavar="ID", help="the model")
    add_data_argument(action)
    action.set_defaults(run=_scales)
    action = actions.add_parser(
        "findings",
        help="choose on the validation images how the fracture map becomes boxes, and measure them on the test images",
    )
    action.add_argument("id", metavar="ID", help="the model")
    add_data_argument(action)
    action.set_defaults(run=_findings)
    action = actions.add_parser(
        "heatmaps",
        help="test on the validation images how far each heatmap method can be trusted, and choose the default method",
    )
    action.add_argument("id", metavar="ID", help="the model")
    add_data_argument(action)
    action.add_argument(
        "--second-model", default="", metavar="ID", help="a model of another training, to test repeatability"
    )
    action.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    action.set_defaults(run=_heatmaps)


def _list(args: argparse.Namespace) -> int:
    store = open_model_store()
    current = store.model_in_use()
    for model_id in store.ids():
        card = store.card(model_id)
        record = f"AUC {card.test.auc.text()}" if card.test else "no test record"
        print(f"{'*' if model_id == current else ' '} {model_id:<32} {card.title:<36} {record}")
    return 0


def _show(args: argparse.Namespace) -> int:
    print(json.dumps(open_model_store().card(args.id).to_json(), indent=2, ensure_ascii=False))
    return 0


def _verify(args: argparse.Namespace) -> int:
    difference = open_model_store().verify(args.id)
    print(
        f"{args.id}: the weights match the card. The reference prediction differs by {difference:.1e} (logit)."
    )
    return 0


def _prepare(args: argparse.Namespace) -> int:
    from fracture_core.registry.network_files import exported_network_path

    store = open_model_store()
    failed = False
    for model_id in store.ids():
        try:
            exported_network_path(store.root / model_id, store.card(model_id))
        except SecondLookError as error:
            failed = True
            print(f"{model_id}: {error}", file=sys.stderr)
        else:
            print(f"{model_id}: the network is exported.")
    return int(failed)


def _add(args: argparse.Namespace) -> int:
    from fracture_core.errors import TrainingError
    from fracture_core.runs.run import Run

    run = Run.open(paths.runs_dir(), args.name)
    if not run.result.is_dir():
        raise TrainingError(
            f"{run.name} has no result: it is {run.state().status}. Let it finish, or use its best epoch with "
            f"train --resume --finish --run {run.name}."
        )
    model_id = open_model_store().add(run.result)
    print(f"{model_id} is added. Put it in use with: models use {model_id}")
    return 0


def _average(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.registry.average import add_average

    store = open_model_store()
    model_id = add_average(store, args.ids, args.name)
    test = store.card(model_id).test
    assert test is not None
    print(f"{model_id} is added: AUC {test.auc.text()}. Put it in use with: models use {model_id}")
    return 0


def _heads(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.training.auxiliary_heads import refit_auxiliary_heads

    card = refit_auxiliary_heads(open_model_store(), args.id, args.data, paths.runs_dir() / ".cache")
    record = card.heads_record
    if record is None:
        print(f"{args.id}: its architecture has no features for auxiliary heads. Its card is updated.")
        return 0
    print(
        f"{args.id}: radiographs accepted {record.passed.text()}, other images rejected {record.refused.text()}"
    )
    if record.region is not None:
        print(f"body region correct {record.region.text()}")
        for region, interval in record.by_region.items():
            print(f"  {region:<10} {interval.text()}")
    return 0


def _neighbours(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.similar.index_job import IndexJob
    from fracture_core.training.neighbour_index import build_neighbour_index

    def build(progress: ProgressCallback) -> NeighbourIndex:
        return build_neighbour_index(
            open_model_store(), args.id, args.data, paths.runs_dir() / ".cache", progress
        )

    if args.job:
        return IndexJob(args.job).run(build)
    index = build(terminal_progress())
    record = index.record
    print(f"{args.id}: {len(index.cases):,} training images indexed. On the validation images:")
    print(f"  images with the finding whose neighbours mostly have it     {record.with_finding.text()}")
    print(f"  images without the finding whose neighbours mostly have it  {record.without_finding.text()}")
    print(
        f"  neighbours with the same label as the image                 {record.agreement:.1%} "
        f"({record.chance:.1%} by chance)"
    )
    return 0


def _scales(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.training.heatmap_scales import remeasure_heatmap_scales

    card = remeasure_heatmap_scales(open_model_store(), args.id, args.data, paths.runs_dir() / ".cache")
    for method, scale in card.heatmap_scales.items():
        print(f"{method:<12} {scale:.4g}")
    return 0


def _findings(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.training.findings import remeasure_findings

    card = remeasure_findings(
        open_model_store(), args.id, args.data, paths.runs_dir() / ".cache", terminal_progress()
    )
    if card.findings is None:
        print(
            f"{args.id}: no findings, because the network has no fracture map, too few fractures are marked in the "
            "validation images, or stronger peaks are not more often right."
        )
        return 0
    print(f"{args.id}: boxes extend to {card.findings.extent:g} of the peak.")
    for split, record in (("validation", card.validation_findings), ("test", card.test_findings)):
        if record is not None:
            print(f"{split} split:")
            print("\n".join(f"  {line}" for line in record.lines()))
    return 0


def _heatmaps(args: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.inference.heatmap_trust_job import HeatmapTrustJob
    from fracture_core.training.heatmap_trust import add_heatmap_trust

    def measure(progress: ProgressCallback) -> HeatmapTrust:
        cache = paths.runs_dir() / ".cache"
        return add_heatmap_trust(open_model_store(), args.id, args.data, cache, args.second_model, progress)

    if args.job:
        return HeatmapTrustJob(args.job).run(args.data, measure)
    print("\n".join(measure(terminal_progress()).lines()))
    return 0
