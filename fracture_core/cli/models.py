"""`models`: list, show, verify, add, average, heads, neighbours, scales; others have files of their own."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core import paths
from fracture_core.cli import models_compare, models_transfer, models_use
from fracture_core.cli.progress import terminal_progress
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.jobs.progress import ProgressCallback

if TYPE_CHECKING:
    from fracture_core.similar.neighbour_index import NeighbourIndex


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("models", help="the models on this computer")
    actions = parser.add_subparsers(
        dest="action",
        required=True,
        metavar="list|show|verify|use|history|back|add|load|compare|export|import|rename|delete|average|heads|neighbours|"
        "scales",
    )
    actions.add_parser("list", help="every model with its record").set_defaults(run=_list)
    for name, words, action in (
        ("show", "a model's card as JSON", _show),
        ("verify", "check a model's hash and golden prediction", _verify),
    ):
        part = actions.add_parser(name, help=words)
        part.add_argument("id", metavar="ID")
        part.set_defaults(run=action)
    models_use.add(actions)
    part = actions.add_parser("add", help="take the result of a training run in")
    part.add_argument("name", metavar="RUN")
    part.set_defaults(run=_add)
    models_compare.add(actions)
    models_transfer.add(actions)
    part = actions.add_parser("average", help="make one model of several, by averaging their probabilities")
    part.add_argument("ids", nargs="+", metavar="ID")
    part.add_argument("--name", required=True, help="the new model's name")
    part.set_defaults(run=_average)
    part = actions.add_parser(
        "heads",
        help="fit the second heads of a model (region, radiograph or not) to the films it was trained on",
    )
    part.add_argument("id", metavar="ID")
    part.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data set of its training")
    part.set_defaults(run=_heads)
    part = actions.add_parser(
        "neighbours",
        help="look at the films a model was trained on, so that films like a new one can be found among them",
    )
    part.add_argument("id", metavar="ID")
    part.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data set of its training")
    part.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    part.set_defaults(run=_neighbours)
    part = actions.add_parser(
        "scales", help="measure how much evidence each heatmap method draws in full colour"
    )
    part.add_argument("id", metavar="ID")
    part.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data set of its training")
    part.set_defaults(run=_scales)


def _store():
    from fracture_core.registry.store import ModelStore

    return ModelStore(paths.models_dir())


def _list(chosen: argparse.Namespace) -> int:
    store = _store()
    current = store.model_in_use()
    for model_id in store.ids():
        card = store.card(model_id)
        record = f"AUC {card.test.auc.text()}" if card.test else "no record"
        print(f"{'*' if model_id == current else ' '} {model_id:<32} {card.title:<36} {record}")
    return 0


def _show(chosen: argparse.Namespace) -> int:
    print(json.dumps(_store().card(chosen.id).to_json(), indent=2, ensure_ascii=False))
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    load_keras()
    difference = _store().verify(chosen.id)
    print(f"{chosen.id}: the weights are those of the card; the golden logit differs by {difference:.1e}.")
    return 0


def _add(chosen: argparse.Namespace) -> int:
    from fracture_core.errors import TrainingError
    from fracture_core.runs.run import Run

    run = Run.open(paths.runs_dir(), chosen.name)
    if not run.result.is_dir():
        raise TrainingError(
            f"Expected a finished run, but {run.name} is {run.state().status}: let it finish, or take its best epoch "
            f"with train --resume --finish --run {run.name}."
        )
    model_id = _store().add(run.result)
    print(f"{model_id} is added; put it in use with: models use {model_id}")
    return 0


def _average(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.registry.average import add_average

    store = _store()
    model_id = add_average(store, chosen.ids, chosen.name)
    card = store.card(model_id)
    assert card.test is not None
    print(f"{model_id} is added: AUC {card.test.auc.text()}; put it in use with: models use {model_id}")
    return 0


def _heads(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.training.auxiliary_heads import refit_auxiliary_heads

    record = refit_auxiliary_heads(_store(), chosen.id, chosen.data, paths.runs_dir() / ".cache").heads_record
    if record is None:
        print(f"{chosen.id}: its architecture has no features for second heads; its card is written anew.")
        return 0
    print(f"{chosen.id}, on the test films: passed {record.passed.text()}, refused {record.refused.text()}")
    if record.region is not None:
        print(f"region told right {record.region.text()}")
        for name, found in record.by_region.items():
            print(f"  {name:<10} {found.text()}")
    return 0


def _neighbours(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.similar.index_job import IndexJob
    from fracture_core.training.neighbour_index import build_neighbour_index

    def build(progress: ProgressCallback) -> "NeighbourIndex":
        return build_neighbour_index(_store(), chosen.id, chosen.data, paths.runs_dir() / ".cache", progress)

    if chosen.job:
        return IndexJob(chosen.job).run(build)
    index = build(terminal_progress())
    record, count = index.record, len(index.cases)
    print(
        f"{chosen.id}: {count:,} training films; on the validation films, of those with the finding most neighbours"
    )
    print(f"have it for {record.broken.text()}, of the others for {record.others.text()};")
    print(
        f"{record.agreement:.1%} of all neighbours have the label of their film, by chance {record.chance:.1%}."
    )
    return 0


def _scales(chosen: argparse.Namespace) -> int:
    load_keras()
    from fracture_core.training.heatmap_scales import remeasure_heatmap_scales

    card = remeasure_heatmap_scales(_store(), chosen.id, chosen.data, paths.runs_dir() / ".cache")
    for name, scale in card.heatmap_scales.items():
        print(f"{name:<12} {scale:.4g}")
    return 0
