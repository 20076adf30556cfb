"""Readers' opinions on verdicts about their own images, stored on request.

One line of JSON for each opinion, in the folder of the model's reviews. It contains no image, no name and no comment;
an image is known by the SHA-256 of its file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import Field

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.io.csv_safety import escape_formula
from fracture_core.io.json_record import JsonRecord, parse_json

_NAME = "opinions.jsonl"
_LOCK_TIMEOUT = 10  # seconds; a line is written in milliseconds


class ReaderMark(StrEnum):
    """What a reader thinks of a verdict; the value is used in tables."""

    AGREE = "agree"
    DISAGREE = "disagree"
    UNSURE = "unsure"


_Short = Annotated[str, Field(max_length=200)]


@dataclass(frozen=True)
class VerdictOpinion(JsonRecord):
    """A reader's mark on the verdict about one image.

    Attributes:
        time: ISO 8601 date and time in UTC.
        image: SHA-256 of the file.
        weights: SHA-256 of the model's weights.
        verdict: the verdict.
        probability: calibrated probability, 0–1.
        region: body region; "" if unknown.
        mark: a `ReaderMark`, or "" for a mark that was withdrawn.
    """

    time: _Short
    image: _Short
    weights: _Short
    verdict: _Short
    probability: Annotated[float, Field(ge=0, le=1)]
    region: _Short
    mark: _Short


class VerdictOpinions:
    """The opinions on the verdicts of one model.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path):
        self._path = path

    @classmethod
    def for_model(cls, runs: Path, model_id: str) -> VerdictOpinions:
        """Return the opinions on a model.

        Args:
            runs: folder of the runs.
            model_id: the model.
        """
        return cls(paths.reviews_dir(runs, model_id) / _NAME)

    def add(
        self, content: bytes, weights: str, verdict: str, probability: float, region: str, mark: str
    ) -> None:
        """Add an opinion; it replaces an earlier one on the same image.

        Args:
            content: the file of the image.
            weights: SHA-256 of the model's weights.
            verdict: the verdict.
            probability: calibrated probability, 0–1.
            region: body region; "" if unknown.
            mark: a `ReaderMark`, or "" to withdraw the earlier one.

        Raises:
            DataError: the file cannot be written.
        """
        image = hashlib.sha256(content).hexdigest()
        time = datetime.now(UTC).isoformat(timespec="seconds")
        opinion = VerdictOpinion(time, image, weights, verdict, round(probability, 6), region, mark)
        line = json.dumps(opinion.to_json()).encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with (
                FileLock(self._path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT),
                self._path.open("a+b") as file,
            ):
                # A process that was killed may have left half a line.
                if file.tell() and not self._ends_with_newline():
                    line = b"\n" + line
                file.write(line)
        except (OSError, NotImplementedError, Timeout) as error:
            raise DataError(f"Cannot write to {self._path} ({error}): fix this and try again.") from error

    def _ends_with_newline(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, io.SEEK_END)
            return file.read(1) == b"\n"

    def all(self) -> list[VerdictOpinion]:
        """Return the latest opinion on each image, oldest first; damaged lines are left out.

        Raises:
            DataError: the file cannot be read.
        """
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(f"Cannot read {self._path} ({error}): fix this and try again.") from error
        latest: dict[tuple[str, str], VerdictOpinion] = {}
        for line in lines:
            try:
                opinion = VerdictOpinion.from_json(parse_json(line))
            except (DataError, ValueError):
                continue
            latest.pop((opinion.image, opinion.weights), None)
            latest[opinion.image, opinion.weights] = opinion
        return [opinion for opinion in latest.values() if opinion.mark in list(ReaderMark)]


def count_opinions(opinions: list[VerdictOpinion]) -> dict[str, dict[str, int]]:
    """Count marks by verdict.

    Args:
        opinions: the opinions.

    Returns:
        Numbers by verdict and mark; every mark is there for each verdict that occurs.

    Example:
        >>> opinion = VerdictOpinion("", "a", "w", "uncertain", 0.2, "hand", "agree")
        >>> count_opinions([opinion])
        {'uncertain': {'agree': 1, 'disagree': 0, 'unsure': 0}}
    """
    counts = Counter((opinion.verdict, opinion.mark) for opinion in opinions)
    verdicts = dict.fromkeys(opinion.verdict for opinion in opinions)
    return {verdict: {mark.value: counts[verdict, mark.value] for mark in ReaderMark} for verdict in verdicts}


def opinions_to_csv(opinions: list[VerdictOpinion]) -> bytes:
    """Convert opinions to CSV with a header, encoded in UTF-8 with a byte order mark for spreadsheets."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = tuple(VerdictOpinion.__dataclass_fields__)
    writer.writerow(columns)
    for opinion in opinions:
        writer.writerow([escape_formula(str(getattr(opinion, column))) for column in columns])
    return file.getvalue().encode("utf-8-sig")
