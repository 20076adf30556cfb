"""`speed`: how fast an architecture trains on this computer; the Train page starts this very command."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from fracture_core.cli.progress import progress
from fracture_core.cli.quiet import load_keras
from fracture_core.zoo import ARCHITECTURES, architecture


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("speed", help="measure how fast an architecture trains on this computer")
    parser.add_argument("architecture", choices=tuple(ARCHITECTURES))
    parser.add_argument("--size", type=int, metavar="PX", help="input size; default: the architecture's own")
    parser.add_argument("--batch", type=int, help="films a step; default: the architecture's own")
    parser.add_argument(
        "--pretrained", action="store_true", help="as from trained weights: fewer layers learn"
    )
    parser.add_argument("--head-epochs", type=int, default=0, help="above 0: time the head alone too")
    parser.add_argument("--freeze-before", default="none", metavar="LAYER", help="as `train` takes it")
    parser.add_argument("--job", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Measures, and prints films a second as JSON."""
    from fracture_core.training.config import TrainingConfig

    protocol = architecture(chosen.architecture).protocol
    config = TrainingConfig(
        data="",
        architecture=chosen.architecture,
        size=chosen.size,
        epochs=max(1, chosen.head_epochs),
        batch=protocol.batch if chosen.batch is None else chosen.batch,
        head_epochs=chosen.head_epochs,
        freeze_before="" if chosen.freeze_before == "none" else chosen.freeze_before,
        backbone_weights="imagenet" if chosen.pretrained else "",
        box_weight=protocol.box_weight,
        augmentation=protocol.augmentation,
    )
    _ = config.input  # refuses an impossible size before Keras is loaded
    load_keras()
    if chosen.job:
        from fracture_core.training.speed_record import Job

        return Job(chosen.job).work(config)
    from fracture_core.training.speed import measure

    print(json.dumps(asdict(measure(config, progress()))))
    return 0
