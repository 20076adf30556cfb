"""What a folder of films is, in a sentence, before anything is trained on it."""

from collections import Counter
from dataclasses import dataclass

from fracture_core.data.layouts import layout_named, read_catalogue
from fracture_core.data.split import complete_split
from fracture_core.errors import DataError
from fracture_core.words import SPLITS, a_finding
from pages.parts.folder import resolved


@dataclass(frozen=True)
class Look:
    """A data set at first sight.

    Attributes:
        folder: where it is, absolute.
        sentence: what it is.
        train: about how many films are for training.
    """

    folder: str
    sentence: str
    train: int


def look(text: str) -> Look:
    """Looks at a folder, or a manifest, without opening an image.

    Args:
        text: the path, as a user typed or pasted it.

    Raises:
        DataError: it cannot be trained on.
    """
    root = resolved(text)
    found = read_catalogue(root)
    # Copies of one picture are found only later, when the films are opened; the sizes are near enough.
    split = complete_split(found.cases)
    finding = a_finding(found.finding)
    films = Counter((case.split, case.label) for case in split)
    for part in SPLITS:
        for label, word in enumerate((f"without {finding}", f"with {finding}")):
            if not films[part, label]:
                raise DataError(
                    f"Expected films of both kinds in each split, but {part} has none {word}: add films or split the "
                    "set anew."
                )
    counts = {part: films[part, 0] + films[part, 1] for part in SPLITS}
    positive = sum(case.label for case in found.cases)
    remarks = "".join(f" {remark.sentence}" for remark in found.remarks)
    return Look(
        str(root),
        f"{layout_named(found.layout).title}: {len(found.cases):,} films, {positive:,} with {finding}. "
        f"{_how(frozenset(case.split for case in found.cases), counts)}{remarks}",
        counts["train"],
    )


def _how(present: frozenset[str], counts: dict[str, int]) -> str:
    if present == {""}:
        return (
            "It comes without splits and will be split by group, so that copies of a film and neighbouring image "
            "numbers stay together: about 70% to train, 15% to validate, 15% to test."
        )
    sizes = f"train {counts['train']:,}, validation {counts['val']:,}, test {counts['test']:,}"
    if {"train", "val", "test"} <= present:
        return f"Split as distributed: {sizes}."
    if "val" in present:
        return f"Its validation folder will serve as test, and part of train as validation: {sizes}."
    return f"Part of train will serve as validation: {sizes}."
