"""Settings of a synthetic dataset, stored in it as `phantom.json`."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fracture_core.datasets.layouts.phantom import PHANTOM_FILE
from fracture_core.errors import DataError
from fracture_core.io.json_record import parse_json
from fracture_core.phantom.anatomy import PHANTOM_REGIONS
from fracture_core.phantom.difficulty import DIFFICULTIES
from fracture_core.phantom.fracture import FRACTURE_KINDS, FractureRequest
from fracture_core.phantom.generate import IMAGE_SIZE
from fracture_core.vocabulary import SPLITS

#: Minimum number of images: one per class and split. The maximum ensures that datasets of two seeds share none.
MIN_COUNT, MAX_COUNT = 2 * len(SPLITS), 1_000_000

#: File extensions of the formats.
FORMATS = {"png": ".png", "dicom": ".dcm"}

# Increase this version if the same settings give different images, so that no dataset mixes both.
_DRAWING = 3


@dataclass(frozen=True)
class PhantomSettings:
    """Settings of one dataset. The same settings give the same files.

    Attributes:
        count: number of images, 6 to 1,000,000.
        seed: 0 or greater; datasets of different seeds share no image.
        size: rows and columns of each image.
        format: "png" (8-bit grey) or "dicom" (12-bit).
        masks: whether masks of the fracture zones are written.
        regions: the regions, used in turn.
        difficulty: a name in `DIFFICULTIES`.
        fracture: properties of every fracture; those that are None are drawn at random.
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
        """Validate the settings.

        Raises:
            DataError: A setting is out of its range.
        """
        if not MIN_COUNT <= self.count <= MAX_COUNT:
            raise DataError(
                f"A synthetic dataset needs {MIN_COUNT} to {MAX_COUNT:,} images, so that every split has both classes, "
                f"but the count is {self.count}. Choose a count in this range."
            )
        if self.seed < 0:
            raise DataError(f"The seed must be 0 or greater, but it is {self.seed}. Choose another seed.")
        if not all(32 <= edge <= 4096 for edge in self.size):
            raise DataError(
                f"The size must be 32 to 4096 rows and columns, but it is {self.size[0]}x{self.size[1]}. Choose a size "
                "in this range."
            )
        if not self.regions or len(set(self.regions)) < len(self.regions):
            raise DataError("Choose at least one region, and each region only once.")
        for region in self.regions:
            _check_choice("region", region, PHANTOM_REGIONS)
        _check_choice("format", self.format, FORMATS)
        _check_choice("difficulty", self.difficulty, DIFFICULTIES)
        if self.fracture.kind is not None:
            _check_choice("kind of fracture", self.fracture.kind, FRACTURE_KINDS)
        for name, unit, low, high in (
            ("gap", "mm", -5, 20),
            ("displacement", "mm", -30, 30),
            ("angulation", "degrees", -45, 45),
        ):
            value = getattr(self.fracture, name)
            if value is not None and not low <= value <= high:
                raise DataError(
                    f"The fracture {name} must be from {low} to {high} {unit}, but it is {value:g}. Choose "
                    "another value."
                )

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-serialisable values, with a note that the images are synthetic."""
        values = asdict(self)
        values["size"], values["regions"] = list(self.size), list(self.regions)
        return {
            "synthetic": True,
            "note": "Computed images that show no person.",
            "drawing": _DRAWING,
            **values,
        }

    def file_text(self) -> str:
        """Return the content of `phantom.json`."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    def check_matches_folder(self, folder: Path) -> None:
        """Check that an existing dataset has the same settings.

        Args:
            folder: folder of the dataset.

        Raises:
            DataError: The dataset has other settings, or its `phantom.json` cannot be read.
        """
        path = folder / PHANTOM_FILE
        try:
            stored = parse_json(path.read_text(encoding="utf-8"))
            items = dict(stored).items()
        except (OSError, ValueError, TypeError) as error:
            raise DataError(
                f"{path} contains no readable settings of a synthetic dataset. Choose another folder or empty this one."
            ) from error
        mine = self.to_json()
        differ = [key for key in mine if (key, mine[key]) not in items]
        if differ:
            key = differ[0]
            raise DataError(
                f"{folder} contains a synthetic dataset with other settings: its {key} is "
                f"{stored.get(key)!r} and not {mine[key]!r}. Choose another folder or empty this one."
            )


def _check_choice(title: str, name: str, choices: Collection[str]) -> None:
    if name not in choices:
        raise DataError(f"There is no {title} {name!r}. Choose one of: {', '.join(choices)}.")
