"""Results of our runs of published architectures, stored as JSON without weights or images."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fracture_core.errors import DataError
from fracture_core.evaluation import Summary
from fracture_core.io.json_record import parse_json

#: Data of a run: the dataset as distributed, the same dataset with a clean split, and FracAtlas split by groups.
AS_DISTRIBUTED, CLEAN_SPLIT, FRACATLAS = "as_distributed", "mended", "fracatlas"
RESULT_COLUMNS = {
    AS_DISTRIBUTED: "original data as distributed",
    CLEAN_SPLIT: "same data, clean split",
    FRACATLAS: "FracAtlas, split by groups",
}


@dataclass(frozen=True)
class RunResult:
    """Result of a run, one cell of the table of published systems.

    Attributes:
        row: Name of the architecture.
        column: A key of `RESULT_COLUMNS`.
        data: Name of the dataset.
        test: Performance on the test images; groups are duplicate groups if known.
        regions: Performance by body region.
        epochs: Metrics of each completed epoch.
        planned: Number of epochs requested.
        minutes: Training time in minutes.
        command: Training command.
        date: ISO date.
        counts: Number of images [without, with] a fracture by split.
    """

    row: str
    column: str
    data: str
    test: Summary
    regions: dict[str, Summary]
    epochs: tuple[dict[str, Any], ...]
    planned: int
    minutes: float
    command: str
    date: str
    counts: dict[str, list[int]]

    @property
    def file_name(self) -> str:
        """File name of the result."""
        return f"{self.row}-{self.column}.json"

    def save(self, folder: Path) -> Path:
        """Write the result; an earlier one of the same architecture and column is replaced.

        Args:
            folder: Folder of the results.

        Returns:
            The path of the file.
        """
        path = folder / self.file_name
        plain = {
            **{name: getattr(self, name) for name in _PLAIN},
            "epochs": list(self.epochs),
            "test": self.test.to_json(),
            "regions": {name: summary.to_json() for name, summary in self.regions.items()},
        }
        path.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> "RunResult":
        """Read a file written by `save`.

        Raises:
            DataError: The file cannot be read or is not a result.
        """
        try:
            plain = parse_json(path.read_text(encoding="utf-8"))
            return cls(
                **{name: plain[name] for name in _PLAIN},
                epochs=tuple(plain["epochs"]),
                test=Summary.from_json(plain["test"]),
                regions={name: Summary.from_json(summary) for name, summary in plain["regions"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"Cannot read the result of a run in {path} ({error}): collect it from the run again."
            ) from error


_PLAIN = ("row", "column", "data", "planned", "minutes", "command", "date", "counts")


def load_results(folder: Path) -> dict[tuple[str, str], RunResult]:
    """Load all results.

    Args:
        folder: Folder of the results.

    Returns:
        The results by architecture and column.

    Raises:
        DataError: A result cannot be read.
    """
    results = [RunResult.load(path) for path in sorted(folder.glob("*.json"))]
    return {(result.row, result.column): result for result in results}
