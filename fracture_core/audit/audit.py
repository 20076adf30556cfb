"""Audit of a dataset before training: runs all checks and collects their findings."""

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fracture_core import __version__, near_duplicates
from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.check_duplicates import check_duplicates
from fracture_core.audit.check_files import check_files
from fracture_core.audit.check_labels import ClassBalance, check_labels, class_balance
from fracture_core.audit.check_splits import check_splits
from fracture_core.audit.file_facts import FileFacts, inspect_files
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.shortcuts import Shortcut, measure_shortcuts, shortcut_findings
from fracture_core.audit.split_sizes import SplitSize, split_sizes
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import find_layout, read_catalogue
from fracture_core.file_names import escape_name
from fracture_core.jobs.progress import ProgressCallback, ignore_progress

_ORDER = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, eq=False)
class Audit:
    """Results of an audit.

    Attributes:
        catalogue: the dataset as its layout was read.
        films: its images with the facts measured from their files.
        matches: pairs of files that were found to show the same image.
        findings: the findings, most severe first.
        sizes: size of each split.
        balance: number of images per class by split and region.
        shortcuts: how well file properties alone predict the label.
        seconds: duration of the audit.
        created: time of the audit, ISO 8601.
    """

    catalogue: Catalogue
    films: AuditedImages
    matches: tuple[near_duplicates.DuplicateMatch, ...]
    findings: tuple[Finding, ...]
    sizes: tuple[SplitSize, ...]
    balance: tuple[ClassBalance, ...]
    shortcuts: tuple[Shortcut, ...]
    seconds: float
    created: str

    @property
    def worst_level(self) -> Level:
        """Level of the most severe finding; `GOOD` if there is no fault and no warning."""
        levels = {Level.FAULT, Level.WARNING} & {finding.level for finding in self.findings}
        return min(levels, key=_ORDER.__getitem__, default=Level.GOOD)

    @property
    def verdict(self) -> str:
        """Summary of the audit in one sentence."""
        if any(finding.level is Level.FAULT and "leak" in finding.kind for finding in self.findings):
            return "Do not trust scores on this split: some evaluation images are also in training."
        if self.worst_level is Level.FAULT:
            return "This split is unusable: at least one split has only one class."
        if self.worst_level is Level.WARNING:
            return "Usable with care: read the warnings before quoting a score on this dataset."
        return "No problems found that would inflate a score on this dataset."

    def _named_in_findings(self) -> dict[str, Path]:
        """Return the paths of the files named in findings, by id."""
        named = {name for finding in self.findings for name in finding.ids}
        return {case.id: case.path for case in self.films.cases if case.id in named}

    def to_json(self) -> dict[str, Any]:
        """Return the audit as JSON-serialisable values."""
        ids = self.films.ids
        return {
            "version": __version__,
            "created": self.created,
            "seconds": round(self.seconds, 1),
            "root": escape_name(str(self.catalogue.root)),
            "layout": self.catalogue.layout,
            "layout_words": find_layout(self.catalogue.layout).words,
            "label": self.catalogue.finding,
            "classes": [list(pair) for pair in self.catalogue.classes],
            "verdict": self.verdict,
            "level": self.worst_level.value,
            "findings": [finding.to_json() for finding in self.findings],
            "sizes": [size.to_json() for size in self.sizes],
            "balance": [asdict(row) for row in self.balance],
            "shortcuts": [shortcut.to_json() for shortcut in self.shortcuts],
            "clusters": [
                [
                    {
                        "id": ids[row],
                        "path": relative_path(self.films.cases[row].path, self.catalogue.root),
                        "split": self.films.cases[row].split,
                        "label": self.films.cases[row].label,
                        "same_bytes": self.films.facts[row].digest == self.films.facts[rows[0]].digest,
                    }
                    for row in rows
                ]
                for rows in self.films.duplicate_groups()
            ],
            "unreadable": {
                case.id: facts.error
                for case, facts in zip(self.films.cases, self.films.facts, strict=True)
                if facts.error
            },
            "paths": {
                name: relative_path(path, self.catalogue.root)
                for name, path in self._named_in_findings().items()
            },
        }


def relative_path(path: Path, root: Path) -> str:
    """Return a path relative to the dataset folder, or the full path if it is elsewhere.

    The path has forward slashes and is escaped by `escape_name`.
    """
    return escape_name(path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix())


def audit_dataset(root: Path, layout: str = "auto", progress: ProgressCallback = ignore_progress) -> Audit:
    """Audit a dataset. Files on disk are not changed.

    Args:
        root: folder of the dataset, or a manifest.
        layout: name of a layout, or "auto".
        progress: called with (stage, done, total). An exception raised by it ends the audit.

    Returns:
        The results.

    Raises:
        DataError: The folder has no known layout or contains no radiographs.

    Example:
        >>> import tempfile
        >>> from fracture_core.phantom import PhantomSettings, write_phantom_dataset
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = write_phantom_dataset(Path(folder), PhantomSettings(count=20, size=(96, 80)))
        ...     audit = audit_dataset(Path(folder))
        >>> [(size.split, size.files) for size in audit.sizes]
        [('train', 12), ('val', 4), ('test', 4), ('all', 20)]
    """
    start = time.monotonic()
    catalogue = read_catalogue(root, layout)
    cases = catalogue.cases
    facts = inspect_files([case.path for case in cases], progress)
    content_ids, matches = _group_duplicates(catalogue, facts, progress)
    images = AuditedImages(cases, facts, content_ids)
    progress("Searching for shortcuts", 0, 1)
    shortcuts = measure_shortcuts(images, catalogue.finding)
    findings = [
        *check_splits(images),
        *check_duplicates(images, catalogue.finding),
        *check_files(images, catalogue.finding),
        *check_labels(images, catalogue),
        *shortcut_findings(shortcuts),
    ]
    findings.sort(key=lambda finding: _ORDER[finding.level])
    progress("Searching for shortcuts", 1, 1)
    return Audit(
        catalogue,
        images,
        matches,
        tuple(findings),
        tuple(split_sizes(images)),
        tuple(class_balance(images)),
        tuple(shortcuts),
        time.monotonic() - start,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _group_duplicates(
    catalogue: Catalogue, facts: list[FileFacts], progress: ProgressCallback
) -> tuple[NDArray[np.int64], tuple[near_duplicates.DuplicateMatch, ...]]:
    """Group the cases that show the same image: first by their bytes, then by their content."""
    number_of: dict[str, int] = {}
    first_rows: list[int] = []
    code = np.zeros(len(facts), np.int64)
    for row, file_facts in enumerate(facts):
        key = file_facts.digest or f"row {row}"
        if key not in number_of:
            number_of[key] = len(first_rows)
            first_rows.append(row)
        code[row] = number_of[key]
    groups, matches = near_duplicates.group_duplicates(
        np.stack([facts[row].fingerprint for row in first_rows]),
        lambda k: near_duplicates.comparison_image(catalogue.cases[first_rows[k]].path),
        progress,
    )
    if catalogue.paired:
        # The fractured counterpart of an image is not a duplicate of it, however similar they look.
        labels = np.array([case.label for case in catalogue.cases])
        content_ids = np.unique(groups[code] * 2 + labels, return_inverse=True)[1].astype(np.int64)
        matches = [m for m in matches if labels[first_rows[m.left]] == labels[first_rows[m.right]]]
    else:
        content_ids = groups[code]
    matched_rows = tuple(
        near_duplicates.DuplicateMatch(first_rows[match.left], first_rows[match.right], match.score)
        for match in matches
    )
    return content_ids, matched_rows
