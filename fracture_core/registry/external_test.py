"""ExternalTest: metrics of a model on another dataset than the one it was trained on, as its card keeps them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fracture_core.errors import DataError
from fracture_core.evaluation import Summary
from fracture_core.io.json_record import JsonRecord

#: Longest name of a dataset, in characters, and most external tests on a card.
MAX_NAME_LENGTH, MAX_TESTS = 120, 20


@dataclass(frozen=True)
class ExternalTest(JsonRecord):
    """Metrics on another dataset.

    Attributes:
        name: the dataset, without a path of the computer it was evaluated on.
        date: ISO date of the evaluation.
        summary: metrics over all its images, at the threshold of the card.
        warnings: sentences that limit the interpretation.

    Raises:
        DataError: the name is empty or too long.
    """

    name: str
    date: Annotated[str, Field(max_length=40)]
    summary: Summary
    warnings: Annotated[tuple[str, ...], Field(max_length=20)] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_NAME_LENGTH or self.name != " ".join(self.name.split()):
            raise DataError(
                f"The name of the dataset must have 1 to {MAX_NAME_LENGTH} characters on one line: enter another name."
            )
