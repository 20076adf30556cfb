"""How fast an architecture trains on this computer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSpeed:
    """Films a second on this computer.

    Attributes:
        trained: that the whole network learns from.
        head: that the head alone learns from; 0 where the training has no such phase.
        judged: that are judged without learning, as in validation.
        parameters: numbers the network holds at this size.
        date: when it was measured, ISO date.
    """

    trained: float
    head: float
    judged: float
    parameters: int
    date: str
