"""Audit: what a data set is worth, before anything is trained on it."""

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

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
    """What an audit found.

    Attributes:
        catalogue: the set as its layout tells it.
        films: its films as they were seen.
        matches: pairs that joined copies.
        findings: what there is to say, the gravest first.
        sizes: what each part really holds.
        balance: films without and with the finding by part and region.
        shortcuts: how well properties of the files alone tell the label.
        seconds: how long it took.
        created: when, ISO 8601.
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
        """The level of its gravest finding, `GOOD` where none is a fault or a warning."""
        grave = {Level.FAULT, Level.WARNING} & {finding.level for finding in self.findings}
        return min(grave, key=_ORDER.__getitem__, default=Level.GOOD)

    @property
    def verdict(self) -> str:
        """The whole audit in one sentence."""
        if any(finding.level is Level.FAULT and "leak" in finding.kind for finding in self.findings):
            return "Do not trust a test score on this set as it is: training has seen what the test asks."
        if self.worst_level is Level.FAULT:
            return "This set cannot be used as it is split: a part of it lacks one of the classes."
        if self.worst_level is Level.WARNING:
            return "Usable with care: read the warnings before you quote a score on this set."
        return "Nothing was found that would flatter a score on this set."

    def _named_in_findings(self) -> dict[str, Path]:
        """Paths of the files that findings name, by id."""
        named = {name for finding in self.findings for name in finding.ids}
        return {case.id: case.path for case in self.films.cases if case.id in named}

    def to_json(self) -> dict[str, Any]:
        """The audit as plain JSON values."""
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
    """A path below the set's folder with forward slashes; whole where it lies elsewhere; escaped by `escape_name`."""
    return escape_name(path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix())


def audit_dataset(root: Path, layout: str = "auto", progress: ProgressCallback = ignore_progress) -> Audit:
    """Audits a data set.

    Args:
        root: its folder, or a manifest.
        layout: a layout's name, or "auto".
        progress: called with (stage, done, total); an exception it raises ends the audit.

    Returns:
        What was found. Nothing on disk is changed.

    Raises:
        DataError: the folder has no known layout, or holds no film.
    """
    began = time.monotonic()
    catalogue = read_catalogue(root, layout)
    cases = catalogue.cases
    facts = inspect_files([case.path for case in cases], progress)
    pictures, matches = _group_duplicates(catalogue, facts, progress)
    films = AuditedImages(cases, facts, pictures)
    progress("Looking for shortcuts", 0, 1)
    found = measure_shortcuts(films, catalogue.finding)
    findings = [
        *check_splits(films),
        *check_duplicates(films, catalogue.finding),
        *check_files(films),
        *check_labels(films, catalogue),
        *shortcut_findings(found),
    ]
    findings.sort(key=lambda finding: _ORDER[finding.level])
    progress("Looking for shortcuts", 1, 1)
    return Audit(
        catalogue,
        films,
        matches,
        tuple(findings),
        tuple(split_sizes(films)),
        tuple(class_balance(films)),
        tuple(found),
        time.monotonic() - began,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _group_duplicates(
    catalogue: Catalogue, facts: list[FileFacts], progress: ProgressCallback
) -> tuple[np.ndarray, tuple[near_duplicates.DuplicateMatch, ...]]:
    """Which cases show the same picture: first by their bytes, then by what is on them."""
    seen: dict[str, int] = {}
    first: list[int] = []
    code = np.zeros(len(facts), np.int64)
    for row, each in enumerate(facts):
        key = each.digest or f"row {row}"
        if key not in seen:
            seen[key] = len(first)
            first.append(row)
        code[row] = seen[key]
    groups, matches = near_duplicates.group_duplicates(
        np.stack([facts[row].rings for row in first]),
        lambda k: near_duplicates.comparison_image(catalogue.cases[first[k]].path),
        progress,
    )
    if catalogue.paired:
        # The broken twin of a film is no copy of it, however much they look alike.
        labels = np.array([case.label for case in catalogue.cases])
        groups = np.unique(groups[code] * 2 + labels, return_inverse=True)[1]
        matches = [m for m in matches if labels[first[m.left]] == labels[first[m.right]]]
    else:
        groups = groups[code]
    named = tuple(
        near_duplicates.DuplicateMatch(first[match.left], first[match.right], match.score)
        for match in matches
    )
    return groups, named
