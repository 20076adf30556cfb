"""Index: where the training films of a network lie among one another. It holds numbers and names, and no picture."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fracture_core.datasets.cases import Case
from fracture_core.errors import DataError, ModelError
from fracture_core.file_names import escape_name
from fracture_core.similar.embedding_projection import EmbeddingProjection, point_distances
from fracture_core.similar.neighbour_record import NeighbourRecord, measure_neighbours

# Shares of the training films that lie as near to a film of another group.
_SHARES = (0.5, 0.9, 0.99)

#: Neighbours that are shown, and that the record is about.
NEIGHBOUR_COUNT = 5

#: Distances in words, nearest first; the last is for what lies beyond all limits.
CLOSENESS_TEXT = ("very like it", "like it", "somewhat like it", "unlike it")


@dataclass(frozen=True)
class Neighbour:
    """One training film near another film.

    Attributes:
        case: its id in the data set.
        path: below the data set's folder.
        label: 0 or 1.
        regions: body regions; empty where unknown.
        distance: 0 for the same film, 2 for the opposite.
        closeness: that in words, one of `CLOSENESS_TEXT`.
    """

    case: str
    path: str
    label: int
    regions: tuple[str, ...]
    distance: float
    closeness: str


@dataclass(frozen=True, eq=False)
class NeighbourIndex:
    """The training films of one network on a unit sphere in its `EmbeddingProjection`.

    Attributes:
        weights: SHA-256 of the network's weights.
        directions: of the training films.
        points: float16 (films, components) of length 1.
        cases: ids.
        paths: below the data set's folder.
        labels: int8.
        regions: of each film, joined by spaces.
        groups: int32, films of one group are views or copies of one another.
        limits: distances within which half, 90% and 99% of the training films have a film of another group.
        same: distance below which two films are one picture: half of the smallest between films of two groups that is
            not that of a copy the audit missed.
        record: what neighbours have told of the labels of validation films.
    """

    weights: str
    directions: EmbeddingProjection
    points: np.ndarray
    cases: np.ndarray
    paths: np.ndarray
    labels: np.ndarray
    regions: np.ndarray
    groups: np.ndarray
    limits: tuple[float, float, float]
    same: float
    record: NeighbourRecord

    @classmethod
    def fit(
        cls,
        weights: str,
        root: Path,
        train: tuple[Sequence[Case], np.ndarray],
        val: tuple[Sequence[Case], np.ndarray],
    ) -> "NeighbourIndex":
        """Places the training films, sets the limits among them, and measures on validation films.

        Args:
            weights: SHA-256 of the network's weights.
            root: the data set's folder.
            train: films, and their features (n, channels).
            val: likewise; none of them was learnt from.

        Raises:
            DataError: there are too few training films or groups to compare.
        """
        cases, features = train
        groups = np.unique([case.group for case in cases], return_inverse=True)[1].astype(np.int32)
        if len(set(groups.tolist())) <= NEIGHBOUR_COUNT:
            raise DataError(
                f"Expected training films in more than {NEIGHBOUR_COUNT} groups, but there are "
                f"{len(set(groups.tolist()))}: "
                "neighbours need a larger data set."
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
        told = np.array([[near.label for near in index.nearest(film)] for film in val_features], float)
        return replace(index, record=measure_neighbours(val_cases, told, index.labels))

    def nearest(self, features: np.ndarray) -> list[Neighbour]:
        """The nearest training films, at most one of a group, so that five views of one person do not fill the list.

        Args:
            features: of the film, float (channels,), the network's middle layer averaged over the film.

        Returns:
            `NEIGHBOUR_COUNT` films, the nearest first.
        """
        away = point_distances(self.directions.transform(features[None]), self.points)[0]
        order = np.argsort(away, kind="stable")
        # The first place of each group in the order is its nearest film.
        first = np.sort(np.unique(self.groups[order], return_index=True)[1])[:NEIGHBOUR_COUNT]
        return [self._neighbour(int(at), float(away[at])) for at in order[first]]

    def is_same_film(self, near: Neighbour) -> bool:
        """Whether a film is that training film itself, or a copy of it."""
        return near.distance < self.same

    def is_far(self, near: Neighbour) -> bool:
        """Whether a film whose nearest is this has none near it: 99% of the training films have a nearer one."""
        return near.distance > self.limits[-1]

    def save(self, path: Path) -> None:
        """Writes the index as an .npz of plain arrays; a reader sees the old one or the new."""
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
        """Reads what `save` wrote. Nothing in the file is ever run.

        Raises:
            ModelError: the file is missing or not such a file.
        """
        try:
            # Opened here, for numpy leaves a file open that turns out to be none of its own.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                low, middle, high = (float(limit) for limit in kept["limits"])
                arrays = {name: kept[name] for name in _ARRAYS}
                return cls(
                    weights=str(kept["weights"]),
                    directions=EmbeddingProjection(kept["mean"], kept["axes"]),
                    limits=(low, middle, high),
                    same=float(kept["same"]),
                    record=NeighbourRecord.from_json(json.loads(str(kept["record"]))),
                    **arrays,
                )
        except (OSError, EOFError, ValueError, KeyError, TypeError, DataError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"Expected the neighbours of a model in {path}, but they cannot be read ({error}): build them again."
            ) from error

    def _to_other_groups(self) -> np.ndarray:
        """Of each training film, the distance to the nearest film of another group."""
        found = []
        for start in range(0, len(self.points), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            away = point_distances(self.points[rows].astype(np.float32), self.points)
            away[self.groups[rows, None] == self.groups[None]] = np.inf
            found.append(away.min(axis=1))
        return np.concatenate(found)

    def _neighbour(self, at: int, distance: float) -> Neighbour:
        return Neighbour(
            str(self.cases[at]),
            str(self.paths[at]),
            int(self.labels[at]),
            tuple(str(self.regions[at]).split()),
            distance,
            CLOSENESS_TEXT[int(np.searchsorted(self.limits, distance))],
        )


_ARRAYS = ("points", "cases", "paths", "labels", "regions", "groups")

# Distance of a film to itself, decoded and rounded anew, at the most.
_ROUNDING = 0.02

# Rows of distances worked out at a time, so that memory does not grow with the square of the films.
_AT_ONCE = 512


def _halfway_limit(others: np.ndarray) -> float:
    """Between a film and itself, and a film and the nearest of another group."""
    apart = others[others > _ROUNDING]
    return max(float(apart.min()) / 2, _ROUNDING) if len(apart) else _ROUNDING
