"""The words every part uses: labels, verdicts, regions. One place for each."""

from enum import StrEnum

#: Label order everywhere. Index 1, *fracture*, is the positive class.
LABELS = ("no_fracture", "fracture")

#: Body regions of the FracAtlas table, in the order of its columns.
REGIONS = ("hand", "leg", "hip", "shoulder")

#: Names of the three parts of a data set.
SPLITS = ("train", "val", "test")


class Verdict(StrEnum):
    """What the app says about a film. The value is the wording shown to users."""

    SUSPECTED = "fracture suspected"
    UNCERTAIN = "uncertain"
    NOT_SEEN = "no fracture seen"
