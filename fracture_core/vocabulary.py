"""Shared constants and wording: labels, findings, body regions, splits and verdicts."""

import re
from enum import StrEnum

#: Class names by label. Label 1, *fracture*, is the positive class.
LABELS = ("no_fracture", "fracture")

#: Findings that label 1 may stand for: a fracture in most datasets, any abnormality in others such as MURA.
FINDINGS = ("fracture", "abnormality")

#: Body regions of FracAtlas, in the column order of its table.
REGIONS = ("hand", "leg", "hip", "shoulder")

#: Citations of known datasets, by the name of their layout.
CITATIONS = {
    "fracatlas": "FracAtlas, Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4",
    "grazpedwri": "GRAZPEDWRI-DX, Nagy et al. 2022, doi:10.1038/s41597-022-01328-z",
    "mura": "MURA v1.1, Rajpurkar et al. 2017, arXiv:1712.06957",
    "phantom": "Synthetic radiographs drawn by Second Look",
}

#: The layout of synthetic images. The other layouts in `CITATIONS` contain real radiographs.
SYNTHETIC_LAYOUT = "phantom"

#: Names of the splits of a dataset.
SPLITS = ("train", "val", "test")


class Verdict(StrEnum):
    """The answer of the app for one image. `verdict_text` gives the wording for users."""

    SUSPECTED = "fracture suspected"
    UNCERTAIN = "uncertain"
    NOT_SEEN = "no fracture seen"


def verdict_text(verdict: Verdict, finding: str) -> str:
    """Return the wording of a verdict for the finding of a model.

    Args:
        verdict: the verdict.
        finding: one of `FINDINGS`.

    Example:
        >>> verdict_text(Verdict.SUSPECTED, "abnormality")
        'abnormality suspected'
    """
    return verdict.value.replace(FINDINGS[0], finding)


def label_text(label: int, finding: str) -> str:
    """Return the name of a label: “abnormality” or “no abnormality”."""
    return finding if label else f"no {finding}"


def finding_with_article(finding: str) -> str:
    """Return a finding with its indefinite article: “an abnormality”."""
    return f"{'an' if finding[0] in 'aeiou' else 'a'} {finding}"


def rephrase_for_finding(text: str, finding: str) -> str:
    """Replace “fracture” in a text by another finding, with article and plural.

    Args:
        text: a text about fractures.
        finding: one of `FINDINGS`.

    Example:
        >>> rephrase_for_finding("A fracture or missed fractures", "abnormality")
        'An abnormality or missed abnormalities'
    """
    plural = f"{finding[:-1]}ies" if finding.endswith("y") else f"{finding}s"
    for word, replacement in (
        ("A fracture", finding_with_article(finding).capitalize()),
        ("a fracture", finding_with_article(finding)),
        ("Fractures", plural.capitalize()),
        ("fractures", plural),
        ("fracture", finding),
    ):
        text = re.sub(rf"\b{word}\b", replacement, text)
    return text
