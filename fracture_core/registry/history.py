"""History of the model in use: every change with its time, reason and failed checks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: What a change did: put a model in use, or returned to the one before.
USE, BACK = "use", "back"


@dataclass(frozen=True)
class ModelRef:
    """A model as it was when it was in use.

    Attributes:
        id: its name at that time.
        sha256: of its weights; "" where its card could not be read.
    """

    id: str
    sha256: str = ""


@dataclass(frozen=True)
class ModelChange:
    """One change of the model in use.

    Attributes:
        time: ISO date and time, UTC.
        previous: the model that was in use before.
        chosen: the model that is in use from then on.
        action: `USE` or `BACK`.
        reason: what the user typed; "" where no reason was needed.
        checks_failed: names of the release checks that the chosen model failed.
    """

    time: str
    previous: ModelRef
    chosen: ModelRef
    action: str = USE
    reason: str = ""
    checks_failed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The change as plain JSON values."""
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
        """The change written by `rows_to_json`.

        Raises:
            KeyError, TypeError: it is not complete.
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
            raise TypeError("a change of the model in use consists of texts")
        return change


def previous_model(changes: Sequence[ModelChange]) -> ModelRef | None:
    """The model to return to, as an undo does: returning twice goes back two models.

    Args:
        changes: the history, oldest first.

    Returns:
        The model; None where nothing is left to undo.
    """
    undo: list[ModelRef] = []
    for change in changes:
        if change.action == BACK:
            # The undo list is empty after a return to the shipped model with no earlier change.
            undo = undo[:-1]
        else:
            undo.append(change.previous)
    return undo[-1] if undo else None
