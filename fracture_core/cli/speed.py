"""`speed`: how fast an architecture trains on this computer; the Train page starts this very command."""

import argparse
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.progress import terminal_progress
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.runs.config import FLOAT32, PRECISIONS
from fracture_core.runs.precision import set_precision
from fracture_core.zoo import ARCHITECTURES, find_architecture


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("speed", help="measure how fast an architecture trains on this computer")
    parser.add_argument("architecture", choices=tuple(ARCHITECTURES))
    parser.add_argument("--size", type=int, metavar="PX", help="input size; default: the architecture's own")
    parser.add_argument("--batch", type=int, help="films a step; default: the architecture's own")
    parser.add_argument(
        "--pretrained", action="store_true", help="as from trained weights: fewer layers learn"
    )
    parser.add_argument(
        "--head-epochs", type=int, help="as `train` takes it; above 0: time the head alone too"
    )
    parser.add_argument("--freeze-before", metavar="LAYER", help="as `train` takes it")
    parser.add_argument("--precision", choices=PRECISIONS, default=FLOAT32, help="as `train` takes it")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="say too how many minutes all epochs would take on these films; what was measured before is used again",
    )
    parser.add_argument("--epochs", type=int, help="with --data; default: the architecture's own")
    parser.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Measures, and prints films a second and, for films that are named, minutes as JSON."""
    from fracture_core.runs.config import TrainingConfig

    row = find_architecture(chosen.architecture)
    protocol = row.adapt_protocol(row.protocol, chosen.pretrained)
    epochs = protocol.epochs if chosen.epochs is None else chosen.epochs
    head_epochs = protocol.head_epochs if chosen.head_epochs is None else chosen.head_epochs
    freeze_before = protocol.freeze_before if chosen.freeze_before is None else chosen.freeze_before
    config = TrainingConfig(
        data="",
        architecture=chosen.architecture,
        size=chosen.size,
        epochs=epochs,
        batch=protocol.batch if chosen.batch is None else chosen.batch,
        head_epochs=min(head_epochs, epochs),
        freeze_before="" if freeze_before == "none" else freeze_before,
        backbone_weights="imagenet" if chosen.pretrained else "",
        box_weight=protocol.box_weight,
        negatives=protocol.negatives,
        precision=chosen.precision,
        sampling=protocol.sampling,
        doubled=protocol.doubled,
        augmentation=protocol.augmentation,
    )
    _ = config.input  # refuses an impossible size before Keras is loaded
    from fracture_core.training.speed_job import SpeedJob

    if chosen.job:
        set_precision(config.precision)
        load_keras()
        return SpeedJob(chosen.job).run(config)
    if chosen.data is None:
        print(json.dumps(asdict(_measure(config))))
        return 0
    from fracture_core.training import duration_estimate

    films = _films(chosen.data)  # what is no data set is refused before anything is measured
    kept = SpeedJob.for_config(paths.runs_dir(), config)
    speed = (kept.speed() if kept.state().status == "finished" else None) or _measure(config)
    lasts = duration_estimate.estimate_seconds(config, speed, *films)
    print(json.dumps({**asdict(speed), "epochs": epochs, "minutes": round(lasts / 60, 1)}))
    return 0


def _measure(config):
    set_precision(config.precision)
    load_keras()
    from fracture_core.training.measure_speed import measure_training_speed

    return measure_training_speed(config, terminal_progress())


def _films(data: Path) -> tuple[int, int, int]:
    """Films to train on without and with the finding, and films to validate on; no film is opened."""
    from fracture_core.datasets.layouts import read_catalogue
    from fracture_core.datasets.split import complete_split

    parts = Counter((case.split, case.label) for case in complete_split(read_catalogue(data).cases))
    return parts["train", 0], parts["train", 1], parts["val", 0] + parts["val", 1]
