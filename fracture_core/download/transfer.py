"""Fetch one file: streamed, resumed, tried again, verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from fracture_core.download.checksum import md5_of_file
from fracture_core.download.http_errors import (
    CONNECTION_ERRORS,
    refused_error,
    unexpected_response_error,
    unreachable_error,
)
from fracture_core.download.listing import RemoteFile
from fracture_core.download.partial_file import PartialFile, response_validator
from fracture_core.download.session import RetryPolicy
from fracture_core.errors import DataError

# A drop costs at most this many bytes of what had arrived.
_CHUNK = 1 << 16

# An attempt that brought this many bytes was worth it, and the count of vain ones starts anew.
_REPORT_BYTES = 1 << 20


@dataclass(frozen=True)
class FetchedFile:
    """A file that arrived whole.

    Attributes:
        path: where it lies.
        md5: its checksum, computed here.
    """

    path: Path
    md5: str


def fetch_file(
    session: requests.Session,
    remote: RemoteFile,
    folder: Path,
    progress: Callable[[int], None],
    patience: RetryPolicy,
) -> FetchedFile:
    """Fetches a file, unless it is there already and verified.

    What arrives is kept in a part beside it until it is whole, and whatever ends this function, `progress`
    included, leaves a part that the next call continues. Memory does not grow with the file.

    Args:
        session: see `session.open_session`.
        remote: what to fetch.
        folder: where to; exists.
        progress: called with the bytes that are there.
        patience: when to give up.

    Returns:
        The verified file.

    Raises:
        DataError: the host refuses or cannot be reached, the file is not the one that was published, or the
            disk refuses.
    """
    path = folder / remote.name
    if path.is_file() and path.stat().st_size == remote.size:
        found = md5_of_file(path)
        if found == (remote.md5 or found):
            progress(remote.size)
            return FetchedFile(path, found)
    part = PartialFile(path, remote)
    _download_with_retries(part, session, remote, progress, patience)
    found = md5_of_file(part.path)
    if found != (remote.md5 or found):
        part.discard()
        raise DataError(
            f"Expected {remote.name} with the published MD5 {remote.md5}, but what arrived has {found}: it was "
            "deleted, so try again."
        )
    part.complete(path)
    return FetchedFile(path, found)


def _download_with_retries(
    part: PartialFile,
    session: requests.Session,
    remote: RemoteFile,
    progress: Callable[[int], None],
    patience: RetryPolicy,
) -> None:
    """Attempts, with growing pauses, until the part is whole or `patience` is at its end."""
    furthest, vain = part.size, 0
    progress(part.size)
    while part.size < remote.size:
        broken: Exception | None = None
        try:
            _attempt(part, session, remote, progress)
        except CONNECTION_ERRORS as error:
            broken = error
        except requests.exceptions.HTTPError as error:  # while the address was asked for
            raise refused_error(remote.name, remote.host, error.response, "wait and try again") from error
        except requests.exceptions.RequestException as error:
            raise unexpected_response_error(remote.name, remote.host, error) from error
        if part.size == remote.size:
            return
        # Measured from the furthest ever reached: a server that always begins anew brings no news.
        vain = 0 if part.size >= furthest + _REPORT_BYTES else vain + 1
        furthest = max(furthest, part.size)
        if vain >= patience.tries:
            raise unreachable_error(remote.name, remote.host) from broken
        progress(part.size)
        time.sleep(patience.before(max(1, vain)))


def _attempt(
    part: PartialFile, session: requests.Session, remote: RemoteFile, progress: Callable[[int], None]
) -> None:
    """One request for what is missing."""
    headers = {"Accept-Encoding": "identity", **part.request_headers()}
    with session.get(remote.address(), headers=headers, stream=True) as response:
        if response.status_code in (requests.codes.partial_content, requests.codes.range_not_satisfiable):
            if not part.is_continued_by(response):
                part.restart("")
                return
        elif response.status_code == requests.codes.ok:
            # The whole file: there was no part, the server knows no ranges, or the file has changed.
            length = response.headers.get("Content-Length", str(remote.size))
            if length != str(remote.size):
                raise _mismatch_error(remote, f"{int(length):,}")
            part.restart(response_validator(response))
        else:
            raise refused_error(
                remote.name,
                remote.host,
                response,
                f"wait and try again, or fetch it with a browser and put it into {part.path.parent}",
            )
        for chunk in response.iter_content(_CHUNK):
            if part.size + len(chunk) > remote.size:
                part.discard()
                raise _mismatch_error(remote, "more")
            part.append(chunk)
            progress(part.size)


def _mismatch_error(remote: RemoteFile, sent: str) -> DataError:
    return DataError(
        f"Expected {remote.size:,} bytes of {remote.name} as published, but {remote.host} sends {sent}: try "
        "again later."
    )
