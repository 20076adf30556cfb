"""Table of a subgroup analysis, with one row per subgroup and per listed combination of two."""

from typing import Any

import pandas as pd

from fracture_core.evaluation.subgroup_analysis import SubgroupAnalysis, SubgroupResult, SubgroupTest
from fracture_core.vocabulary import rephrase_for_finding

_METRICS = ("sensitivity", "specificity", "accuracy", "auc")


def subgroups_to_frame(analysis: SubgroupAnalysis) -> pd.DataFrame:
    """Convert a subgroup analysis to a table, the content of slices.csv.

    Args:
        analysis: The analysis.

    Returns:
        The columns `slice` (title of the subgroup), `parts` (1, or 2 for a combination), `films` (images),
        `positives` and `groups`. For sensitivity, specificity, accuracy and AUC: the value, the ends of the 95%
        interval (`_low`, `_high`) and the number of images (`_n`). For `misses` and `false_alarms`: the error rate in
        the subgroup and in the rest (`_rest`), the p-value (`_p`), the p-value after Holm's correction (`_holm`) and
        whether the difference is significant (`_differ`); missing if there were too few images. Also `threshold` and
        `looks` (number of tests).
    """
    rows = [_row(result) for result in (*analysis.single, *analysis.pairs)]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).assign(
        threshold=analysis.threshold, looks=analysis.test_count
    )


def subgroups_to_csv(analysis: SubgroupAnalysis, finding: str) -> str:
    """Convert a subgroup analysis to CSV.

    Args:
        analysis: The analysis.
        finding: A name of `vocabulary.FINDINGS`, used in the titles of the subgroups.

    Returns:
        The content of a CSV file; see `subgroups_to_frame` for the columns.
    """
    table = subgroups_to_frame(analysis)
    table["slice"] = [rephrase_for_finding(title, finding) for title in table["slice"]]
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _row(result: SubgroupResult) -> dict[str, Any]:
    summary = result.summary
    row: dict[str, Any] = {
        "slice": result.title,
        "parts": len(result.subgroups),
        "films": summary.n,
        "positives": summary.positives,
        "groups": summary.groups,
    }
    for name in _METRICS:
        interval = getattr(summary, name)
        row |= {
            name: interval.value,
            f"{name}_low": interval.low,
            f"{name}_high": interval.high,
            f"{name}_n": interval.n,
        }
    return row | _test_columns("misses", result.misses) | _test_columns("false_alarms", result.alarms)


def _test_columns(name: str, test: SubgroupTest | None) -> dict[str, Any]:
    if test is None:
        return {}
    return {
        name: test.share,
        f"{name}_rest": test.rest,
        f"{name}_p": test.p,
        f"{name}_holm": test.adjusted,
        f"{name}_differ": test.is_significant,
    }


_COLUMNS = (
    *("slice", "parts", "films", "positives", "groups"),
    *(f"{name}{suffix}" for name in _METRICS for suffix in ("", "_low", "_high", "_n")),
    *(
        f"{name}{suffix}"
        for name in ("misses", "false_alarms")
        for suffix in ("", "_rest", "_p", "_holm", "_differ")
    ),
)
