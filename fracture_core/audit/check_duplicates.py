"""Duplicate checks: exact copies, near-duplicates, rotated copies and contradictory labels."""

import numpy as np

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import count_images, first_ids, pluralise
from fracture_core.datasets.layouts.image_files import is_rotated_copy
from fracture_core.vocabulary import label_text

# The number of files is misleading if fewer than this share of them are different images.
_MIN_UNIQUE_SHARE = 0.9


def check_duplicates(images: AuditedImages, finding: str) -> list[Finding]:
    """Check for images that several files show.

    Args:
        images: the images of the audit.
        finding: what label 1 means, a name in `vocabulary.FINDINGS`.

    Returns:
        The findings, or one of level GOOD if there are no duplicates.
    """
    groups = images.duplicate_groups()
    if not groups:
        sentence = f"All {count_images(len(images))} are different; there are no duplicates."
        return [Finding("copies_good", Level.GOOD, sentence)]
    findings = [_effective_size(images)]
    digests = np.array([facts.digest for facts in images.facts])
    _, code, counts = np.unique(digests, return_inverse=True, return_counts=True)
    # Files whose bytes could not be read have no digest and are not copies of each other.
    copied = (counts[code] > 1) & (digests != "")
    exact = int(copied.sum()) - len(set(code[copied].tolist()))
    if exact:
        findings.append(
            Finding(
                "exact_copies",
                Level.WARNING,
                f"{exact:,} {pluralise(exact, 'file is an exact copy', 'files are exact copies')} of another file.",
                "The clean split keeps one file per image.",
                exact,
                first_ids([images.ids[row] for row in np.flatnonzero(copied)]),
            )
        )
    near_groups = [rows for rows in groups if len(set(digests[rows].tolist())) > 1]
    near = sum(len(set(digests[rows].tolist())) - 1 for rows in near_groups)
    if near:
        findings.append(
            Finding(
                "near_copies",
                Level.WARNING,
                f"{near:,}{' more' if exact else ''} "
                f"{pluralise(near, 'file is a near-duplicate', 'files are near-duplicates')} of another file: "
                "rotated, mirrored, rescaled, cropped, darkened or saved again.",
                "The clean split keeps one file per image.",
                near,
                first_ids([images.ids[row] for rows in near_groups for row in rows]),
            )
        )
    rotated = np.array([is_rotated_copy(case.path) for case in images.cases], bool)
    if rotated.any():
        originals = len(set(images.content_ids[rotated & images.readable].tolist()))
        count = int(rotated.sum())
        findings.append(
            Finding(
                "turned_copies",
                Level.WARNING,
                f"{count:,} {pluralise(count, 'file is a rotated copy', 'files are rotated copies')} according to "
                f"the file name; {pluralise(count, 'it shows', 'they show')} {originals:,} different "
                f"{pluralise(originals, 'image', 'images')}.",
                "The clean split keeps one file per image.",
                count,
                first_ids([case.id for case in images.cases if is_rotated_copy(case.path)]),
            )
        )
    contradictory = [rows for rows in groups if len(set(images.labels[rows].tolist())) > 1]
    if contradictory:
        count = len(contradictory)
        them = pluralise(count, "it", "them")
        ids = [" = ".join(images.ids[row] for row in rows) for rows in contradictory]
        findings.append(
            Finding(
                "contradictory_labels",
                Level.WARNING,
                f"{count_images(count)} {pluralise(count, 'has', 'have')} both labels, {label_text(1, finding)} and "
                f"{label_text(0, finding)}: one of the two labels is wrong.",
                f"Have a reader review {them}. The clean split leaves {them} out.",
                sum(len(rows) for rows in contradictory),
                first_ids(ids),
            )
        )
    return findings


def _effective_size(images: AuditedImages) -> Finding:
    """Compare the number of readable files with the number of different images."""
    originals = len(set(images.content_ids[images.readable].tolist()))
    readable = int(images.readable.sum())
    level = Level.WARNING if originals < _MIN_UNIQUE_SHARE * readable else Level.NOTE
    per_image = f", about {readable / originals:.0f} files per image" if readable >= 2 * originals else ""
    sentence = (
        f"{readable:,} readable files show {originals:,} different {pluralise(originals, 'image', 'images')}"
    )
    return Finding("effective_size", level, f"{sentence}{per_image}.", "", readable - originals)
