"""Two models on the same films: which ranks better, and how sure that is.

The difference of two areas under the ROC curve gets a bootstrap interval. Whole groups are drawn again, and both models
are measured on each draw, so that what makes films of one patient alike, and what makes both models stumble over the
same film, stays in. DeLong's paired interval would take every film for a witness of its own: films of one group are
not, and its interval would be too narrow.

Sources:
    C. A. Field and A. H. Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69, 2007 (cluster bootstrap).
    T. C. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015 (percentiles
    moved outwards, for few groups make the plain ones too narrow).
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44, 1988: the interval for independent cases.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fracture_core.errors import DataError
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases, require_both_classes

RESAMPLES = 2000
SEED = 20240229

# Weights of films held at a time.
_BATCH = 2_000_000


@dataclass(frozen=True)
class PairedComparison:
    """Two models on the films on which both were tested.

    Attributes:
        first: area under the ROC curve of the first, 0–1; Obuchowski's interval.
        second: of the second.
        difference: first minus second, −1 to 1; bootstrap over groups.
        positives: films with the finding.
        groups: groups of films that belong together, for either model.
    """

    first: Interval
    second: Interval
    difference: Interval
    positives: int
    groups: int

    @property
    def is_significant(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return self.difference.low > 0 or self.difference.high < 0

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values; nan becomes null."""
        measured = {name: getattr(self, name).to_json() for name in ("first", "second", "difference")}
        return {**measured, "positives": self.positives, "groups": self.groups}


def shared_predictions(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The films that both models were tested on.

    Args:
        first: predictions of the first model; see `evaluation.predictions`.
        second: of the second.

    Returns:
        Films with one id and one label that stand in the split *test* of both; columns id, label, group, first, second.
        The last two are probabilities. Films that either table groups together are in one group.
    """
    keep = ["id", "label", "group", "probability"]
    one, other = (table.loc[table["split"] == "test", keep] for table in (first, second))
    both = one.merge(other, on=["id", "label"], suffixes=("_first", "_second")).sort_values("id")
    return pd.DataFrame(
        {
            "id": both["id"].to_numpy(),
            "label": both["label"].to_numpy(),
            "group": _joined(both["group_first"], both["group_second"]),
            "first": both["probability_first"].to_numpy(),
            "second": both["probability_second"].to_numpy(),
        }
    )


def compare_paired(films: pd.DataFrame, resamples: int = RESAMPLES, seed: int = SEED) -> PairedComparison:
    """Compares two models on the same films.

    Draws that miss a class are left out. Where all draws agree (twins, or a single group) the bootstrap knows nothing
    of the uncertainty, and the difference stands without an interval.

    Args:
        films: as `shared_predictions` gives them.
        resamples: how many times the groups are drawn.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        DataError: there are no films, or not of both classes.
    """
    if films.empty:
        raise DataError(
            "Expected films that both models were tested on, but there are none: choose two others."
        )
    first, second = (
        check_scored_cases(films["label"], films[name], films["group"]) for name in ("first", "second")
    )
    require_both_classes(first.label, "among the films that both models were tested on")
    areas = auc_interval(first), auc_interval(second)
    draws = _differences(first, second, resamples, seed)
    groups = len(np.unique(first.group))
    low, high = np.nan, np.nan
    if len(draws) and np.ptp(draws) > 0:
        low, high = (float(end) for end in np.quantile(draws, _ends(groups)))
    difference = Interval(areas[0].value - areas[1].value, low, high, len(first))
    return PairedComparison(*areas, difference, int(first.label.sum()), groups)


def _ends(groups: int) -> tuple[float, float]:
    """Which quantiles of the draws are the ends of the interval (Hesterberg 2015, expanded percentiles)."""
    t = stats.t.ppf((1 + CONFIDENCE_LEVEL) / 2, groups - 1)
    outside = float(stats.norm.cdf(-np.sqrt(groups / (groups - 1)) * t))
    return outside, 1 - outside


def _differences(first: ScoredCases, second: ScoredCases, resamples: int, seed: int) -> NDArray[np.float64]:
    """The difference on each draw of groups that holds both classes."""
    _, group = np.unique(first.group, return_inverse=True)
    groups = int(group.max()) + 1
    random = np.random.default_rng(seed)
    batch = max(1, _BATCH // len(first))
    found = []
    for start in range(0, resamples, batch):
        count = min(batch, resamples - start)
        drawn = random.integers(0, groups, size=(count, groups))
        drawn += groups * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * groups).reshape(count, groups)
        weight = times[:, group].astype(np.float64)
        found.append(_areas(first, weight) - _areas(second, weight))
    draws = np.concatenate(found)
    return draws[~np.isnan(draws)]


def _areas(cases: ScoredCases, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under the ROC curve with each film counted several times, for each row of weights; nan without a class.

    Args:
        cases: n films.
        weight: how often each counts, shape (draws, n).
    """
    order = np.argsort(cases.probability, kind="stable")
    _, first = np.unique(cases.probability[order], return_index=True)
    positive = cases.label[order] == 1
    weight = weight[:, order]
    # Films of one probability count as one step; half of the pairs among them are ranked right.
    above = np.add.reduceat(weight * positive, first, axis=1)
    below = np.add.reduceat(weight * ~positive, first, axis=1)
    right = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
    pairs = above.sum(axis=1) * below.sum(axis=1)
    return np.divide(right, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _joined(one: pd.Series, other: pd.Series) -> NDArray[np.str_]:
    """A group for each film, so that films which either series puts together are together."""
    n = len(one)
    if not n:
        return np.array([], dtype=str)
    films = np.arange(n)
    # Films and groups are the nodes, membership the edges; an empty name groups nothing.
    edges, nodes = [], n
    for names in (one.reset_index(drop=True), other.reset_index(drop=True)):
        codes, known = pd.factorize(names.mask(names == ""))
        inside = codes >= 0
        edges.append(np.stack([films[inside], nodes + codes[inside]]))
        nodes += len(known)
    rows, columns = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:n].astype(str)
