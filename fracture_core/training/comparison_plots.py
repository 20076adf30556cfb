"""Plots of a comparison: learning curves and ROC curves. Importing this module loads Matplotlib."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from fracture_core.evaluation import compute_roc_curve
from fracture_core.evaluation.paired import PairedComparison
from fracture_core.evaluation.plots import MAX_LINES, plot_learning_curves, plot_rocs
from fracture_core.training.comparison import ComparedModel

_TITLES = {
    "val_auc": ("AUC by epoch", "validation images; 0.5 is chance, 1 is perfect"),
    "val_loss": ("Loss by epoch", "validation images; lower is better"),
}


def plot_learning_comparison(entries: Sequence[ComparedModel]) -> dict[str, Figure]:
    """Plot the learning curves of several trainings together.

    Args:
        entries: Models and runs; those without epochs are skipped, and only the first `MAX_LINES` are drawn.

    Returns:
        Figures by "auc" and "loss"; empty if no metrics were reported.
    """
    figures = {}
    for key, (title, detail) in _TITLES.items():
        points = {
            entry.name: [
                (int(epoch["epoch"]), float(epoch[key]))
                for epoch in entry.epochs
                if epoch.get(key) is not None
            ]
            for entry in entries
        }
        curves = dict([(name, curve) for name, curve in points.items() if curve][:MAX_LINES])
        if curves:
            figures[key.removeprefix("val_")] = plot_learning_curves(curves, title, detail)
    return figures


def plot_roc_pair(
    comparison: PairedComparison, images: pd.DataFrame, first: str, second: str, finding: str
) -> Figure:
    """Plot the ROC curves of two models on their shared test images.

    Args:
        comparison: Comparison of the models.
        images: Shared images from `comparison.compare_models`.
        first: Name of the first model.
        second: Name of the second model.
        finding: Finding that both predict, from `vocabulary.FINDINGS`.

    Returns:
        The figure.
    """
    return plot_rocs(
        {
            name: compute_roc_curve(images["label"], images[key])
            for name, key in ((first, "first"), (second, "second"))
        },
        f"{comparison.first.n:,} shared test images, {comparison.groups:,} groups",
        finding,
    )
