"""Audit that runs in a background process. A page can start, watch and cancel it."""

import json
from pathlib import Path
from typing import Any

from fracture_core.audit.audit import audit_dataset
from fracture_core.audit.html_report import to_html
from fracture_core.audit.split_comparison import compare_with_clean_split
from fracture_core.datasets.manifest import MANIFEST_NAME, write_manifest
from fracture_core.errors import DataError, SecondLookError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs import job

_REPORT, _HTML_REPORT = "audit.json", "report.html"


class AuditJob(job.Job):
    """State and results of one audit, stored in a folder."""

    name = "audit"

    @property
    def html_report_path(self) -> Path:
        """Path of the HTML report of a finished audit."""
        return self.folder / _HTML_REPORT

    @property
    def clean_manifest_path(self) -> Path:
        """Path of the clean split of a finished audit. The file is missing if no clean split was possible."""
        return self.folder / MANIFEST_NAME

    def start(self, data: str, layout: str = "auto", seed: int = 0) -> None:
        """Start a new audit and return at once. Earlier results are deleted.

        Args:
            data: folder of the dataset, or a manifest.
            layout: name of a layout, or "auto".
            seed: seed of the clean split.

        Raises:
            DataError: This audit is already running, or no process can be started.
        """
        self._start(
            ["audit", data, "--layout", layout, "--seed", str(seed)],
            data,
            f"An audit of {data} is already running. Wait for it to finish or cancel it.",
        )

    def cancel(self) -> None:
        """Stop the audit and delete its results."""
        data = self.state().data
        if not self._kill():
            return
        for path in (self.html_report_path, self.clean_manifest_path, self.folder / _REPORT):
            path.unlink(missing_ok=True)
        self._write_state("cancelled", "The audit was cancelled.", data=data)

    def report(self) -> dict[str, Any]:
        """Load the results of a finished audit.

        Returns:
            `Audit.to_json` with one more key, "mended": the comparison with the clean split.

        Raises:
            DataError: There are no results, or the file is damaged.
        """
        try:
            return dict(parse_json((self.folder / _REPORT).read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise DataError(
                f"The audit results in {self.folder} cannot be read. Run the audit again."
            ) from error

    def run(self, data: Path, layout: str = "auto", seed: int = 0) -> int:
        """Run the audit in this process and write its results to the folder.

        Args:
            data: folder of the dataset, or a manifest.
            layout: name of a layout, or "auto".
            seed: seed of the clean split.

        Returns:
            0 if it finished, 1 if it failed. The state contains the reason.
        """
        progress = self._progress_writer(str(data))
        self.folder.mkdir(parents=True, exist_ok=True)
        progress("Reading the tables of the dataset", 0, 1)
        try:
            audit = audit_dataset(data, layout, progress)
            report = audit.to_json()
            progress("Making a clean split", 0, 1)
            clean, report["mended"] = compare_with_clean_split(audit, seed)
            if clean is not None:
                write_manifest(
                    self.clean_manifest_path, clean.cases, audit.catalogue.finding, audit.catalogue
                )
            progress("Writing the report", 0, 1)
            self.html_report_path.write_text(to_html(report), encoding="utf-8")
            write_atomically(self.folder / _REPORT, json.dumps(report))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            message = (
                f"The audit results could not be written to {self.folder} ({error.strerror}). Free disk space and run "
                "the audit again."
            )
            self._write_state("failed", message, data=str(data))
            return 1
        self._write_state("finished", report["verdict"], data=str(data))
        return 0
