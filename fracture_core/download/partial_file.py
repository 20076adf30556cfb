"""The beginning of a file, kept so that a later attempt fetches only the rest."""

import json
from pathlib import Path

import requests

from fracture_core.download.listing import RemoteFile
from fracture_core.io.disk_space import disk_errors


class PartialFile:
    """`name.part`, and beside it in `name.part.json` of which file it is the beginning.

    Attributes:
        path: the part.
        size: bytes that are there.
    """

    def __init__(self, path: Path, remote: RemoteFile) -> None:
        """Takes up the part of an earlier attempt, where it is one of this very file.

        Args:
            path: where the whole file will lie.
            remote: the file.
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
        """The validator, None where the part is of another file or nothing proves that it is not."""
        if not self._note.is_file():
            return None
        try:
            note = json.loads(self._note.read_text("utf-8"))
        except ValueError:
            return None
        if not isinstance(note, dict) or {key: note.get(key) for key in self._identity} != self._identity:
            return None
        validator = str(note.get("validator", ""))
        return validator if validator or self._identity["md5"] else None

    def request_headers(self) -> dict[str, str]:
        """Headers that ask for the rest, or for the whole file where it has changed since (RFC 9110, 13.1.5)."""
        if not self.size:
            return {}
        headers = {"Range": f"bytes={self.size}-"}
        if self._validator:
            headers["If-Range"] = self._validator
        return headers

    def is_continued_by(self, response: requests.Response) -> bool:
        """Whether a response is the rest that was asked for."""
        if response.status_code != requests.codes.partial_content:
            return False
        span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        return span.startswith(f"{self.size}-") and total in ("*", str(self._identity["size"]))

    def restart(self, validator: str) -> None:
        """Empties the part.

        Args:
            validator: strong ETag or date of change of what follows; empty where there is none.
        """
        with disk_errors(self.path):
            self._note.write_text(json.dumps({**self._identity, "validator": validator}), "utf-8")
            self.path.write_bytes(b"")
        self._validator = validator
        self.size = 0

    def append(self, chunk: bytes) -> None:
        """Adds what arrived; it is on disk when this returns."""
        with disk_errors(self.path), self.path.open("ab") as file:
            file.write(chunk)
        self.size += len(chunk)

    def discard(self) -> None:
        """Deletes the part."""
        with disk_errors(self.path):
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def complete(self, path: Path) -> None:
        """Gives the part the name of the whole file."""
        with disk_errors(path):
            self.path.replace(path)
            self._note.unlink(missing_ok=True)


def response_validator(response: requests.Response) -> str:
    """What `If-Range` may hold for a response: its ETag unless weak, else its date of change, else nothing."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified", "")
