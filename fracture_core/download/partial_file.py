"""Partial downloads that a later attempt can resume."""

import json
from pathlib import Path

import requests

from fracture_core.download.listing import RemoteFile
from fracture_core.io.disk_space import disk_errors
from fracture_core.io.json_record import parse_json


class PartialFile:
    """A partial download `name.part`, identified by size and MD5 in `name.part.json`.

    Attributes:
        path: path of the partial file.
        size: number of bytes downloaded.
    """

    def __init__(self, path: Path, remote: RemoteFile) -> None:
        """Resume the partial file of an earlier attempt if it belongs to the same remote file.

        Args:
            path: final path of the file.
            remote: the remote file.
        """
        self.path = path.with_name(path.name + ".part")
        self._note = path.with_name(path.name + ".part.json")
        self._identity = {"size": remote.size, "md5": remote.md5}
        self._validator = ""
        self.size = 0
        note = self._read_note()
        if note is None or not self.path.is_file() or self.path.stat().st_size > remote.size:
            self.restart("")
        else:
            self._validator = note
            self.size = self.path.stat().st_size

    def _read_note(self) -> str | None:
        """Return the validator; None if the partial file belongs to another file, or possibly does."""
        if not self._note.is_file():
            return None
        try:
            note = parse_json(self._note.read_text("utf-8"))
        except ValueError:
            return None
        if not isinstance(note, dict) or {key: note.get(key) for key in self._identity} != self._identity:
            return None
        validator = str(note.get("validator", ""))
        return validator if validator or self._identity["md5"] else None

    def request_headers(self) -> dict[str, str]:
        """Return headers for the rest, or for the whole file if it has changed (RFC 9110, section 13.1.5)."""
        if not self.size:
            return {}
        headers = {"Range": f"bytes={self.size}-"}
        if self._validator:
            headers["If-Range"] = self._validator
        return headers

    def is_continued_by(self, response: requests.Response) -> bool:
        """Return whether a response contains the requested rest."""
        if response.status_code != requests.codes.partial_content:
            return False
        span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        return span.startswith(f"{self.size}-") and total in ("*", str(self._identity["size"]))

    def restart(self, validator: str) -> None:
        """Empty the partial file.

        Args:
            validator: strong ETag or modification date of the following content; "" if there is none.
        """
        with disk_errors(self.path):
            self._note.write_text(json.dumps({**self._identity, "validator": validator}), "utf-8")
            self.path.write_bytes(b"")
        self._validator = validator
        self.size = 0

    def append(self, chunk: bytes) -> None:
        """Append received bytes and close the file."""
        with disk_errors(self.path), self.path.open("ab") as file:
            file.write(chunk)
        self.size += len(chunk)

    def discard(self) -> None:
        """Delete the partial file."""
        with disk_errors(self.path):
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def complete(self, path: Path) -> None:
        """Rename the partial file to its final path."""
        with disk_errors(path):
            self.path.replace(path)
            self._note.unlink(missing_ok=True)


def response_validator(response: requests.Response) -> str:
    """Return the value for `If-Range`: the ETag unless it is weak, else the modification date, else ""."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified", "")
