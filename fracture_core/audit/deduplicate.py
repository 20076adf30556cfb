"""A set as it is distributed, without files that say the same twice in the same place."""

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.datasets.cases import Case


def deduplicate(every: AuditedImages) -> tuple[Case, ...]:
    """One readable file for each content, label and split, in the order of the ids.

    Leaks, turned copies and the sizes of test parts stay what they are: a test part is left whole, for its files
    are what a published figure counts. It only saves training from seeing the same bytes several times an epoch.

    Args:
        every: the films as audited.
    """
    seen: set[tuple[str, int, str]] = set()
    kept = []
    for case, facts in zip(every.cases, every.facts, strict=True):
        key = (facts.digest, case.label, case.split)
        if facts.error or (key in seen and case.split in ("", "train")):
            continue
        seen.add(key)
        kept.append(case)
    return tuple(kept)
