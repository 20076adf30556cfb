"""What the JSON forms of this package share: nan as null, and a sentence for what is missing."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from fracture_core.errors import DataError


def number_to_json(measured: float) -> float | None:
    """A number as JSON can hold it: nan becomes None."""
    return None if math.isnan(measured) else float(measured)


def number_from_json(payload: Mapping[str, Any], key: str) -> float:
    """The number under `key`; null becomes nan.

    Raises:
        DataError: there is something else than a number.
    """
    found = payload[key]
    if found is None:
        return math.nan
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise DataError(
            f"Expected a number for {key!r}, got {found!r}: take the file from a complete copy of the model."
        )
    return float(found)


def require_keys(payload: object, cls: type) -> None:
    """Checks that `payload` is a JSON object with a key for every field of the dataclass `cls`.

    Raises:
        DataError: it is not an object, or keys are missing.
    """
    names = [field.name for field in dataclasses.fields(cls)]
    if not isinstance(payload, Mapping):
        raise DataError(
            f"Expected a JSON object with {', '.join(names)}, got {type(payload).__name__}: "
            "take the file from a complete copy of the model."
        )
    missing = [name for name in names if name not in payload]
    if missing:
        raise DataError(
            f"Expected {cls.__name__} with {', '.join(names)}, got one without {', '.join(missing)}: "
            "take the file from a complete copy of the model."
        )
