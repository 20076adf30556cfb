"""Description of a dataset by its host, read before the download."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import requests


@dataclass(frozen=True)
class RemoteFile:
    """One file to download.

    Attributes:
        name: file name without a path.
        size: size in bytes.
        md5: published MD5, hexadecimal; "" if the host publishes none.
        host: name of the host, for messages.
        address: returns the URL. It is called for each attempt, because signed URLs expire.
    """

    name: str
    size: int
    md5: str
    host: str
    address: Callable[[], str]


@dataclass(frozen=True)
class Listing:
    """Current description of a dataset by its host.

    Attributes:
        version: version number of the host.
        date: publication date of this version, YYYY-MM-DD; "" if unknown.
        licence: licence name of the host; "" if not stated.
        files: all files of the dataset.
    """

    version: str
    date: str
    licence: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """Total size in bytes."""
        return sum(file.size for file in self.files)


class DatasetHost(Protocol):
    """A host of datasets."""

    def listing(self, session: requests.Session) -> Listing:
        """Request the description of the dataset.

        Args:
            session: HTTP session.

        Raises:
            DataError: The host is unreachable, refuses, or sends an unknown response.
        """
        ...
