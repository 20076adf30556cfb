"""The words every part uses: labels, verdicts, regions. One place for each."""

import re
from enum import StrEnum

#: Label order everywhere. Index 1, *fracture*, is the positive class.
LABELS = ("no_fracture", "fracture")

#: What label 1 may mean, by the data set: most tell fractures, some nothing more than that a film is abnormal.
FINDINGS = ("fracture", "abnormality")

#: Body regions of the FracAtlas table, in the order of its columns.
REGIONS = ("hand", "leg", "hip", "shoulder")

#: Citations of the datasets that are known by name; the keys are names of layouts.
CITATIONS = {
    "fracatlas": "FracAtlas, Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4",
    "grazpedwri": "GRAZPEDWRI-DX, Nagy et al. 2022, doi:10.1038/s41597-022-01328-z",
    "mura": "MURA v1.1, Rajpurkar et al. 2017, arXiv:1712.06957",
    "phantom": "Synthetic radiographs drawn by Second Look",
}

#: The layout of synthetic images; the other layouts of `CITATIONS` are of real radiographs.
SYNTHETIC_LAYOUT = "phantom"

#: Names of the three parts of a data set.
SPLITS = ("train", "val", "test")


class Verdict(StrEnum):
    """What the app says about a film. `verdict_text` gives the wording shown to users."""

    SUSPECTED = "fracture suspected"
    UNCERTAIN = "uncertain"
    NOT_SEEN = "no fracture seen"


def verdict_text(verdict: Verdict, finding: str) -> str:
    """A verdict in the words of what a model was trained to find: “abnormality suspected”."""
    return verdict.value.replace(FINDINGS[0], finding)


def label_text(label: int, finding: str) -> str:
    """A label in words: “abnormality” or “no abnormality”."""
    return finding if label else f"no {finding}"


def finding_with_article(finding: str) -> str:
    """A finding with its article: “an abnormality”."""
    return f"{'an' if finding[0] in 'aeiou' else 'a'} {finding}"


def rephrase_for_finding(text: str, finding: str) -> str:
    """A sentence about fractures, told of another finding: “missed abnormalities”."""
    plural = f"{finding[:-1]}ies" if finding.endswith("y") else f"{finding}s"
    for ours, theirs in (
        ("A fracture", finding_with_article(finding).capitalize()),
        ("a fracture", finding_with_article(finding)),
        ("Fractures", plural.capitalize()),
        ("fractures", plural),
        ("fracture", finding),
    ):
        text = re.sub(rf"\b{ours}\b", theirs, text)
    return text
