"""Arguments in, exit status out."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from fracture_core import __version__
from fracture_core.cli import audit, data, evaluate, models, predict, published, reviews, runs, speed, train
from fracture_core.errors import SecondLookError
from fracture_core.file_names import ERROR_HANDLER
from fracture_core.imaging.opencv_threads import use_one_opencv_thread


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0 where all went well, 1 where the command or a part of it failed, 2 for unusable arguments.
    """
    use_one_opencv_thread()
    parser = argparse.ArgumentParser(
        prog="python -m fracture_core", description="A second opinion on bone radiographs."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (predict, audit, train, runs, speed, evaluate, models, published, reviews, data):
        module.add(commands)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names and words that the terminal's encoding lacks are escaped; they never end a command.
            stream.reconfigure(errors=ERROR_HANDLER)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen)
    except SecondLookError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output (`head`, say) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
