"""An audit in a process of its own, which a page starts, watches and cancels."""

import json
from pathlib import Path
from typing import Any

from fracture_core.audit.audit import audit_dataset
from fracture_core.audit.html_report import to_html
from fracture_core.audit.split_comparison import compare_with_clean_split
from fracture_core.datasets.manifest import MANIFEST_NAME, write_manifest
from fracture_core.errors import DataError, SecondLookError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs import job

_REPORT, _PAGE = "audit.json", "report.html"


class AuditJob(job.Job):
    """A folder with the state and the results of one audit."""

    name = "audit"

    @property
    def html_report_path(self) -> Path:
        """The HTML page of a finished audit."""
        return self.folder / _PAGE

    @property
    def clean_manifest_path(self) -> Path:
        """The mended split of a finished audit; missing where the set could not be mended."""
        return self.folder / MANIFEST_NAME

    def start(self, data: str, layout: str = "auto", seed: int = 0) -> None:
        """Starts anew and returns at once; what was there before is deleted.

        Raises:
            DataError: it is at work already, or no process can be started.
        """
        if self.state().status == "running":
            raise DataError(
                f"Expected no audit of {data} at work, but there is one: wait for it or cancel it."
            )
        try:
            self._launch(["audit", data, "--layout", layout, "--seed", str(seed)], data)
        except OSError as error:
            raise DataError(
                f"Expected to start an audit, but the system said “{error.strerror}”: free memory or disk space and "
                "try again."
            ) from error

    def cancel(self) -> None:
        """Ends the audit; nothing of it is kept."""
        data = self.state().data
        if not self._kill():
            return
        for left in (self.html_report_path, self.clean_manifest_path, self.folder / _REPORT):
            left.unlink(missing_ok=True)
        self._write_state("cancelled", "The audit was cancelled.", data=data)

    def report(self) -> dict[str, Any]:
        """The results of a finished audit: `Audit.to_json`, with the comparison under "mended".

        Raises:
            DataError: there are none, or the file is damaged.
        """
        try:
            return json.loads((self.folder / _REPORT).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"Expected the results of an audit in {self.folder}, but they cannot be read: audit again."
            ) from error

    def run(self, data: Path, layout: str = "auto", seed: int = 0) -> int:
        """Does the audit in this process and leaves its results in the folder.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        progress = self._progress_writer(str(data))
        self.folder.mkdir(parents=True, exist_ok=True)
        progress("Reading the tables of the data set", 0, 1)
        try:
            found = audit_dataset(data, layout, progress)
            report = found.to_json()
            progress("Mending the split", 0, 1)
            mended, report["mended"] = compare_with_clean_split(found, seed)
            if mended is not None:
                write_manifest(
                    self.clean_manifest_path, mended.cases, found.catalogue.finding, found.catalogue
                )
            progress("Writing the page", 0, 1)
            self.html_report_path.write_text(to_html(report), encoding="utf-8")
            write_atomically(self.folder / _REPORT, json.dumps(report))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            why = (
                f"Expected to write the results of the audit to {self.folder}, but the system said "
                f"“{error.strerror}”: free disk space and audit again."
            )
            self._write_state("failed", why, data=str(data))
            return 1
        self._write_state("finished", report["verdict"], data=str(data))
        return 0
