"""The curves of a comparison as figures. Importing this loads matplotlib."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from fracture_core.evaluation import compute_roc_curve
from fracture_core.evaluation.paired import PairedComparison
from fracture_core.evaluation.plots import MAX_LINES, plot_learning_curves, plot_rocs
from fracture_core.training.comparison import ComparedModel

_TITLES = {
    "val_auc": ("AUC by epoch", "validation films; 0.5 is chance, 1 is perfect"),
    "val_loss": ("Loss by epoch", "validation films; lower is better"),
}


def plot_learning_comparison(entries: Sequence[ComparedModel]) -> dict[str, Figure]:
    """Learning curves over one another, of the first trainings that one figure holds.

    Args:
        entries: those without epochs are left out.

    Returns:
        A figure each for "auc" and "loss"; none where nothing was reported.
    """
    found = {}
    for key, (title, detail) in _TITLES.items():
        points = {
            entry.name: [
                (int(line["epoch"]), float(line[key])) for line in entry.epochs if line.get(key) is not None
            ]
            for entry in entries
        }
        drawn = dict([(name, known) for name, known in points.items() if known][:MAX_LINES])
        if drawn:
            found[key.removeprefix("val_")] = plot_learning_curves(drawn, title, detail)
    return found


def plot_roc_pair(
    found: PairedComparison, films: pd.DataFrame, first: str, second: str, finding: str
) -> Figure:
    """ROC curves of two models on the films that they share.

    Args:
        found: the comparison.
        films: as `comparison.compare` gives them.
        first: name of the first model.
        second: of the second.
        finding: what both look for, a name of `vocabulary.FINDINGS`.
    """
    return plot_rocs(
        {
            name: compute_roc_curve(films["label"], films[key])
            for name, key in ((first, "first"), (second, "second"))
        },
        f"the {found.first.n:,} test films that both share, {found.groups:,} groups",
        finding,
    )
