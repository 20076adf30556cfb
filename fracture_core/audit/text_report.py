"""Text report of an audit for the terminal."""

import textwrap
from typing import Any

from fracture_core.audit.wording import SPLIT_TITLES
from fracture_core.vocabulary import label_text

_WIDTH = 100

# Details are listed if there are more than the sentence itself shows, up to a maximum.
_MIN_DETAILS, _MAX_DETAILS = 4, 20
_LEVEL_SYMBOLS = {"fault": "!!", "warning": " !", "note": " ·", "good": " ✓"}


def to_text(report: dict[str, Any]) -> str:
    """Render an audit as text, at most 100 characters wide.

    Args:
        report: `Audit.to_json`, optionally with the comparison with the clean split under "mended".

    Returns:
        The text, without a final line break.
    """
    lines = [f"{report['root']}", *_wrap(f"Read as: {report['layout_words']}.", "")]
    if report["classes"]:
        names = ", ".join(
            f"“{name}” = {label_text(label, report['label'])}" for name, label in report["classes"]
        )
        lines += _wrap(f"Class names: {names}.", "")
    lines += ["", *_wrap(report["verdict"], ""), ""]
    for finding in report["findings"]:
        advice = f" {finding['advice']}" if finding["advice"] else ""
        lines += _wrap(f"{finding['sentence']}{advice}", f"{_LEVEL_SYMBOLS[finding['level']]} ")
        lines += _details(finding.get("details", []))
    lines += ["", *_sizes(report["sizes"], report["label"])]
    if report["shortcuts"]:
        lines += ["", "Shortcuts: AUC of file and image properties alone (0.5 = no information)"]
        lines += [
            f"  {shortcut['words']:<24} {_interval(shortcut['auc'])}{'  *' if shortcut['real'] else ''}"
            for shortcut in report["shortcuts"]
        ]
        lines.append("  * significant after Holm's correction")
    clean = report.get("mended")
    if clean:
        lines += ["", "Clean split"]
        lines += _wrap(clean.get("error") or clean["sentence"], "  ")
        if "findings" in clean:
            for finding in clean["findings"]:
                lines += _wrap(finding["sentence"], f"{_LEVEL_SYMBOLS[finding['level']]} ")
    return "\n".join(lines)


def _details(details: list[str]) -> list[str]:
    """List the instances of a finding if there are more than its sentence shows."""
    if len(details) < _MIN_DETAILS:
        return []
    lines = [line for detail in details[:_MAX_DETAILS] for line in _wrap(detail, "     - ")]
    if len(details) > _MAX_DETAILS:
        lines.append(f"     - and {len(details) - _MAX_DETAILS:,} more; --format json lists all.")
    return lines


def _sizes(sizes: list[dict[str, Any]], label: str) -> list[str]:
    columns = (
        ("files", 9),
        ("unique", 11),
        ("groups", 9),
        (f"with {label}", 18),
        ("unique", 11),
        ("unreadable", 12),
    )
    head = f"{'split':<14}" + "".join(f"{title:>{width}}" for title, width in columns)
    rows = [
        f"{SPLIT_TITLES[size['split']]:<14}{size['files']:>9,}{size['originals']:>11,}{size['groups']:>9,}"
        f"{size['positives']:>18,}{size['positive_originals']:>11,}{size['unreadable']:>12,}"
        for size in sizes
    ]
    return [head, *rows]


def _interval(auc: dict[str, Any]) -> str:
    if auc["value"] is None:
        return "not measurable"
    return f"{auc['value']:.2f} ({auc['low']:.2f}–{auc['high']:.2f})"


def _wrap(text: str, prefix: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=prefix, subsequent_indent=" " * len(prefix), break_on_hyphens=False
    )
