"""JSON helpers of this package: nan is written as null, and missing keys raise a clear error."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from fracture_core.errors import DataError


def number_to_json(value: float) -> float | None:
    """Convert a number to a JSON value; nan becomes None."""
    return None if math.isnan(value) else float(value)


def number_from_json(payload: Mapping[str, Any], key: str) -> float:
    """Read a number; null becomes nan.

    Args:
        payload: A JSON object.
        key: The key of the number.

    Returns:
        The number.

    Raises:
        DataError: The value is not a number.
    """
    value = payload[key]
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(
            f"Expected a number for {key!r}, got {value!r}: copy the file again from a complete copy of the model."
        )
    return float(value)


def require_keys(payload: object, cls: type) -> None:
    """Check that `payload` is a JSON object with a key for every field of the dataclass `cls`.

    Args:
        payload: The parsed JSON value.
        cls: The dataclass.

    Raises:
        DataError: The value is not an object, or keys are missing.
    """
    names = [field.name for field in dataclasses.fields(cls)]
    if not isinstance(payload, Mapping):
        raise DataError(
            f"Expected a JSON object with {', '.join(names)}, got {type(payload).__name__}: "
            "copy the file again from a complete copy of the model."
        )
    missing = [name for name in names if name not in payload]
    if missing:
        raise DataError(
            f"Expected {cls.__name__} with {', '.join(names)}, got one without {', '.join(missing)}: "
            "copy the file again from a complete copy of the model."
        )
