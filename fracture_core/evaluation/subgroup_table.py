"""Slices as a table: one row for each slice and each combination that is kept."""

from typing import Any

import pandas as pd

from fracture_core.evaluation.subgroup_analysis import SubgroupAnalysis, SubgroupResult, SubgroupTest
from fracture_core.vocabulary import rephrase_for_finding

_MEASURED = ("sensitivity", "specificity", "accuracy", "auc")


def subgroups_to_frame(found: SubgroupAnalysis) -> pd.DataFrame:
    """The table, as slices.csv holds it.

    Returns:
        `slice` (words), `parts` (1, or 2 for a combination), `films`, `positives`, `groups`; for sensitivity,
        specificity, accuracy and AUC the value, the ends of the 95% interval (`_low`, `_high`) and the films behind it
        (`_n`); for `misses` and `false_alarms` the share in the slice and among the rest (`_rest`), the p-value
        (`_p`), the same after correction (`_holm`) and whether it differs (`_differ`), missing where too few films
        were there to compare; `threshold` and `looks`.
    """
    rows = [_row(part) for part in (*found.single, *found.pairs)]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).assign(threshold=found.threshold, looks=found.looks)


def subgroups_to_csv(found: SubgroupAnalysis, finding: str) -> str:
    """The table as text of a CSV file.

    Args:
        found: the slices.
        finding: a name of `vocabulary.FINDINGS`; the names of slices follow it.
    """
    table = subgroups_to_frame(found)
    table["slice"] = [rephrase_for_finding(name, finding) for name in table["slice"]]
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _row(part: SubgroupResult) -> dict[str, Any]:
    summary = part.summary
    row: dict[str, Any] = {
        "slice": part.title,
        "parts": len(part.slices),
        "films": summary.n,
        "positives": summary.positives,
        "groups": summary.groups,
    }
    for name in _MEASURED:
        measured = getattr(summary, name)
        row |= {
            name: measured.value,
            f"{name}_low": measured.low,
            f"{name}_high": measured.high,
            f"{name}_n": measured.n,
        }
    return row | _look("misses", part.misses) | _look("false_alarms", part.alarms)


def _look(name: str, look: SubgroupTest | None) -> dict[str, Any]:
    if look is None:
        return {}
    return {
        name: look.share,
        f"{name}_rest": look.rest,
        f"{name}_p": look.p,
        f"{name}_holm": look.adjusted,
        f"{name}_differ": look.is_significant,
    }


_COLUMNS = (
    *("slice", "parts", "films", "positives", "groups"),
    *(f"{name}{end}" for name in _MEASURED for end in ("", "_low", "_high", "_n")),
    *(
        f"{name}{end}"
        for name in ("misses", "false_alarms")
        for end in ("", "_rest", "_p", "_holm", "_differ")
    ),
)
