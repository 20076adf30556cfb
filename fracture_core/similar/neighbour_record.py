"""Record: how often the neighbours of a film have its label, on films that were not learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fracture_core.datasets.cases import Case
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval


@dataclass(frozen=True)
class NeighbourRecord:
    """What most of the nearest training films say, measured on validation films; intervals clustered by group.

    Attributes:
        broken: of the films with the finding, those most of whose neighbours have it.
        others: of the other films, those most of whose neighbours have it.
        agreement: share of all neighbours that have the label of their film.
        chance: that share if neighbours were drawn at random from the training films.
    """

    broken: Interval
    others: Interval
    agreement: float
    chance: float

    @classmethod
    def unknown(cls) -> "NeighbourRecord":
        """A record of nothing measured."""
        return cls(Interval.unknown(), Interval.unknown(), float("nan"), float("nan"))

    @property
    def is_informative(self) -> bool:
        """Whether neighbours say anything about a label: the two intervals lie apart."""
        return self.broken.is_measured and self.others.is_measured and self.broken.low > self.others.high

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {
            "broken": self.broken.to_json(),
            "others": self.others.to_json(),
            "agreement": self.agreement,
            "chance": self.chance,
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "NeighbourRecord":
        """The record written by `rows_to_json`."""
        return cls(
            Interval.from_json(payload["broken"]),
            Interval.from_json(payload["others"]),
            float(payload["agreement"]),
            float(payload["chance"]),
        )


def measure_neighbours(cases: Sequence[Case], told: np.ndarray, trained: np.ndarray) -> NeighbourRecord:
    """Compares the labels of films with those of their neighbours.

    Args:
        cases: films that were not learnt from.
        told: labels of their neighbours, (films, neighbours).
        trained: labels of all training films.
    """
    if not len(cases):
        return NeighbourRecord.unknown()
    labels = np.array([case.label for case in cases])
    groups = np.unique([case.group for case in cases], return_inverse=True)[1]
    most = told.mean(axis=1) > 0.5
    share = float(trained.mean())

    def flagged(of: np.ndarray) -> Interval:
        # Groups are numbered from 0 again, for some of them have no such film.
        return (
            proportion_interval(most[of], np.unique(groups[of], return_inverse=True)[1])
            if of.any()
            else Interval.unknown()
        )

    return NeighbourRecord(
        flagged(labels == 1),
        flagged(labels == 0),
        float((told == labels[:, None]).mean()),
        float(np.where(labels == 1, share, 1 - share).mean()),
    )
