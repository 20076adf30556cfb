"""The command `speed`: measure how fast an architecture trains on this computer. The page Train uses it too."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core import paths
from fracture_core.cli.command_helpers import Subparsers
from fracture_core.cli.progress import terminal_progress
from fracture_core.runs.config import FLOAT32, PRECISIONS, TrainingConfig
from fracture_core.runs.precision import set_precision
from fracture_core.zoo import ARCHITECTURES, find_architecture
from fracture_core.zoo.quiet_keras import load_keras

if TYPE_CHECKING:
    from fracture_core.training.duration_estimate import TrainingSpeed


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser(
        "speed",
        description="Measure how many images per second an architecture trains and validates on this computer. "
        "Prints JSON.",
    )
    parser.add_argument(
        "architecture", choices=tuple(ARCHITECTURES), metavar="ARCHITECTURE", help="one of %(choices)s"
    )
    parser.add_argument(
        "--size", type=int, metavar="PX", help="input size in pixels; default: that of the architecture"
    )
    parser.add_argument(
        "--batch", type=int, metavar="N", help="images per training step; default: that of the architecture"
    )
    parser.add_argument(
        "--pretrained",
        action="store_true",
        help="measure a training from pretrained weights, in which fewer layers are trained",
    )
    parser.add_argument(
        "--head-epochs",
        type=int,
        metavar="N",
        help="as in `train`; if above 0, also measure the training of the head alone",
    )
    parser.add_argument("--freeze-before", metavar="LAYER", help="as in `train`")
    parser.add_argument("--precision", choices=PRECISIONS, default=FLOAT32, help="as in `train`")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="also estimate the training time on this dataset in minutes; reuses an earlier measurement",
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="epochs of the estimate; default: those of the architecture"
    )
    parser.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure the speed and print it as JSON, with the minutes of a training if a dataset is given."""
    architecture = find_architecture(args.architecture)
    protocol = architecture.adapt_protocol(architecture.protocol, args.pretrained)
    epochs = protocol.epochs if args.epochs is None else args.epochs
    head_epochs = protocol.head_epochs if args.head_epochs is None else args.head_epochs
    freeze_before = protocol.freeze_before if args.freeze_before is None else args.freeze_before
    config = TrainingConfig(
        data="",
        architecture=args.architecture,
        size=args.size,
        epochs=epochs,
        batch=protocol.batch if args.batch is None else args.batch,
        head_epochs=min(head_epochs, epochs),
        freeze_before="" if freeze_before == "none" else freeze_before,
        backbone_weights="imagenet" if args.pretrained else "",
        box_weight=protocol.box_weight,
        negatives=protocol.negatives,
        precision=args.precision,
        sampling=protocol.sampling,
        doubled=protocol.doubled,
        augmentation=protocol.augmentation,
    )
    _ = config.input  # raises for an impossible size before Keras is loaded
    from fracture_core.training.speed_job import SpeedJob

    if args.job:
        set_precision(config.precision)
        load_keras()
        return SpeedJob(args.job).run(config)
    if args.data is None:
        print(json.dumps(asdict(_measure(config))))
        return 0
    from fracture_core.training import duration_estimate

    counts = _count_images(args.data)  # raises for an invalid dataset before anything is measured
    job = SpeedJob.for_config(paths.runs_dir(), config)
    speed = (job.speed() if job.state().status == "finished" else None) or _measure(config)
    seconds = duration_estimate.estimate_seconds(config, speed, *counts)
    print(json.dumps({**asdict(speed), "epochs": epochs, "minutes": round(seconds / 60, 1)}))
    return 0


def _measure(config: TrainingConfig) -> TrainingSpeed:
    set_precision(config.precision)
    load_keras()
    from fracture_core.training.measure_speed import measure_training_speed

    return measure_training_speed(config, terminal_progress())


def _count_images(data: Path) -> tuple[int, int, int]:
    """Training images without the finding, training images with it, and validation images; no image is read."""
    from fracture_core.datasets.layouts import read_catalogue
    from fracture_core.datasets.split import complete_split

    counts = Counter((case.split, case.label) for case in complete_split(read_catalogue(data).cases))
    return counts["train", 0], counts["train", 1], counts["val", 0] + counts["val", 1]
