"""The command `score`: opinions on an archive of any size as a Parquet file, computed on Dask."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core.cli.command_helpers import Subparsers, open_model_store
from fracture_core.cli.progress import terminal_progress
from fracture_core.errors import SecondLookError

if TYPE_CHECKING:
    from distributed import Client

_INSTALL = "pip install -r requirements-scale.txt"


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser(
        "score",
        description="Score an archive of images on Dask and write one row per image to a Parquet file. An interrupted "
        "run continues with the same command. A file that cannot be read becomes a row with an error, and "
        f"the exit status stays 0. Needs Dask: {_INSTALL}.",
    )
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a folder, a CSV manifest with the column path, or a text file with one path a line",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the Parquet file to write; it must not exist"
    )
    parser.add_argument("--model", metavar="ID", help="the model; default: the model in use")
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers see images and models under the "
        "same paths; default: processes on this computer",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes on this computer; default: the number of cores",
    )
    parser.add_argument(
        "--shard-size", type=int, default=256, metavar="N", help="images of a shard; default: %(default)s"
    )
    parser.add_argument(
        "--ignore-scope",
        action="store_true",
        help="also score images that are refused: out of scope, poor, or not a radiograph",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score the source and print the counts."""
    if args.workers < 1 or args.shard_size < 1:
        raise SecondLookError("--workers and --shard-size must be at least 1.")
    from fracture_core.inference.batch_scoring import ScoringSettings, score_source
    from fracture_core.registry.network_files import exported_network_path

    store = open_model_store()
    card = store.card(args.model or store.model_in_use())
    # Before the workers start, so that each finds the exported network.
    exported_network_path(store.root / card.id, card)
    settings = ScoringSettings(
        str(args.source.absolute()),
        str(store.root.absolute()),
        card.id,
        card.weights.sha256,
        args.shard_size,
        args.ignore_scope,
    )
    with _connect(args.scheduler, args.workers) as client:
        print(f"Dashboard: {client.dashboard_link}", file=sys.stderr)
        try:
            result = score_source(settings, args.out, client, terminal_progress())
        except OSError as error:
            raise SecondLookError(
                f"Cannot write to {args.out.parent} ({error.strerror or error}): free some space and run the same "
                "command again."
            ) from error
    print(f"{args.out}: {result.images:,} images, {result.errors:,} with an error.")
    return 0


@contextmanager
def _connect(address: str | None, workers: int) -> Iterator[Client]:
    """Connect to a scheduler, or start processes on this computer.

    Raises:
        SecondLookError: Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SecondLookError(f"This command needs Dask: {_INSTALL}.") from error
    if address is None:
        # Only this computer can reach the processes and the dashboard.
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                # Loading a model takes memory at once; Dask's limit would pause small machines.
                memory_limit=0,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address)
    except (OSError, ValueError) as error:
        raise SecondLookError(
            f"The Dask scheduler at {address} does not answer ({error}): check the address and that it is running."
        ) from error
    with client:
        yield client
