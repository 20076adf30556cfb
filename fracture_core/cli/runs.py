"""`runs`: the trainings of this computer: list, queue, stop, clone, rename, delete."""

import argparse
import json
import sys
from pathlib import Path

from fracture_core import paths
from fracture_core.errors import TrainingError
from fracture_core.runs import process, queue, run_operations
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.option_arguments import add_option_arguments, read_option_arguments
from fracture_core.runs.run import ACTIVE_STATUSES, Run
from fracture_core.zoo.training_option import option_fields

_CLONE_OPTIONS = tuple(entry for entry in option_fields(TrainingConfig) if entry.option.can_clone)


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser(
        "runs", help="trainings: which there are, which wait, and what to do with them"
    )
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|queue|stop|clone|rename|delete"
    )
    part = _action(actions, "list", "every run, the newest first", _list)
    part.add_argument("--format", choices=("table", "json"), default="table")
    part = _action(actions, "queue", "the runs that wait for their turn, the next first", _queue)
    change = part.add_mutually_exclusive_group()
    change.add_argument(
        "--add", dest="added", metavar="NAME", help="have a run at rest wait; it starts where none is at work"
    )
    change.add_argument("--up", metavar="NAME", help="let a run go before the one ahead of it")
    change.add_argument("--remove", metavar="NAME", help="take a run out; it stays as it is")
    part = _action(actions, "stop", "end a training at its next step; the completed epochs are kept", _stop)
    part.add_argument("name", metavar="NAME")
    part = _action(
        actions, "clone", "a new run with the settings of another, except for the options given", _clone
    )
    part.add_argument("name", metavar="NAME")
    part.add_argument("new", metavar="NEW")
    add_option_arguments(part, _CLONE_OPTIONS, defaults=False)
    part = _action(actions, "rename", "give a run at rest another name", _rename)
    part.add_argument("name", metavar="NAME")
    part.add_argument("new", metavar="NEW")
    part = _action(actions, "delete", "delete a run at rest with its checkpoints and result", _delete)
    part.add_argument("name", metavar="NAME")
    part.add_argument("--yes", action="store_true", help="do not ask")


def _action(actions, name: str, words: str, run):
    part = actions.add_parser(name, help=words)
    part.add_argument("--runs", type=Path, metavar="DIR", help="where runs lie; default: runs/")
    part.set_defaults(run=run)
    return part


def _root(chosen: argparse.Namespace) -> Path:
    return chosen.runs or paths.runs_dir()


def _list(chosen: argparse.Namespace) -> int:
    root = _root(chosen)
    for run in Run.all(root):
        state, at = run.state(), queue.queue_position(root, run.name)
        epochs = len(run.epochs())
        if chosen.format == "json":
            print(
                json.dumps(
                    {
                        "run": run.name,
                        "status": state.status,
                        "place": at or None,
                        "epochs": epochs,
                        "message": state.message,
                    }
                )
            )
        else:
            status = f"waits, place {at}" if at else state.status
            print(f"{run.name:<40} {status:<16} {epochs:>4} epochs  {'' if at else state.message}".rstrip())
    return 0


def _queue(chosen: argparse.Namespace) -> int:
    root = _root(chosen)
    if chosen.added:
        process.start_run(Run.open(root, chosen.added))
    elif chosen.up:
        queue.move_up(root, chosen.up)
    elif chosen.remove:
        queue.remove_from_queue(root, chosen.remove)
    else:
        # Where the training that should have called the next was killed.
        process.start_next(root)
    busy = process.active_run(root)
    if busy is not None:
        print(f"in training: {busy.name}")
    for number, one in enumerate(queue.waiting_runs(root), 1):
        print(f"{number}. {one.name}{' (takes its best epoch)' if one.finish_only else ''}")
    return 0


def _stop(chosen: argparse.Namespace) -> int:
    run = Run.open(_root(chosen), chosen.name)
    if run.state().status not in ACTIVE_STATUSES:
        raise TrainingError(
            f"Expected a run in training, but {run.name} is at rest: there is nothing to stop."
        )
    run.request_stop()
    print(f"{run.name} ends at its next step.")
    return 0


def _clone(chosen: argparse.Namespace) -> int:
    changes = read_option_arguments(chosen, _CLONE_OPTIONS)
    run = run_operations.clone_run(_root(chosen), chosen.name, chosen.new, **changes)
    print(f"{run.name} has the settings of {chosen.name}; start it with train --resume --run {run.name}.")
    return 0


def _rename(chosen: argparse.Namespace) -> int:
    run_operations.rename_run(_root(chosen), chosen.name, chosen.new)
    return 0


def _delete(chosen: argparse.Namespace) -> int:
    run = Run.open(_root(chosen), chosen.name)
    if not chosen.yes:
        if not sys.stdin.isatty():
            raise TrainingError(f"Expected --yes to delete {run.name} without a question: add it.")
        print(
            f"Delete {run.folder} with its checkpoints, log and result? [y/N] ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 1
    run_operations.delete_run(_root(chosen), run.name)
    return 0
