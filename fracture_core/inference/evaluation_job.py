"""EvaluationJob: a model on labelled images other than its own test split, in a background process."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core.acceptance import AcceptanceTest
from fracture_core.errors import DataError, SecondLookError
from fracture_core.evaluation import Summary, VerdictCoverage
from fracture_core.file_names import encode_name
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs.job import Job
from fracture_core.jobs.progress import ProgressCallback

if TYPE_CHECKING:
    from fracture_core.inference.evaluate import Evaluation

_METRICS, _PREDICTIONS = "metrics.json", "predictions.csv"


@dataclass(frozen=True)
class EvaluationResult:
    """Results of a model on other images.

    Attributes:
        data: the dataset, as the user named it.
        created: ISO date.
        summary: metrics over all images.
        warnings: what limits the interpretation.
        acceptance: comparison with the card and thresholds with guarantees; None for results of an earlier version.
        regions: metrics by body region.
        coverage: frequency and error of each verdict by region; "" for all images.
    """

    data: str
    created: str
    summary: Summary
    warnings: tuple[str, ...]
    acceptance: AcceptanceTest | None = None
    regions: Mapping[str, Summary] = field(default_factory=dict)
    coverage: Mapping[str, VerdictCoverage] = field(default_factory=dict)


class EvaluationJob(Job):
    """A job whose results are kept apart from the model's own test record."""

    name = "evaluation"

    @classmethod
    def for_dataset(cls, root: Path, sha256: str, data: Path) -> EvaluationJob:
        """Return the job for a model and a dataset, whether it exists or not.

        Args:
            root: folder of the runs.
            sha256: hash of the model's weights.
            data: the dataset.
        """
        return cls(_model_folder(root, sha256) / hashlib.sha256(encode_name(str(data))).hexdigest()[:16])

    @classmethod
    def all(cls, root: Path, sha256: str) -> list[EvaluationJob]:
        """Return every job of a model, the one with the oldest results first."""
        results = _model_folder(root, sha256).glob(f"*-results/{_METRICS}")
        paths = sorted(results, key=lambda path: (path.stat().st_mtime, path))
        return [cls(path.parent.with_name(path.parent.name.removesuffix("-results"))) for path in paths]

    @property
    def predictions_path(self) -> Path:
        """The table of predictions."""
        return self._results / _PREDICTIONS

    @property
    def metrics_path(self) -> Path:
        """The metrics as JSON, with the fields of `evaluate --out`."""
        return self._results / _METRICS

    @property
    def _results(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-results")

    def start(self, model_id: str, data: Path) -> None:
        """Start the evaluation and return at once. Earlier results stay until the new ones are complete.

        Args:
            model_id: the model.
            data: the dataset.

        Raises:
            DataError: The evaluation is running, or no process can be started.
        """
        self._start(
            ["evaluate", "--model", model_id, "--data", str(data), "--split", "all"],
            str(data),
            "The model is being evaluated on these images already: wait for it or cancel it.",
        )

    def cancel(self) -> None:
        """Stop the evaluation. Earlier results stay."""
        self._cancel("The evaluation was cancelled.")

    def forget(self) -> None:
        """Delete state and results unless the evaluation is running."""
        super().forget()
        if not self.folder.exists():
            shutil.rmtree(self._results, ignore_errors=True)

    def run(self, data: Path, evaluate: Callable[[ProgressCallback], Evaluation]) -> int:
        """Evaluate in this process and store the results.

        Args:
            data: the dataset.
            evaluate: called with a progress callback.

        Returns:
            Exit status: 0, or 1 after a failure. The job state contains the reason.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            evaluation = evaluate(self._progress_writer(str(data)))
            self._results.mkdir(parents=True, exist_ok=True)
            evaluation.write_predictions(self.predictions_path)
            metrics = {
                "data": str(data),
                "created": datetime.now(UTC).date().isoformat(),
                **evaluation.to_json(),
            }
            write_atomically(self.metrics_path, json.dumps(metrics, indent=1))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            reason = f"The results could not be saved ({error.strerror}): free disk space and try again."
            self._write_state("failed", reason, data=str(data))
            return 1
        self._write_state("finished", f"{evaluation.summary.n:,} images were evaluated.", data=str(data))
        return 0

    def results(self) -> EvaluationResult:
        """Load the results.

        Raises:
            DataError: There are none, or the file is damaged.
        """
        try:
            payload = parse_json(self.metrics_path.read_text(encoding="utf-8"))
            return EvaluationResult(
                str(payload["data"]),
                str(payload["created"]),
                Summary.from_json(payload["all"]),
                tuple(map(str, payload["warnings"])),
                AcceptanceTest.from_json(payload["acceptance"]) if payload.get("acceptance") else None,
                {name: Summary.from_json(found) for name, found in payload["regions"].items()},
                {name: VerdictCoverage.from_json(found) for name, found in payload["coverage"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, DataError) as error:
            raise DataError(f"The results in {self.metrics_path} cannot be read: evaluate again.") from error


def _model_folder(root: Path, sha256: str) -> Path:
    return root / ".evaluations" / sha256[:16]
