"""Whether labels can be relied on, and what guessing would score."""

from dataclasses import dataclass

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import split_title
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.vocabulary import finding_with_article, label_text

# What tables and folders say of each other that touches the labels themselves.
_FAULT_KINDS = {
    "table_differs",
    "unlabelled",
    "box_without_fracture",
    "annotation_file_unreadable",
    "annotation_skipped",
    "box_orientation_unclear",
    "repeated_name",
}

# Details that a finding carries along.
_DETAILS = 1000

#: Difference of the share of fractures between two splits that deserves a word.
_IMBALANCE_LIMIT = 0.10


def check_labels(every: AuditedImages, catalogue: Catalogue) -> list[Finding]:
    """Remarks of the layout and the balance of the classes."""
    found = [
        Finding(
            remark.kind,
            Level.WARNING if remark.kind in _FAULT_KINDS else Level.NOTE,
            remark.sentence,
            "",
            len(remark.ids),
            remark.ids[:200],
            remark.details[:_DETAILS],
        )
        for remark in catalogue.remarks
    ]
    labels = every.labels
    positive = float(labels.mean())
    word = finding_with_article(catalogue.finding)
    often = int(positive >= 0.5)
    guess, score = label_text(often, catalogue.finding), max(positive, 1 - positive)
    found.append(
        Finding(
            "balance",
            Level.NOTE,
            f"{positive:.1%} of the films show {word}: always answering “{guess}” is right on {score:.1%}.",
            "Judge by AUC, sensitivity and specificity; accuracy hides this."
            if abs(positive - 0.5) > 0.1
            else "",
        )
    )
    shares = {split: float(labels[every.splits == split].mean()) for split in every.split_names if split}
    if len(shares) > 1:
        low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
        if shares[high] - shares[low] > _IMBALANCE_LIMIT:
            found.append(
                Finding(
                    "unlike_splits",
                    Level.WARNING,
                    f"{shares[low]:.0%} of {split_title(low)} but {shares[high]:.0%} of {split_title(high)} show "
                    f"{word}.",
                    "A threshold chosen on one does not fit the other. Use the mended split.",
                )
            )
    return found


@dataclass(frozen=True)
class ClassBalance:
    """Films of one region in one part.

    Attributes:
        split: the part; "" for a set without splits.
        region: the region; "" for all films of the part.
        without: films without the finding.
        positives: films with it.
    """

    split: str
    region: str
    without: int
    positives: int


def class_balance(every: AuditedImages) -> list[ClassBalance]:
    """How the classes are spread over parts and regions; a film of two regions counts in both."""
    counts: dict[tuple[str, str], list[int]] = {}
    for case in every.cases:
        for region in ("", *case.regions):
            counts.setdefault((case.split, region), [0, 0])[case.label] += 1
    order = every.split_names
    found = [ClassBalance(split, region, *pair) for (split, region), pair in counts.items()]
    return sorted(found, key=lambda row: (row.region, order.index(row.split)))
