"""The curves of a comparison as figures. Importing this loads matplotlib."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from fracture_core.evaluation import roc_points
from fracture_core.evaluation.paired import Paired
from fracture_core.evaluation.plots import MOST_LINES, learning, rocs
from fracture_core.training.comparison import Entry

_TITLES = {
    "val_auc": ("AUC by epoch", "validation films; 0.5 is chance, 1 is perfect"),
    "val_loss": ("Loss by epoch", "validation films; lower is better"),
}


def curves(entries: Sequence[Entry]) -> dict[str, Figure]:
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
        drawn = dict([(name, known) for name, known in points.items() if known][:MOST_LINES])
        if drawn:
            found[key.removeprefix("val_")] = learning(drawn, title, detail)
    return found


def pair(found: Paired, films: pd.DataFrame, first: str, second: str, finding: str) -> Figure:
    """ROC curves of two models on the films that they share.

    Args:
        found: the comparison.
        films: as `comparison.compare` gives them.
        first: name of the first model.
        second: of the second.
        finding: what both look for, a name of `words.FINDINGS`.
    """
    return rocs(
        {
            name: roc_points(films["label"], films[key])
            for name, key in ((first, "first"), (second, "second"))
        },
        f"the {found.first.n:,} test films that both share, {found.groups:,} groups",
        finding,
    )
