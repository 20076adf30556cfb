"""History of the model in use: each change with its time, reason and failed release checks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: Actions of a change: put a model in use, or return to the previous one.
USE, BACK = "use", "back"


@dataclass(frozen=True)
class ModelRef:
    """Reference to a model at the time of a change.

    Attributes:
        id: Its id at that time.
        sha256: SHA-256 of its weights; "" if its card could not be read.
    """

    id: str
    sha256: str = ""


@dataclass(frozen=True)
class ModelChange:
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
    previous: ModelRef
    chosen: ModelRef
    action: str = USE
    reason: str = ""
    checks_failed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "time": self.time,
            "from": asdict(self.previous),
            "to": asdict(self.chosen),
            "action": self.action,
            "reason": self.reason,
            "checks_failed": list(self.checks_failed),
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "ModelChange":
        """Read what `to_json` returned.

        Raises:
            KeyError: A key is missing.
            TypeError: A value has the wrong type.
        """
        change = cls(
            time=payload["time"],
            previous=ModelRef(**payload["from"]),
            chosen=ModelRef(**payload["to"]),
            action=payload["action"],
            reason=payload["reason"],
            checks_failed=tuple(payload["checks_failed"]),
        )
        texts = [change.time, change.action, change.reason, *change.checks_failed]
        texts += [text for ref in (change.previous, change.chosen) for text in (ref.id, ref.sha256)]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("The values of a change must be strings.")
        return change


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
