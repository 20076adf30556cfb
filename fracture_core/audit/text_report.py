"""An audit for the terminal."""

import textwrap
from typing import Any

from fracture_core.audit.wording import SPLIT_TITLES
from fracture_core.vocabulary import label_text

_WIDTH = 100

# Details that a sentence shows already, and the most that are listed below it.
_SHOWN, _MOST_DETAILS = 3, 20
_LEVEL_SYMBOLS = {"fault": "!!", "warning": " !", "note": " ·", "good": " ✓"}


def to_text(report: dict[str, Any]) -> str:
    """The audit as text, at most 100 characters wide.

    Args:
        report: `Audit.to_json`, with the comparison under "mended" where there is one.
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
        lines += ["", "How well a property of the file alone tells the label (AUC, 0.5 = not at all)"]
        lines += [
            f"  {shortcut['words']:<24} {_interval(shortcut['auc'])}{'  *' if shortcut['real'] else ''}"
            for shortcut in report["shortcuts"]
        ]
        lines.append("  * more than chance, after correction for looking at many")
    mended = report.get("mended")
    if mended:
        lines += ["", "Mended split"]
        lines += _wrap(mended.get("error") or mended["sentence"], "  ")
        if "findings" in mended:
            for finding in mended["findings"]:
                lines += _wrap(finding["sentence"], f"{_LEVEL_SYMBOLS[finding['level']]} ")
    return "\n".join(lines)


def _details(details: list[str]) -> list[str]:
    """The instances of a finding, where its sentence does not show all of them."""
    if len(details) <= _SHOWN:
        return []
    lines = [line for detail in details[:_MOST_DETAILS] for line in _wrap(detail, "     - ")]
    if len(details) > _MOST_DETAILS:
        lines.append(f"     - and {len(details) - _MOST_DETAILS:,} more: --format json lists them.")
    return lines


def _sizes(sizes: list[dict[str, Any]], label: str) -> list[str]:
    columns = (
        ("files", 9),
        ("pictures", 10),
        ("groups", 9),
        (f"with {label}", 18),
        ("pictures", 10),
        ("unreadable", 12),
    )
    head = f"{'part':<12}" + "".join(f"{words:>{width}}" for words, width in columns)
    rows = [
        f"{SPLIT_TITLES[size['split']]:<12}{size['files']:>9,}{size['originals']:>10,}{size['groups']:>9,}"
        f"{size['positives']:>18,}{size['positive_originals']:>10,}{size['unreadable']:>12,}"
        for size in sizes
    ]
    return [head, *rows]


def _interval(auc: dict[str, Any]) -> str:
    if auc["value"] is None:
        return "not measurable"
    return f"{auc['value']:.2f} ({auc['low']:.2f}–{auc['high']:.2f})"


def _wrap(text: str, first: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    )
