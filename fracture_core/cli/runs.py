"""The command `runs`: list, queue, stop, clone, rename, annotate and delete training runs."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from fracture_core import paths
from fracture_core.cli.command_helpers import CommandFunction, Subparsers
from fracture_core.errors import TrainingError

# Settings that a clone can change: type and description.
_CLONE_SETTINGS: dict[str, tuple[type[int] | type[float], str]] = {
    "epochs": (int, "maximum number of epochs"),
    "batch": (int, "batch size"),
    "learning_rate": (float, "learning rate"),
    "size": (int, "input size in pixels"),
    "seed": (int, "random seed"),
}


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser("runs")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = _add_action(actions, "list", "list the runs, newest first", _list)
    action.add_argument(
        "--format",
        choices=("table", "json"),
        default="table",
        help="output format, json with one object per line; default: %(default)s",
    )
    action = _add_action(
        actions, "queue", "list the waiting runs in their order, or change the queue", _queue
    )
    change = action.add_mutually_exclusive_group()
    change.add_argument(
        "--add",
        dest="added",
        metavar="NAME",
        help="queue an inactive run; it starts at once if no other run is active",
    )
    change.add_argument("--up", metavar="NAME", help="move a waiting run one position up")
    change.add_argument("--remove", metavar="NAME", help="remove a run from the queue; the run is kept")
    action = _add_action(
        actions, "stop", "stop a run at its next training step; completed epochs are kept", _stop
    )
    _add_name(action)
    action = _add_action(actions, "clone", "create a run with the settings of another run", _clone)
    _add_name(action)
    action.add_argument("new", metavar="NEW", help="name of the new run")
    for name, (setting_type, label) in _CLONE_SETTINGS.items():
        action.add_argument(
            f"--{name.replace('_', '-')}",
            type=setting_type,
            metavar="X",
            help=f"{label}; default: as in the original run",
        )
    action = _add_action(actions, "rename", "rename an inactive run", _rename)
    _add_name(action)
    action.add_argument("new", metavar="NEW", help="the new name")
    action = _add_action(actions, "note", "write notes on a run, which the table of runs shows", _note)
    _add_name(action)
    action.add_argument("text", metavar="TEXT", help='the notes; "" deletes them')
    action = _add_action(
        actions, "delete", "delete an inactive run with its checkpoints and its result", _delete
    )
    _add_name(action)
    action.add_argument("--yes", action="store_true", help="delete without being asked")


def _add_action(
    actions: Subparsers, name: str, summary: str, run: CommandFunction
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=summary)
    action.add_argument("--runs", type=Path, metavar="DIR", help="the folder of the runs; default: runs/")
    action.set_defaults(run=run)
    return action


def _add_name(action: argparse.ArgumentParser) -> None:
    action.add_argument("name", metavar="NAME", help="name of the run")


def _runs_folder(args: argparse.Namespace) -> Path:
    return args.runs or paths.runs_dir()


def _list(args: argparse.Namespace) -> int:
    from fracture_core.runs import queue
    from fracture_core.runs.run import Run
    from fracture_core.runs.run_table import list_runs

    root = _runs_folder(args)
    for row in list_runs(root):
        state, position = Run(root / row.run).state(), queue.queue_position(root, row.run)
        if args.format == "json":
            # `status`, `place` and `message` describe the run itself, and where it waits.
            fields = asdict(row) | {
                "status": state.status,
                "place": position or None,
                "message": state.message,
            }
            print(json.dumps(fields))
        else:
            status = f"waits, place {position}" if position else state.status
            text = "" if position else state.message
            notes = f"  [{' '.join(row.notes.split())}]" if row.notes else ""
            print(f"{row.run:<40} {status:<16} {row.epochs:>4} epochs  {text}{notes}".rstrip())
    return 0


def _queue(args: argparse.Namespace) -> int:
    from fracture_core.runs import process, queue
    from fracture_core.runs.run import Run

    root = _runs_folder(args)
    if args.added:
        process.start_run(Run.open(root, args.added))
    elif args.up:
        queue.move_up(root, args.up)
    elif args.remove:
        queue.remove_from_queue(root, args.remove)
    else:
        # A killed run does not start the next one.
        process.start_next(root)
    active = process.active_run(root)
    if active is not None:
        print(f"in training: {active.name}")
    for number, waiting in enumerate(queue.waiting_runs(root), 1):
        print(f"{number}. {waiting.name}{' (uses its best epoch so far)' if waiting.finish_only else ''}")
    return 0


def _stop(args: argparse.Namespace) -> int:
    from fracture_core.runs.run import ACTIVE_STATUSES, Run

    run = Run.open(_runs_folder(args), args.name)
    if run.state().status not in ACTIVE_STATUSES:
        raise TrainingError(
            f"{run.name} is not active, so it cannot be stopped. List the runs with: runs list"
        )
    run.request_stop()
    print(f"{run.name} stops at its next training step.")
    return 0


def _clone(args: argparse.Namespace) -> int:
    from fracture_core.runs import run_operations

    changes = {name: getattr(args, name) for name in _CLONE_SETTINGS if getattr(args, name) is not None}
    run = run_operations.clone_run(_runs_folder(args), args.name, args.new, **changes)
    print(f"{run.name} has the settings of {args.name}. Start it with: train --resume --run {run.name}")
    return 0


def _rename(args: argparse.Namespace) -> int:
    from fracture_core.runs import run_operations

    run_operations.rename_run(_runs_folder(args), args.name, args.new)
    return 0


def _note(args: argparse.Namespace) -> int:
    from fracture_core.runs.run import Run

    Run.open(_runs_folder(args), args.name).write_notes(args.text)
    return 0


def _delete(args: argparse.Namespace) -> int:
    from fracture_core.runs import run_operations
    from fracture_core.runs.run import Run

    run = Run.open(_runs_folder(args), args.name)
    if not args.yes:
        if not sys.stdin.isatty():
            raise TrainingError(
                f"Deleting {run.name} must be confirmed, but there is no terminal to ask on. Add --yes."
            )
        print(
            f"Delete {run.folder} with its checkpoints, log and result? [y/N] ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 1
    run_operations.delete_run(_runs_folder(args), run.name)
    return 0
