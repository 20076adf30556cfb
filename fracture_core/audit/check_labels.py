"""Label checks: inconsistent annotations, class balance, and differences between splits."""

from dataclasses import dataclass

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import first_ids, split_title
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.vocabulary import finding_with_article, label_text

# Kinds of dataset remarks that concern the labels themselves.
_LABEL_REMARK_KINDS = {
    "table_differs",
    "unlabelled",
    "box_without_fracture",
    "annotation_file_unreadable",
    "annotation_skipped",
    "box_orientation_unclear",
    "repeated_name",
}

# Maximum number of details in one finding.
_MAX_DETAILS = 1000

# A larger difference between the positive shares of two splits gives a warning.
_MAX_SHARE_DIFFERENCE = 0.10

# Accuracy is misleading if the positive share is further than this from 0.5.
_MAX_IMBALANCE = 0.1


def check_labels(images: AuditedImages, catalogue: Catalogue) -> list[Finding]:
    """Report label problems, the class balance and differences between splits.

    Args:
        images: the images of the audit.
        catalogue: the dataset as read from its folders and tables.

    Returns:
        The findings.
    """
    findings = [
        Finding(
            remark.kind,
            Level.WARNING if remark.kind in _LABEL_REMARK_KINDS else Level.NOTE,
            remark.sentence,
            "",
            len(remark.ids),
            first_ids(remark.ids),
            remark.details[:_MAX_DETAILS],
        )
        for remark in catalogue.remarks
    ]
    labels = images.labels
    positive = float(labels.mean())
    finding = finding_with_article(catalogue.finding)
    majority, accuracy = int(positive >= 0.5), max(positive, 1 - positive)
    findings.append(
        Finding(
            "balance",
            Level.NOTE,
            f"{positive:.1%} of the images show {finding}. Always predicting "
            f"“{label_text(majority, catalogue.finding)}” is correct for {accuracy:.1%}.",
            "Use AUC, sensitivity and specificity; accuracy is misleading here."
            if abs(positive - 0.5) > _MAX_IMBALANCE
            else "",
        )
    )
    shares = {split: float(labels[images.splits == split].mean()) for split in images.split_names if split}
    if len(shares) > 1:
        low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
        if shares[high] - shares[low] > _MAX_SHARE_DIFFERENCE:
            findings.append(
                Finding(
                    "unlike_splits",
                    Level.WARNING,
                    f"{shares[low]:.0%} of the {split_title(low)} images but {shares[high]:.0%} of the "
                    f"{split_title(high)} images show {finding}.",
                    "A threshold chosen on one split does not fit the other. Use the clean split.",
                )
            )
    return findings


@dataclass(frozen=True)
class ClassBalance:
    """Number of images per class in one region of one split.

    Attributes:
        split: the split; "" for an unsplit dataset.
        region: the body region; "" for all images of the split.
        without: images without the finding.
        positives: images with the finding.
    """

    split: str
    region: str
    without: int
    positives: int


def class_balance(images: AuditedImages) -> list[ClassBalance]:
    """Count the classes by split and region. An image with two regions counts in both."""
    counts: dict[tuple[str, str], list[int]] = {}
    for case in images.cases:
        for region in ("", *case.regions):
            counts.setdefault((case.split, region), [0, 0])[case.label] += 1
    order = images.split_names
    balance = [ClassBalance(split, region, *pair) for (split, region), pair in counts.items()]
    return sorted(balance, key=lambda row: (row.region, order.index(row.split)))
