"""Result: what a run of a published architecture measured, kept without weights or films."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fracture_core.errors import DataError
from fracture_core.evaluation import Summary

#: On what an architecture was run: the set as its publishers distribute it, the same freed of leaks, and FracAtlas
#: by groups.
AS_DISTRIBUTED, MENDED, FRACATLAS = "as_distributed", "mended", "fracatlas"
RESULT_COLUMNS = {
    AS_DISTRIBUTED: "its data as distributed",
    MENDED: "the same data without leaks",
    FRACATLAS: "FracAtlas, split by groups",
}


@dataclass(frozen=True)
class RunResult:
    """One cell of the table.

    Attributes:
        row: the row of the zoo.
        column: a key of `RESULT_COLUMNS`.
        data: the data set, in words.
        test: the record on its test films; groups are originals as far as they are known.
        regions: the record by region.
        epochs: what each completed epoch reported.
        planned: epochs asked for.
        minutes: spent on training.
        command: how it was trained.
        date: ISO date.
        counts: films by split: [without, with].
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
        """Name of its file."""
        return f"{self.row}-{self.column}.json"

    def save(self, folder: Path) -> Path:
        """Writes the result, over an earlier one of the same cell."""
        path = folder / self.file_name
        plain = {
            **{name: getattr(self, name) for name in _PLAIN},
            "epochs": list(self.epochs),
            "test": self.test.to_json(),
            "regions": {name: part.to_json() for name, part in self.regions.items()},
        }
        path.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> "RunResult":
        """Reads what `save` wrote.

        Raises:
            DataError: it is no such file.
        """
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                **{name: plain[name] for name in _PLAIN},
                epochs=tuple(plain["epochs"]),
                test=Summary.from_json(plain["test"]),
                regions={name: Summary.from_json(part) for name, part in plain["regions"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"Expected the result of a run in {path}, but it cannot be read ({error}): take it from the run anew."
            ) from error


_PLAIN = ("row", "column", "data", "planned", "minutes", "command", "date", "counts")


def load_results(folder: Path) -> dict[tuple[str, str], RunResult]:
    """Every result that there is, by row and column.

    Raises:
        DataError: one of them cannot be read.
    """
    found = [RunResult.load(path) for path in sorted(folder.glob("*.json"))]
    return {(result.row, result.column): result for result in found}
