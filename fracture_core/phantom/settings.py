"""What a set of synthetic radiographs is made of, kept in it as `phantom.json`."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fracture_core.datasets.layouts.phantom import PHANTOM_FILE
from fracture_core.errors import DataError
from fracture_core.phantom.anatomy import PHANTOM_REGIONS
from fracture_core.phantom.difficulty import DIFFICULTIES
from fracture_core.phantom.fracture import FRACTURE_KINDS, FractureRequest
from fracture_core.phantom.generate import IMAGE_SIZE
from fracture_core.vocabulary import SPLITS

#: Fewest images of a set: one of each class in each split. Most, so that sets of two seeds share none.
MIN_COUNT, MAX_COUNT = 2 * len(SPLITS), 1_000_000

#: File name endings of the formats.
FORMATS = {"png": ".png", "dicom": ".dcm"}

# Raise it when the same settings come to give other images, so that no set mixes the two.
_DRAWING = 3


@dataclass(frozen=True)
class PhantomSettings:
    """One set: the same settings give the same files.

    Attributes:
        count: how many images, 6 to 1,000,000.
        seed: sets of different seeds share no image; 0 or greater.
        size: rows and columns of each image.
        format: "png", 8-bit grey, or "dicom", 12-bit.
        masks: whether the fracture zones are written too.
        regions: which regions, in turn.
        difficulty: a name in `DIFFICULTIES`.
        fracture: what is the same in every fracture of the set; the rest is drawn.
    """

    count: int
    seed: int = 0
    size: tuple[int, int] = IMAGE_SIZE
    format: str = "png"
    masks: bool = True
    regions: tuple[str, ...] = PHANTOM_REGIONS
    difficulty: str = "easy"
    fracture: FractureRequest = field(default_factory=FractureRequest)

    def __post_init__(self) -> None:
        """Refuses what cannot be drawn.

        Raises:
            DataError: a setting is out of its range.
        """
        if not MIN_COUNT <= self.count <= MAX_COUNT:
            raise DataError(
                f"A synthetic set needs {MIN_COUNT} to {MAX_COUNT:,} images, so that every split has both classes, "
                f"but {self.count} were asked for; ask for a count in that range."
            )
        if self.seed < 0:
            raise DataError(f"A seed is 0 or greater, but {self.seed} was given; choose another.")
        if not all(32 <= edge <= 4096 for edge in self.size):
            raise DataError(
                f"Expected 32 to 4096 rows and columns, but got {self.size[0]}x{self.size[1]}: choose a size in "
                "that range."
            )
        if not self.regions or len(set(self.regions)) < len(self.regions):
            raise DataError("Expected at least one region and each of them once: name them anew.")
        for region in self.regions:
            _known("a region", region, PHANTOM_REGIONS)
        _known("a format", self.format, FORMATS)
        _known("a difficulty", self.difficulty, DIFFICULTIES)
        if self.fracture.kind is not None:
            _known("a kind of fracture", self.fracture.kind, FRACTURE_KINDS)
        for name, unit, low, high in (
            ("gap", "mm", -5, 20),
            ("displacement", "mm", -30, 30),
            ("angulation", "degrees", -45, 45),
        ):
            value = getattr(self.fracture, name)
            if value is not None and not low <= value <= high:
                raise DataError(
                    f"Expected a fracture {name} from {low} to {high} {unit}, but got {value:g}: choose another."
                )

    def to_json(self) -> dict[str, Any]:
        """The settings as plain JSON values, with what the folder is."""
        values = asdict(self)
        values["size"], values["regions"] = list(self.size), list(self.regions)
        return {
            "synthetic": True,
            "note": "Computed images that show no person.",
            "drawing": _DRAWING,
            **values,
        }

    def file_text(self) -> str:
        """The content of the set's `phantom.json`."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    def check_matches_folder(self, folder: Path) -> None:
        """Compares with those of the set that a folder holds.

        Raises:
            DataError: that set has other settings, or the file cannot be read.
        """
        path = folder / PHANTOM_FILE
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
            items = dict(there).items()
        except (OSError, ValueError, TypeError) as error:
            raise DataError(
                f"Expected the settings of a synthetic set in {path}, but they cannot be read: name another folder "
                "or empty this one."
            ) from error
        mine = self.to_json()
        differ = [key for key in mine if (key, mine[key]) not in items]
        if differ:
            key = differ[0]
            raise DataError(
                f"Expected an unfinished set of the same settings in {folder}, but its {key} is "
                f"{there.get(key)!r} and not {mine[key]!r}: name another folder or empty this one."
            )


def _known(what: str, name: str, names: Any) -> None:
    if name not in names:
        raise DataError(f"Expected {what} out of {', '.join(names)}, but got {name!r}: choose one of these.")
