"""Number of files, different images and groups in each split."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fracture_core.audit.audited_images import AuditedImages


@dataclass(frozen=True)
class SplitSize:
    """Size of one split.

    Attributes:
        split: "train", "val" or "test"; "" for an unsplit dataset, "all" for the total.
        files: number of files.
        originals: number of different images among the readable files.
        groups: number of independent groups (patients, studies, images).
        positives: number of files with the finding.
        positive_originals: number of different images with the finding.
        unreadable: number of unreadable files.
    """

    split: str
    files: int
    originals: int
    groups: int
    positives: int
    positive_originals: int
    unreadable: int

    def to_json(self) -> dict[str, Any]:
        """Return the size as JSON-serialisable values."""
        return asdict(self)


def split_sizes(images: AuditedImages) -> list[SplitSize]:
    """Return the size of each split, then the total if there are several splits."""
    masks = {split: images.splits == split for split in images.split_names}
    if len(masks) > 1:
        masks["all"] = np.ones(len(images), bool)
    sizes = []
    for split, inside in masks.items():
        readable = inside & images.readable
        positive = inside & (images.labels == 1)
        sizes.append(
            SplitSize(
                split,
                files=int(inside.sum()),
                originals=len(set(images.content_ids[readable].tolist())),
                groups=len(set(images.groups[inside].tolist())),
                positives=int(positive.sum()),
                positive_originals=len(set(images.content_ids[positive & readable].tolist())),
                unreadable=int((inside & ~images.readable).sum()),
            )
        )
    return sizes
