"""Files that cannot serve: unreadable, broken off, no radiographs."""

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import count_files, count_films, first_ids, verb_form
from fracture_core.imaging import QualityState


def check_files(every: AuditedImages) -> list[Finding]:
    """What is wrong with files by themselves."""
    found = []
    unreadable = [case.id for case, facts in zip(every.cases, every.facts, strict=True) if facts.error]
    if unreadable:
        count = len(unreadable)
        found.append(
            Finding(
                "unreadable",
                Level.WARNING,
                f"{count_files(count)} cannot be read as a radiograph.",
                "They are left out of training; replace them or delete them.",
                count,
                first_ids(unreadable),
            )
        )
    truncated = [
        (case.id, case.label) for case, facts in zip(every.cases, every.facts, strict=True) if facts.truncated
    ]
    if truncated:
        count = len(truncated)
        labels = {label for _, label in truncated}
        # A broken end that stands on one side only is a sign that a network can learn.
        one_sided = ", all of them without a fracture" if labels == {0} else ", all of them fractured"
        found.append(
            Finding(
                "truncated",
                Level.WARNING,
                f"{count_files(count)} {verb_form(count, 'breaks', 'break')} off before the end of the image"
                f"{one_sided if len(labels) == 1 and count > 1 else ''}.",
                "Fetch them again; until then their missing lines are black.",
                count,
                first_ids([name for name, _ in truncated]),
            )
        )
    refused = _with_quality_state(every, QualityState.REFUSE)
    if refused:
        count = len(refused)
        found.append(
            Finding(
                "not_radiographs",
                Level.WARNING,
                f"{count_files(count)} {verb_form(count, 'is', 'are')} no radiograph that can be judged (a "
                f"photograph, an "
                "empty or a tiny image).",
                "Take them out of the set.",
                count,
                first_ids(refused),
            )
        )
    if not found:
        found.append(
            Finding("files_good", Level.GOOD, f"All {count_files(len(every))} can be read and are whole.")
        )
    unusual = [
        name
        for name in _with_quality_state(every, QualityState.WARN)
        if name not in {name for name, _ in truncated}
    ]
    if unusual:
        count = len(unusual)
        found.append(
            Finding(
                "unusual",
                Level.NOTE,
                f"{count_films(count)} {verb_form(count, 'looks', 'look')} unlike the rest (very dark, very small, "
                f"framed in "
                "white or coloured in part).",
                "Look at them once.",
                count,
                first_ids(unusual),
            )
        )
    return found


def _with_quality_state(every: AuditedImages, state: QualityState) -> list[str]:
    return [
        case.id
        for case, facts in zip(every.cases, every.facts, strict=True)
        if facts.readable and facts.gate.state is state
    ]
