"""The same picture more than once, and under both labels."""

import numpy as np

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import count_films, first_ids, verb_form
from fracture_core.datasets.layouts.image_files import is_rotated_copy
from fracture_core.vocabulary import finding_with_article


def check_duplicates(every: AuditedImages, finding: str) -> list[Finding]:
    """What is said by pictures that several files show.

    Args:
        every: the films.
        finding: what label 1 means, a name of `vocabulary.FINDINGS`.
    """
    clusters = every.duplicate_groups()
    if not clusters:
        return [
            Finding(
                "copies_good",
                Level.GOOD,
                f"Each of the {count_films(len(every))} shows a picture of its own.",
            )
        ]
    found = [_effective_count(every)]
    digests = np.array([facts.digest for facts in every.facts])
    _, code, counts = np.unique(digests, return_inverse=True, return_counts=True)
    # Files whose bytes could not be read have no digest, and are no copies of each other.
    twins = (counts[code] > 1) & (digests != "")
    exact = int(twins.sum()) - len(set(code[twins].tolist()))
    if exact:
        found.append(
            Finding(
                "exact_copies",
                Level.WARNING,
                f"{exact:,} {verb_form(exact, 'file is', 'files are')} byte for byte a copy of another file.",
                "One of each is enough; the mended split keeps one.",
                exact,
                first_ids([every.ids[row] for row in np.flatnonzero(twins)]),
            )
        )
    near = sum(len(set(digests[rows].tolist())) - 1 for rows in clusters)
    if near:
        shown = [every.ids[row] for rows in clusters if len(set(digests[rows].tolist())) > 1 for row in rows]
        found.append(
            Finding(
                "near_copies",
                Level.WARNING,
                f"{near:,} more {verb_form(near, 'shows', 'show')} the picture of another file, turned, mirrored, "
                f"scaled, "
                "darkened, cut off or saved again.",
                "They say nothing new; the mended split keeps one of each.",
                near,
                first_ids(shown),
            )
        )
    turned = np.array([is_rotated_copy(case.path) for case in every.cases], bool)
    if turned.any():
        originals = len(set(every.pictures[turned & every.readable].tolist()))
        count = int(turned.sum())
        found.append(
            Finding(
                "turned_copies",
                Level.WARNING,
                f"{count:,} files call themselves turned copies in their names; they show {originals:,} different "
                f"{verb_form(originals, 'picture', 'pictures')}.",
                "",
                count,
                first_ids([case.id for case in every.cases if is_rotated_copy(case.path)]),
            )
        )
    contradictory = [rows for rows in clusters if len(set(every.labels[rows].tolist())) > 1]
    if contradictory:
        count = len(contradictory)
        ids = [" = ".join(every.ids[row] for row in rows) for rows in contradictory]
        found.append(
            Finding(
                "contradictory_labels",
                Level.WARNING,
                f"{count:,} {verb_form(count, 'picture stands', 'pictures stand')} under both labels, with and without "
                f"{finding_with_article(finding)}: one of the labels is wrong.",
                "Have them read again; the mended split leaves them out.",
                sum(len(rows) for rows in contradictory),
                first_ids(ids),
            )
        )
    return found


def _effective_count(every: AuditedImages) -> Finding:
    originals = len(set(every.pictures[every.readable].tolist()))
    readable = int(every.readable.sum())
    # From a tenth on, the number of files misleads.
    level = Level.WARNING if originals < 0.9 * readable else Level.NOTE
    return Finding(
        "effective_size",
        level,
        f"The {count_films(readable)} show {originals:,} different pictures"
        f"{f', {readable / originals:.0f} files a picture' if readable >= 2 * originals else ''}.",
        "",
        readable - originals,
    )
