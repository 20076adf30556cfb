"""Neighbour index of the training images of one network. It contains numbers and names, but no images."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case
from fracture_core.errors import DataError, ModelError
from fracture_core.file_names import escape_name
from fracture_core.io.json_record import parse_json
from fracture_core.similar.embedding_projection import EmbeddingProjection, point_distances
from fracture_core.similar.neighbour_record import NeighbourRecord, measure_neighbours

# Shares of the training images that define the distance limits.
_SHARES = (0.5, 0.9, 0.99)

#: Number of neighbours that are shown and measured.
NEIGHBOUR_COUNT = 5

#: Descriptions of distances, nearest first; the last one applies beyond all limits.
CLOSENESS_TEXT = ("very similar", "similar", "somewhat similar", "not similar")


@dataclass(frozen=True)
class Neighbour:
    """A training image near a given image.

    Attributes:
        case: its id in the dataset.
        path: its path relative to the dataset folder.
        label: 0 or 1.
        regions: body regions; empty if unknown.
        distance: Euclidean distance on the unit sphere, 0–2.
        closeness: description of the distance, one of `CLOSENESS_TEXT`.
    """

    case: str
    path: str
    label: int
    regions: tuple[str, ...]
    distance: float
    closeness: str


@dataclass(frozen=True, eq=False)
class NeighbourIndex:
    """The training images of one network, as points on the unit sphere of an `EmbeddingProjection`.

    Attributes:
        weights: SHA-256 of the network's weights.
        directions: the projection, fitted to the training images.
        points: float16 (images, components), each row of length 1.
        cases: str (images,), case ids.
        paths: str (images,), paths relative to the dataset folder.
        labels: int8 (images,).
        regions: str (images,), body regions joined by spaces.
        groups: int32 (images,); images of one group are views or copies of one another.
        limits: distances within which 50%, 90% and 99% of the training images have an image of another group.
        same: distance below which two images are the same. It is half the smallest distance between images
            of different groups, ignoring copies that the audit missed.
        record: agreement of neighbours with the labels of validation images.
    """

    weights: str
    directions: EmbeddingProjection
    points: NDArray[np.float16]
    cases: NDArray[np.str_]
    paths: NDArray[np.str_]
    labels: NDArray[np.int8]
    regions: NDArray[np.str_]
    groups: NDArray[np.int32]
    limits: tuple[float, float, float]
    same: float
    record: NeighbourRecord

    @classmethod
    def fit(
        cls,
        weights: str,
        root: Path,
        train: tuple[Sequence[Case], NDArray[np.floating]],
        val: tuple[Sequence[Case], NDArray[np.floating]],
    ) -> "NeighbourIndex":
        """Build the index of the training images and measure it on validation images.

        Args:
            weights: SHA-256 of the network's weights.
            root: folder of the dataset.
            train: training cases and their features, float (n, channels).
            val: validation cases, which were not used for training, and their features.

        Returns:
            The index.

        Raises:
            DataError: There are too few groups of training images.
        """
        cases, features = train
        groups = np.unique([case.group for case in cases], return_inverse=True)[1].astype(np.int32)
        if len(set(groups.tolist())) <= NEIGHBOUR_COUNT:
            raise DataError(
                f"Similar images need training images in more than {NEIGHBOUR_COUNT} groups, but there are only "
                f"{len(set(groups.tolist()))}. Use a larger dataset."
            )
        index = cls(
            weights=weights,
            directions=EmbeddingProjection.fit(features),
            points=np.zeros((0, 0), np.float16),
            cases=np.array([case.id for case in cases]),
            paths=np.array([escape_name(case.path.relative_to(root).as_posix()) for case in cases]),
            labels=np.array([case.label for case in cases], np.int8),
            regions=np.array([" ".join(case.regions) for case in cases]),
            groups=groups,
            limits=(np.inf, np.inf, np.inf),
            same=0.0,
            record=NeighbourRecord.unknown(),
        )
        index = replace(index, points=index.directions.transform(features).astype(np.float16))
        others = index._to_other_groups()
        middle, most, nearly_all = (float(limit) for limit in np.quantile(others, _SHARES))
        index = replace(index, limits=(middle, most, nearly_all), same=_halfway_limit(others))
        val_cases, val_features = val
        neighbour_labels = np.array(
            [[near.label for near in index.nearest(row)] for row in val_features], float
        )
        return replace(index, record=measure_neighbours(val_cases, neighbour_labels, index.labels))

    def nearest(self, features: NDArray[np.floating]) -> list[Neighbour]:
        """Return the nearest training images, at most one per group.

        Args:
            features: float (channels,), the network's middle layer averaged over the image.

        Returns:
            `NEIGHBOUR_COUNT` neighbours, nearest first.
        """
        distances = point_distances(self.directions.transform(features[None]), self.points)[0]
        order = np.argsort(distances, kind="stable")
        # The first position of each group in this order is its nearest image.
        first = np.sort(np.unique(self.groups[order], return_index=True)[1])[:NEIGHBOUR_COUNT]
        return [self._neighbour(int(row), float(distances[row])) for row in order[first]]

    def is_same_film(self, near: Neighbour) -> bool:
        """Return whether an image is this training image itself or a copy of it."""
        return near.distance < self.same

    def is_far(self, near: Neighbour) -> bool:
        """Return whether a nearest neighbour is farther away than for 99% of the training images."""
        return near.distance > self.limits[-1]

    def save(self, path: Path) -> None:
        """Write the index atomically as an .npz file of plain arrays."""
        partial = path.with_name(f".{path.name}")
        with partial.open("wb") as file:
            np.savez_compressed(
                file,
                weights=np.array(self.weights),
                mean=self.directions.mean,
                axes=self.directions.axes,
                points=self.points,
                cases=self.cases,
                paths=self.paths,
                labels=self.labels,
                regions=self.regions,
                groups=self.groups,
                limits=np.array(self.limits),
                same=np.array(self.same),
                record=np.array(json.dumps(self.record.to_json())),
            )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "NeighbourIndex":
        """Read an index written by `save`. Pickled objects are not loaded.

        Raises:
            ModelError: The file is missing or is not a neighbour index.
        """
        try:
            # NumPy leaves a file open if its format is unknown, so the file is opened here.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                low, middle, high = (float(limit) for limit in stored["limits"])
                arrays = {name: stored[name] for name in _ARRAYS}
                return cls(
                    weights=str(stored["weights"]),
                    directions=EmbeddingProjection(stored["mean"], stored["axes"]),
                    limits=(low, middle, high),
                    same=float(stored["same"]),
                    record=NeighbourRecord.from_json(parse_json(str(stored["record"]))),
                    **arrays,
                )
        except (OSError, EOFError, ValueError, KeyError, TypeError, DataError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"The neighbour index {path} cannot be read ({error}). Build it again."
            ) from error

    def _to_other_groups(self) -> NDArray[np.float32]:
        """Return the distance of each training image to the nearest image of another group."""
        nearest = []
        for start in range(0, len(self.points), _BATCH):
            rows = slice(start, start + _BATCH)
            distances = point_distances(self.points[rows].astype(np.float32), self.points)
            distances[self.groups[rows, None] == self.groups[None]] = np.inf
            nearest.append(distances.min(axis=1))
        return np.concatenate(nearest)

    def _neighbour(self, row: int, distance: float) -> Neighbour:
        return Neighbour(
            str(self.cases[row]),
            str(self.paths[row]),
            int(self.labels[row]),
            tuple(str(self.regions[row]).split()),
            distance,
            CLOSENESS_TEXT[int(np.searchsorted(self.limits, distance))],
        )


_ARRAYS = ("points", "cases", "paths", "labels", "regions", "groups")

# Largest distance of an image to itself after decoding and rounding again.
_ROUNDING = 0.02

# Rows of the distance matrix per batch, to limit memory.
_BATCH = 512


def _halfway_limit(others: NDArray[np.float32]) -> float:
    """Return half the smallest distance to another group, and at least the rounding error."""
    apart = others[others > _ROUNDING]
    return max(float(apart.min()) / 2, _ROUNDING) if len(apart) else _ROUNDING
