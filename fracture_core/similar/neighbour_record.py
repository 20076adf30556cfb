"""How often the nearest training images have the label of a validation image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval


@dataclass(frozen=True)
class NeighbourRecord:
    """Agreement between images and their neighbours, measured on validation images.

    Attributes:
        with_finding: share of the images with the finding for which most neighbours have it, clustered by group.
        without_finding: share of the other images for which most neighbours have the finding, clustered by group.
        agreement: share of all neighbours that have the label of their image.
        chance: expected agreement if neighbours were drawn at random from the training images.
    """

    with_finding: Interval
    without_finding: Interval
    agreement: float
    chance: float

    @classmethod
    def unknown(cls) -> "NeighbourRecord":
        """Return a record without measurements."""
        return cls(Interval.unknown(), Interval.unknown(), float("nan"), float("nan"))

    @property
    def is_informative(self) -> bool:
        """Whether neighbours are informative about the label: the two intervals do not overlap."""
        return (
            self.with_finding.is_measured
            and self.without_finding.is_measured
            and self.with_finding.low > self.without_finding.high
        )

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON-serialisable values."""
        return {
            "broken": self.with_finding.to_json(),
            "others": self.without_finding.to_json(),
            "agreement": self.agreement,
            "chance": self.chance,
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "NeighbourRecord":
        """Return the record written by `to_json`."""
        return cls(
            Interval.from_json(payload["broken"]),
            Interval.from_json(payload["others"]),
            float(payload["agreement"]),
            float(payload["chance"]),
        )


def measure_neighbours(
    cases: Sequence[Case], neighbour_labels: NDArray[np.number], training_labels: NDArray[np.number]
) -> NeighbourRecord:
    """Compare the labels of images with the labels of their neighbours.

    Args:
        cases: images that were not used for training.
        neighbour_labels: (images, neighbours), 0 or 1.
        training_labels: labels of all training images, 0 or 1.

    Returns:
        The record; without measurements if there are no cases.
    """
    if not len(cases):
        return NeighbourRecord.unknown()
    labels = np.array([case.label for case in cases])
    groups = np.unique([case.group for case in cases], return_inverse=True)[1]
    majority = neighbour_labels.mean(axis=1) > 0.5
    positive_share = float(training_labels.mean())

    def majority_share(rows: NDArray[np.bool_]) -> Interval:
        if not rows.any():
            return Interval.unknown()
        # Renumber the groups, because some of them have no such image.
        return proportion_interval(majority[rows], np.unique(groups[rows], return_inverse=True)[1])

    return NeighbourRecord(
        majority_share(labels == 1),
        majority_share(labels == 0),
        float((neighbour_labels == labels[:, None]).mean()),
        float(np.where(labels == 1, positive_share, 1 - positive_share).mean()),
    )
