"""Download of one file: streamed, resumable, retried and verified."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

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

# Bytes per write; an interruption loses at most this many bytes.
_CHUNK = 1 << 16

# An attempt that brought at least this many new bytes resets the count of failed attempts.
_PROGRESS_BYTES = 1 << 20

_MD5_CHUNK = 1 << 20


@dataclass(frozen=True)
class FetchedFile:
    """A completely downloaded file.

    Attributes:
        path: its path.
        md5: its MD5, computed from the file, hexadecimal.
    """

    path: Path
    md5: str


def fetch_file(
    session: requests.Session,
    remote: RemoteFile,
    folder: Path,
    progress: Callable[[int], None],
    retry: RetryPolicy,
) -> FetchedFile:
    """Download a file unless a verified copy exists.

    Received bytes are kept in a partial file. If this function is interrupted, for example by `progress`, the
    next call resumes it. Memory use does not depend on the file size.

    Args:
        session: see `session.open_session`.
        remote: the file to download.
        folder: existing target folder.
        progress: called with the number of bytes downloaded.
        retry: retry policy.

    Returns:
        The verified file.

    Raises:
        DataError: The host refuses or is unreachable, the file differs from the published one, or the disk
            reports an error.
    """
    path = folder / remote.name
    if path.is_file() and path.stat().st_size == remote.size:
        md5 = _md5(path)
        if md5 == (remote.md5 or md5):
            progress(remote.size)
            return FetchedFile(path, md5)
    part = PartialFile(path, remote)
    _download_with_retries(part, session, remote, progress, retry)
    md5 = _md5(part.path)
    if md5 != (remote.md5 or md5):
        part.discard()
        raise DataError(
            f"{remote.name} is damaged: its MD5 is {md5}, but {remote.md5} was published. The file was deleted; try "
            "again."
        )
    part.complete(path)
    return FetchedFile(path, md5)


def _download_with_retries(
    part: PartialFile,
    session: requests.Session,
    remote: RemoteFile,
    progress: Callable[[int], None],
    retry: RetryPolicy,
) -> None:
    """Attempt the download, with growing pauses, until it is complete or the retries are used up."""
    furthest, failures = part.size, 0
    progress(part.size)
    while part.size < remote.size:
        cause: Exception | None = None
        try:
            _attempt(part, session, remote, progress)
        except CONNECTION_ERRORS as error:
            cause = error
        except requests.exceptions.HTTPError as error:  # raised by `remote.address`
            raise refused_error(remote.name, remote.host, error.response, "Try again later") from error
        except requests.exceptions.RequestException as error:
            raise unexpected_response_error(remote.name, remote.host, error) from error
        if part.size == remote.size:
            return
        # Compared with the furthest position: a server that always restarts makes no progress.
        failures = 0 if part.size >= furthest + _PROGRESS_BYTES else failures + 1
        furthest = max(furthest, part.size)
        if failures >= retry.tries:
            raise unreachable_error(remote.name, remote.host) from cause
        progress(part.size)
        time.sleep(retry.before(max(1, failures)))


def _attempt(
    part: PartialFile, session: requests.Session, remote: RemoteFile, progress: Callable[[int], None]
) -> None:
    """Request the missing bytes once."""
    headers = {"Accept-Encoding": "identity", **part.request_headers()}
    with session.get(remote.address(), headers=headers, stream=True) as response:
        if response.status_code in (requests.codes.partial_content, requests.codes.range_not_satisfiable):
            if not part.is_continued_by(response):
                part.restart("")
                return
        elif response.status_code == requests.codes.ok:
            # The whole file: first attempt, no range support, or the file has changed.
            length = response.headers.get("Content-Length", str(remote.size))
            if length != str(remote.size):
                raise _size_error(remote, f"{int(length):,}")
            part.restart(response_validator(response))
        else:
            raise refused_error(
                remote.name,
                remote.host,
                response,
                f"Try again later, or download it with a browser to {part.path.parent}",
            )
        for chunk in response.iter_content(_CHUNK):
            if part.size + len(chunk) > remote.size:
                part.discard()
                raise _size_error(remote, "more")
            part.append(chunk)
            progress(part.size)


def _size_error(remote: RemoteFile, sent: str) -> DataError:
    return DataError(
        f"{remote.host} sends {sent} bytes of {remote.name}, but {remote.size:,} were published. Try again later."
    )


def _md5(path: Path) -> str:
    """Return the MD5 of a file, hexadecimal. It only detects damaged files."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_MD5_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
