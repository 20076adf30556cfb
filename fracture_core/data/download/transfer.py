"""Fetch one file: streamed, resumed, tried again, verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from fracture_core.data.download.answers import BROKEN, puzzling, refused, unreachable
from fracture_core.data.download.checksum import md5
from fracture_core.data.download.listing import Remote
from fracture_core.data.download.partial import Part, validator
from fracture_core.data.download.session import Patience
from fracture_core.errors import DataError

# A drop costs at most this many bytes of what had arrived.
_CHUNK = 1 << 16

# An attempt that brought this many bytes was worth it, and the count of vain ones starts anew.
_NEWS = 1 << 20


@dataclass(frozen=True)
class Fetched:
    """A file that arrived whole.

    Attributes:
        path: where it lies.
        md5: its checksum, computed here.
    """

    path: Path
    md5: str


def fetch(
    session: requests.Session,
    remote: Remote,
    folder: Path,
    progress: Callable[[int], None],
    patience: Patience,
) -> Fetched:
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
        found = md5(path)
        if found == (remote.md5 or found):
            progress(remote.size)
            return Fetched(path, found)
    part = Part(path, remote)
    _fill(part, session, remote, progress, patience)
    found = md5(part.path)
    if found != (remote.md5 or found):
        part.discard()
        raise DataError(
            f"Expected {remote.name} with the published MD5 {remote.md5}, but what arrived has {found}: it was "
            "deleted, so try again."
        )
    part.complete(path)
    return Fetched(path, found)


def _fill(
    part: Part,
    session: requests.Session,
    remote: Remote,
    progress: Callable[[int], None],
    patience: Patience,
) -> None:
    """Attempts, with growing pauses, until the part is whole or `patience` is at its end."""
    furthest, vain = part.size, 0
    progress(part.size)
    while part.size < remote.size:
        broken: Exception | None = None
        try:
            _attempt(part, session, remote, progress)
        except BROKEN as error:
            broken = error
        except requests.exceptions.HTTPError as error:  # while the address was asked for
            raise refused(remote.name, remote.host, error.response, "wait and try again") from error
        except requests.exceptions.RequestException as error:
            raise puzzling(remote.name, remote.host, error) from error
        if part.size == remote.size:
            return
        # Measured from the furthest ever reached: a server that always begins anew brings no news.
        vain = 0 if part.size >= furthest + _NEWS else vain + 1
        furthest = max(furthest, part.size)
        if vain >= patience.tries:
            raise unreachable(remote.name, remote.host) from broken
        progress(part.size)
        time.sleep(patience.before(max(1, vain)))


def _attempt(part: Part, session: requests.Session, remote: Remote, progress: Callable[[int], None]) -> None:
    """One request for what is missing."""
    headers = {"Accept-Encoding": "identity", **part.conditions()}
    with session.get(remote.address(), headers=headers, stream=True) as response:
        if response.status_code in (requests.codes.partial_content, requests.codes.range_not_satisfiable):
            if not part.continued_by(response):
                part.restart("")
                return
        elif response.status_code == requests.codes.ok:
            # The whole file: there was no part, the server knows no ranges, or the file has changed.
            length = response.headers.get("Content-Length", str(remote.size))
            if length != str(remote.size):
                raise _not_as_published(remote, f"{int(length):,}")
            part.restart(validator(response))
        else:
            raise refused(
                remote.name,
                remote.host,
                response,
                f"wait and try again, or fetch it with a browser and put it into {part.path.parent}",
            )
        for chunk in response.iter_content(_CHUNK):
            if part.size + len(chunk) > remote.size:
                part.discard()
                raise _not_as_published(remote, "more")
            part.append(chunk)
            progress(part.size)


def _not_as_published(remote: Remote, sent: str) -> DataError:
    return DataError(
        f"Expected {remote.size:,} bytes of {remote.name} as published, but {remote.host} sends {sent}: try "
        "again later."
    )
