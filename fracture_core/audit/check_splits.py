"""What stands on two sides of a split."""

from itertools import combinations

import numpy as np

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import count_films, first_ids, split_title, verb_form


def check_splits(every: AuditedImages) -> list[Finding]:
    """Leaks between the splits that a set comes with; nothing for a set without splits."""
    parts = [split for split in every.split_names if split]
    if len(parts) < 2:
        return [
            Finding(
                "no_split",
                Level.NOTE,
                "The set comes without a split."
                if not parts
                else f"The set comes with one part only, {split_title(parts[0])}.",
                "The app splits it by group, so that copies of a film and films of one patient stay together.",
            )
        ]
    found = []
    digests = np.array([facts.digest for facts in every.facts])
    groups = np.array([case.group for case in every.cases], dtype=str)
    splits = every.splits
    # The part that judges is named first: a test film that was trained on, a validation film that was.
    for learner, judge in combinations(parts, 2):
        inside, outside = splits == judge, splits == learner
        total = int(inside.sum())
        exact = inside & np.isin(digests, digests[outside]) & (digests != "")
        shown = inside & every.readable & np.isin(every.pictures, every.pictures[outside & every.readable])
        grouped = inside & (groups != "") & np.isin(groups, groups[outside])
        if exact.any():
            count = int(exact.sum())
            found.append(
                Finding(
                    "exact_leak",
                    Level.FAULT,
                    f"{count:,} of {total:,} {split_title(judge)} files {verb_form(count, 'is', 'are')} also in "
                    f"{split_title(learner)}, "
                    "byte for byte.",
                    _ADVICE,
                    count,
                    first_ids([every.ids[row] for row in np.flatnonzero(exact)]),
                )
            )
        near = int((shown & ~exact).sum())
        if near:
            found.append(
                Finding(
                    "near_leak",
                    Level.FAULT,
                    f"{near:,} {'more of the' if exact.any() else 'of'} {total:,} {split_title(judge)} files "
                    f"{verb_form(near, 'shows', 'show')} a picture that is also in {split_title(learner)}, turned, "
                    f"mirrored, "
                    "scaled or saved again.",
                    _ADVICE,
                    near,
                    first_ids([every.ids[row] for row in np.flatnonzero(shown & ~exact)]),
                )
            )
        rest = grouped & ~shown & ~exact
        if rest.any():
            count, names = int(rest.sum()), len(set(groups[rest].tolist()))
            found.append(
                Finding(
                    "group_leak",
                    Level.FAULT,
                    f"{count:,} of {total:,} {split_title(judge)} files {verb_form(count, 'belongs', 'belong')} to "
                    f"{names:,} "
                    f"{verb_form(names, 'group', 'groups')} (a patient, a study, copies of a file) with films in "
                    f"{split_title(learner)} too.",
                    _ADVICE,
                    count,
                    first_ids([every.ids[row] for row in np.flatnonzero(rest)]),
                )
            )
    if not found:
        listed = ", ".join(split_title(split) for split in parts)
        found.append(
            Finding("splits_good", Level.GOOD, f"No picture and no group stands in two of {listed}.")
        )
    lonely = [split for split in parts if len(set(every.labels[splits == split].tolist())) < 2]
    for split in lonely:
        found.append(
            Finding(
                "one_class",
                Level.FAULT,
                f"All {count_films(int((splits == split).sum()))} of {split_title(split)} have one label.",
                "Split the set anew.",
            )
        )
    return found


_ADVICE = "A score on these measures memory, not skill. Use the mended split."
