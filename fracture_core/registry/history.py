"""History of the model in use: each change with its time, reason and failed release checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fracture_core.io.json_record import JsonRecord

#: Actions of a change: put a model in use, or return to the previous one.
USE, BACK = "use", "back"


@dataclass(frozen=True)
class ModelRef(JsonRecord):
    """Reference to a model at the time of a change.

    Attributes:
        id: Its id at that time.
        sha256: SHA-256 of its weights; "" if its card could not be read.
    """

    id: str
    sha256: str = ""


@dataclass(frozen=True)
class ModelChange(JsonRecord):
    """One change of the model in use.

    Attributes:
        time: ISO date and time, UTC.
        previous: The model in use before the change.
        chosen: The model in use after the change.
        action: `USE` or `BACK`.
        reason: Reason given by the user; "" if none was required.
        checks_failed: Names of the release checks that the chosen model failed.
    """

    time: str
    previous: Annotated[ModelRef, Field(alias="from")]
    chosen: Annotated[ModelRef, Field(alias="to")]
    action: str = USE
    reason: str = ""
    checks_failed: tuple[str, ...] = ()


def previous_model(changes: Sequence[ModelChange]) -> ModelRef | None:
    """Find the model to return to. Like undo, returning twice goes back two models.

    Args:
        changes: The history, oldest first.

    Returns:
        The model; None if there is nothing to undo.
    """
    undo: list[ModelRef] = []
    for change in changes:
        if change.action == BACK:
            # The list is empty after a return to the shipped model without an earlier change.
            undo = undo[:-1]
        else:
            undo.append(change.previous)
    return undo[-1] if undo else None
