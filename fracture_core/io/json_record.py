"""JSON records: dataclasses that pydantic validates when they are read from JSON."""

import json
import math
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NoReturn, Self

from pydantic import ConfigDict, Field, PlainSerializer, TypeAdapter, ValidationError, WrapValidator
from pydantic.annotated_handlers import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fracture_core.errors import DataError, SecondLookError

#: Largest JSON file that is read, in bytes. A model card has about 70 kB.
MAX_JSON_BYTES = 16 * 1024 * 1024

#: A number that is null in JSON where it could not be measured, and nan in Python.
MeasuredNumber = Annotated[
    float,
    WrapValidator(lambda value, validate: math.nan if value is None else validate(value)),
    PlainSerializer(
        lambda value: None if value is None or math.isnan(value) else value, return_type=float | None
    ),
]

#: A number of things, such as images or bytes.
Count = Annotated[int, Field(ge=0, le=2**53)]


class JsonRecord:
    """Base of a dataclass that is stored as JSON.

    A record has the keys of its fields. An unknown key, a missing one, a value of another type, nan and infinity are
    refused.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        plain: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json", by_alias=True)
        return plain

    @classmethod
    def from_json(cls, payload: object) -> Self:
        """Read a record.

        Args:
            payload: the record as plain JSON values.

        Raises:
            DataError: a key is missing or unknown, or a value is not allowed; the message names the key.
        """
        record: Self = validate_json(cls, payload)
        return record


def validate_json(record_type: type | UnionType, payload: object) -> Any:
    """Read a value of a type that pydantic supports.

    Args:
        record_type: the type.
        payload: the value as plain JSON values.

    Raises:
        DataError: the value does not fit the type; the message names the key.
    """
    try:
        return _adapter(record_type).validate_json(json.dumps(payload), strict=True)
    except ValidationError as error:
        raise DataError(describe_first_error(error)) from error
    except (TypeError, ValueError) as error:
        raise DataError(str(error)) from error


def describe_first_error(error: ValidationError) -> str:
    """Describe the first error of a validation, such as "epochs: Input should be a valid integer"."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), message))).removesuffix(".")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Args:
        path: the file, in UTF-8.

    Raises:
        OSError: the file cannot be read.
        DataError: the file is too large, is not JSON, or contains nan or infinity.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise DataError(f"the file is larger than {MAX_JSON_BYTES // 1024**2} MB")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the file is not valid JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _adapter(record_type: Any) -> TypeAdapter[Any]:
    # mypy does not accept a class as an argument of a cached function.
    return _build_adapter(record_type)


@cache
def _build_adapter(record_type: Any) -> TypeAdapter[Any]:
    return TypeAdapter(record_type)


class HasJsonMethods:
    """Annotation for a class with its own `from_json` and `to_json`, as a field of a record.

    Use it as `Annotated[Summary, HasJsonMethods()]`.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate with `from_json` and serialise with `to_json`."""

        def validate(value: object) -> object:
            if isinstance(value, source):
                return value
            try:
                return source.from_json(value)
            except SecondLookError as error:
                raise ValueError(str(error)) from error
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{type(error).__name__}: {error}") from error

        return core_schema.no_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.to_json()),
        )
