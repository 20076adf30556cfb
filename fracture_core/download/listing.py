"""What a host says of a data set before any of its files is fetched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import requests


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch.

    Attributes:
        name: its plain file name.
        size: bytes.
        md5: its published MD5 in hexadecimal, empty where the host publishes none.
        host: who keeps it, in words.
        address: gives its URL. Asked again for each attempt, as signed URLs expire.
    """

    name: str
    size: int
    md5: str
    host: str
    address: Callable[[], str]


@dataclass(frozen=True)
class Listing:
    """A data set as its host describes it today.

    Attributes:
        version: the host's number of the version.
        date: day on which that version was published, as YYYY-MM-DD; empty where unknown.
        licence: the host's name of the licence; empty where it names none.
        files: every file of the set.
    """

    version: str
    date: str
    licence: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class DatasetHost(Protocol):
    """Where a data set is kept."""

    def listing(self, session: requests.Session) -> Listing:
        """Asks the host.

        Raises:
            DataError: it cannot be reached, refuses, or answers something else.
        """
        ...
