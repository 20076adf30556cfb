"""File checks: unreadable, truncated and unusual files, and images that are not radiographs."""

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import count_files, count_images, first_ids, pluralise
from fracture_core.imaging import QualityState
from fracture_core.vocabulary import finding_with_article


def check_files(images: AuditedImages, finding: str) -> list[Finding]:
    """Report files that are unreadable, truncated, unusual or not radiographs.

    Args:
        images: the images of the audit.
        finding: meaning of label 1, a name of `vocabulary.FINDINGS`.

    Returns:
        The findings; one of level GOOD if all files are readable, complete radiographs.
    """
    findings = []
    unreadable = [case.id for case, facts in zip(images.cases, images.facts, strict=True) if facts.error]
    if unreadable:
        count = len(unreadable)
        findings.append(
            Finding(
                "unreadable",
                Level.WARNING,
                f"{count_files(count)} cannot be read as {pluralise(count, 'a radiograph', 'radiographs')}.",
                "Unreadable files are left out of training. Replace or delete them.",
                count,
                first_ids(unreadable),
            )
        )
    truncated = {
        case.id: case.label for case, facts in zip(images.cases, images.facts, strict=True) if facts.truncated
    }
    if truncated:
        findings.append(_truncated(truncated, finding))
    rejected = _with_quality_state(images, QualityState.REFUSE)
    if rejected:
        count = len(rejected)
        findings.append(
            Finding(
                "not_radiographs",
                Level.WARNING,
                f"{count_files(count)} {pluralise(count, 'is not a usable radiograph', 'are not usable radiographs')}"
                ": a photograph, an empty image or a very small image.",
                f"Remove {pluralise(count, 'it', 'them')} from the dataset.",
                count,
                first_ids(rejected),
            )
        )
    if not findings:
        findings.append(
            Finding(
                "files_good",
                Level.GOOD,
                f"All {count_files(len(images))} are readable, complete radiographs.",
            )
        )
    unusual = [name for name in _with_quality_state(images, QualityState.WARN) if name not in truncated]
    if unusual:
        count = len(unusual)
        findings.append(
            Finding(
                "unusual",
                Level.NOTE,
                f"{count_images(count)} {pluralise(count, 'looks', 'look')} unusual: very dark, very small, with a "
                "white frame or partly coloured.",
                f"Check {pluralise(count, 'it', 'them')} by eye.",
                count,
                first_ids(unusual),
            )
        )
    return findings


def _truncated(label_by_id: dict[str, int], finding: str) -> Finding:
    """Report truncated files. If they all have one label, a network can learn the truncation."""
    count, labels = len(label_by_id), set(label_by_id.values())
    shared_label = ""
    if count > 1 and len(labels) == 1:
        shared_label = (
            f", all of them {'with' if labels == {1} else 'without'} {finding_with_article(finding)}"
        )
    return Finding(
        "truncated",
        Level.WARNING,
        f"{count_files(count)} {pluralise(count, 'is', 'are')} truncated{shared_label}.",
        f"Download {pluralise(count, 'it', 'them')} again. Until then the missing rows are black.",
        count,
        first_ids(list(label_by_id)),
    )


def _with_quality_state(images: AuditedImages, state: QualityState) -> list[str]:
    """Return the ids of readable files with one result of the quality check."""
    return [
        case.id
        for case, facts in zip(images.cases, images.facts, strict=True)
        if facts.readable and facts.quality.state is state
    ]
