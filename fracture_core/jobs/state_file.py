"""The state.json of a job or a training run: its status and the process that works on it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs import background

STATE_NAME = "state.json"


class StateFile:
    """A JSON object on disk that also identifies the process which works on the job.

    Args:
        path: the file.
        start_key: the field of the process's start marker; the process number is always in "pid".
    """

    def __init__(self, path: Path, start_key: str):
        self.path = path
        self._start_key = start_key

    @property
    def changed_at(self) -> float:
        """Time of the last change in seconds since the epoch; 0 if the file does not exist."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def write(self, values: Mapping[str, Any], pid: int | None = None) -> None:
        """Replace the content of the file atomically.

        Args:
            values: the fields to write, without those of the process.
            pid: number of the process at work; None for this process, 0 for no process.

        Raises:
            OSError: the file cannot be written.
        """
        pid = os.getpid() if pid is None else pid
        marker = background.process_start_marker(pid) if pid else ""
        write_atomically(self.path, json.dumps({**values, "pid": pid, self._start_key: marker}))

    def read(self) -> dict[str, Any]:
        """Read every field of the file.

        Returns:
            The fields, with those of the process.

        Raises:
            OSError: the file does not exist or cannot be read.
            ValueError: the file is damaged.
        """
        values = parse_json(self.path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
        return values

    def is_process_alive(self, values: Mapping[str, Any]) -> bool:
        """Whether the process identified by fields that `read` returned is still running."""
        return background.is_process_alive(values.get("pid", 0), values.get(self._start_key, ""))
