"""Entry point of the command line."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Collection, Sequence

from fracture_core import __version__
from fracture_core.errors import SecondLookError
from fracture_core.file_names import ERROR_HANDLER
from fracture_core.installation import missing_package

#: One line about each command, in the order of `--help`. Each command is the module of the same name in this package.
COMMANDS = {
    "predict": "give a second opinion on radiographs",
    "score": "score an archive of any size on several processes or computers",
    "audit": "check a dataset for leaks, duplicates, label errors and shortcuts",
    "train": "train a model on a labelled dataset",
    "runs": "list, queue, stop, clone, rename or delete training runs",
    "speed": "measure how fast an architecture trains on this computer",
    "evaluate": "measure a model on labelled radiographs",
    "models": "manage the models on this computer",
    "published": "compare published systems with our runs of them",
    "reviews": "export, import or apply the marks of reviewers",
    "data": "download, unpack, generate and check datasets",
}


def build_parser(loaded: Collection[str] = COMMANDS.keys()) -> argparse.ArgumentParser:
    """Build the argument parser.

    Args:
        loaded: names of the commands whose arguments are defined. Their modules are imported, which takes up to a
            second; the other commands appear with their name and one line of help.

    Example:
        >>> parser = build_parser(["published"])
        >>> parser.parse_args(["published", "list"]).action
        'list'
    """
    parser = argparse.ArgumentParser(
        prog="python -m fracture_core",
        description="A second opinion on bone radiographs. COMMAND --help explains a command.",
    )
    parser.add_argument("--version", action="version", version=__version__, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if name not in loaded:
            commands.add_parser(name, help=summary)
            continue
        importlib.import_module(f"fracture_core.cli.{name}").add_parser(commands)
        _describe(commands.choices[name], summary)
    return parser


def _describe(parser: argparse.ArgumentParser, summary: str) -> None:
    """Give a command and its actions a description: the line of help as a sentence, unless they have their own."""
    parser.description = parser.description or f"{summary[:1].upper()}{summary[1:]}."
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                _describe(action.choices[choice.dest], choice.help or "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: arguments after the program name; default: those of this process.

    Returns:
        Exit status: 0 for success, 1 if the command or a part of it failed. For invalid arguments, argparse exits
        with status 2.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Characters that the terminal cannot encode are escaped instead of raising an error.
            stream.reconfigure(errors=ERROR_HANDLER)
    args = build_parser(_named_command(given)).parse_args(given)
    # Imported after the arguments are parsed, so that `--help` does not load OpenCV.
    from fracture_core.imaging.opencv_threads import use_one_opencv_thread

    use_one_opencv_thread()
    try:
        return int(args.run(args))
    except SecondLookError as error:
        print(error, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if missing := missing_package(error):
            print(missing, file=sys.stderr)
            return 1
        raise
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The program that reads the output (`head`, for example) has closed the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _named_command(arguments: Sequence[str]) -> list[str]:
    """Return the command that the arguments start with; empty if they start with an option."""
    first = next((argument for argument in arguments if argument != "--"), "")
    return [first] if first in COMMANDS else []
