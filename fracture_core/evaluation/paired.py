"""Paired comparison of the AUC of two models on the same images.

The difference of the two AUCs gets a cluster-bootstrap interval. Each resample draws whole groups and measures both
models on them. This preserves the correlation within groups and between the models. DeLong's paired interval assumes
independent images and would be too narrow here.

Sources:
    C. A. Field and A. H. Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69, 2007 (cluster bootstrap).
    T. C. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015 (expanded
    percentile interval for small samples).
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves", Biometrics 44, 1988 (interval for independent cases).
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

# Array elements per batch of resamples; limits the memory.
_BATCH = 2_000_000


@dataclass(frozen=True)
class PairedComparison:
    """Comparison of two models on the images of both test splits.

    Attributes:
        first: AUC of the first model, 0–1, with Obuchowski's interval.
        second: AUC of the second model, 0–1, with Obuchowski's interval.
        difference: First minus second AUC, −1 to 1, with a cluster-bootstrap interval.
        positives: Number of images with the finding.
        groups: Number of groups.
    """

    first: Interval
    second: Interval
    difference: Interval
    positives: int
    groups: int

    @property
    def is_significant(self) -> bool:
        """Whether the interval of the difference excludes 0."""
        return self.difference.low > 0 or self.difference.high < 0

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values; nan becomes null."""
        intervals = {name: getattr(self, name).to_json() for name in ("first", "second", "difference")}
        return {**intervals, "positives": self.positives, "groups": self.groups}


def shared_predictions(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Select the images that are in the test split of both models.

    Args:
        first: Predictions of the first model; see `evaluation.predictions`.
        second: Predictions of the second model.

    Returns:
        The images with the same id and label in both test splits, with the columns id, label, group, first and second.
        The last two are probabilities. Images that share a group in either table share a group.
    """
    columns = ["id", "label", "group", "probability"]
    first_test, second_test = (table.loc[table["split"] == "test", columns] for table in (first, second))
    both = first_test.merge(second_test, on=["id", "label"], suffixes=("_first", "_second")).sort_values("id")
    return pd.DataFrame(
        {
            "id": both["id"].to_numpy(),
            "label": both["label"].to_numpy(),
            "group": _merge_groups(both["group_first"], both["group_second"]),
            "first": both["probability_first"].to_numpy(),
            "second": both["probability_second"].to_numpy(),
        }
    )


def compare_paired(images: pd.DataFrame, resamples: int = RESAMPLES, seed: int = SEED) -> PairedComparison:
    """Compare the AUCs of two models on the same images.

    Resamples without one of the classes are discarded. If all resamples agree (identical models or a single group),
    the bootstrap cannot estimate the uncertainty, and the difference has no interval.

    Args:
        images: The images, as returned by `shared_predictions`.
        resamples: Number of bootstrap resamples.
        seed: Seed of the resamples; the same seed gives the same interval.

    Returns:
        The comparison.

    Raises:
        DataError: There are no images, or one class is missing.
    """
    if images.empty:
        raise DataError(
            "The two models have no test images in common: choose two models of the same dataset."
        )
    first, second = (
        check_scored_cases(images["label"], images[name], images["group"]) for name in ("first", "second")
    )
    require_both_classes(first.label, "among the test images of both models")
    areas = auc_interval(first), auc_interval(second)
    draws = _bootstrap_differences(first, second, resamples, seed)
    groups = len(np.unique(first.group))
    low, high = np.nan, np.nan
    if len(draws) and np.ptp(draws) > 0:
        low, high = (float(end) for end in np.quantile(draws, _quantiles(groups)))
    difference = Interval(areas[0].value - areas[1].value, low, high, len(first))
    return PairedComparison(*areas, difference, int(first.label.sum()), groups)


def _quantiles(groups: int) -> tuple[float, float]:
    """Quantiles of the draws at the ends of the interval (Hesterberg 2015, expanded percentile interval)."""
    t = stats.t.ppf((1 + CONFIDENCE_LEVEL) / 2, groups - 1)
    tail = float(stats.norm.cdf(-np.sqrt(groups / (groups - 1)) * t))
    return tail, 1 - tail


def _bootstrap_differences(
    first: ScoredCases, second: ScoredCases, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Differences of the AUCs on the resamples that contain both classes."""
    _, group = np.unique(first.group, return_inverse=True)
    groups = int(group.max()) + 1
    rng = np.random.default_rng(seed)
    batch = max(1, _BATCH // len(first))
    differences = []
    for start in range(0, resamples, batch):
        count = min(batch, resamples - start)
        drawn = rng.integers(0, groups, size=(count, groups))
        drawn += groups * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * groups).reshape(count, groups)
        weight = times[:, group].astype(np.float64)
        differences.append(_weighted_auc(first, weight) - _weighted_auc(second, weight))
    draws = np.concatenate(differences)
    return draws[~np.isnan(draws)]


def _weighted_auc(cases: ScoredCases, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """AUC with frequency weights, shape (draws,), for weights of shape (draws, n); nan without a class."""
    order = np.argsort(cases.probability, kind="stable")
    _, first = np.unique(cases.probability[order], return_index=True)
    positive = cases.label[order] == 1
    weight = weight[:, order]
    # Images with equal probability are tied; half of the pairs among them count as ranked correctly.
    positives = np.add.reduceat(weight * positive, first, axis=1)
    negatives = np.add.reduceat(weight * ~positive, first, axis=1)
    concordant = (positives * (np.cumsum(negatives, axis=1) - negatives / 2)).sum(axis=1)
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    area: NDArray[np.float64] = np.divide(concordant, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return area


def _merge_groups(first: "pd.Series[str]", second: "pd.Series[str]") -> NDArray[np.str_]:
    """Group names, shape (n,), such that images which share a group in either series share a group."""
    n = len(first)
    if not n:
        return np.array([], dtype=str)
    images = np.arange(n)
    # A graph with images and groups as nodes and membership as edges; an empty name is no group.
    edges, nodes = [], n
    for names in (first.reset_index(drop=True), second.reset_index(drop=True)):
        codes, known = pd.factorize(names.mask(names == ""))
        grouped = codes >= 0
        edges.append(np.stack([images[grouped], nodes + codes[grouped]]))
        nodes += len(known)
    rows, columns = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(nodes, nodes))
    components: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return components[:n].astype(np.str_)
