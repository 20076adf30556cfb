"""How much each part of a set really holds."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fracture_core.audit.audited_images import AuditedImages


@dataclass(frozen=True)
class SplitSize:
    """One part of a set.

    Attributes:
        split: "train", "val", "test", "" for a set without splits, "all" for the sum.
        files: files.
        originals: different pictures among the readable ones.
        groups: independent groups (patients, studies, pictures).
        positives: files with the finding.
        positive_originals: different pictures among those.
        unreadable: files that cannot be read.
    """

    split: str
    files: int
    originals: int
    groups: int
    positives: int
    positive_originals: int
    unreadable: int

    def to_json(self) -> dict[str, Any]:
        """The size as plain JSON values."""
        return asdict(self)


def split_sizes(every: AuditedImages) -> list[SplitSize]:
    """Each part, then all together where there are several."""
    splits, groups = every.splits, every.groups
    parts = [(split, splits == split) for split in every.split_names]
    if len(parts) > 1:
        parts.append(("all", np.ones(len(every), bool)))
    found = []
    for name, inside in parts:
        readable = inside & every.readable
        broken = inside & (every.labels == 1)
        found.append(
            SplitSize(
                name,
                int(inside.sum()),
                len(set(every.pictures[readable].tolist())),
                len(set(groups[inside].tolist())),
                int(broken.sum()),
                len(set(every.pictures[broken & readable].tolist())),
                int((inside & ~every.readable).sum()),
            )
        )
    return found
