"""Figures for the dark reading room; they draw what `curves`, `plot_reliability`, `compute_decision_curve` and
`confusion` computed.

`finding` is what label 1 means: the words on the figures follow it.

Colours are those of Okabe and Ito ("Color universal design", 2008), which colour-blind readers can tell
apart. Figures are made without pyplot, so they hold no global state and may be drawn in any thread.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, PercentFormatter

from fracture_core.evaluation.confusion import Confusion
from fracture_core.evaluation.curves import PrecisionRecallCurve, RocCurve
from fracture_core.evaluation.decision_curve import DecisionCurve
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.reliability import ReliabilityCurve
from fracture_core.vocabulary import FINDINGS, label_text, rephrase_for_finding

BACKGROUND = "#0d1117"
TEXT = "#e6edf3"
MUTED = "#9aa4af"
GRID = "#262d36"
SKY, ORANGE, GREEN, PURPLE, YELLOW = "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442"

#: Colour and shape of operating points, in the order they are given.
_MARKS = ((ORANGE, "o"), (YELLOW, "s"), (PURPLE, "D"), (GREEN, "^"))
#: Colour and dashes of curves that are compared, in the order they are given; both tell them apart.
_LINES = (
    (SKY, "-"), (ORANGE, (0, (6, 2))), (GREEN, (0, (2, 1.5))), (PURPLE, "-."), (YELLOW, "-"), (TEXT, (0, (1, 1))),
)  # fmt: skip
#: Curves that one figure holds.
MAX_LINES = len(_LINES)
_CELLS = LinearSegmentedColormap.from_list("cells", ["#141b24", "#1f6fa3"])


def plot_roc(
    points: RocCurve,
    marks: Mapping[str, float] | None = None,
    area: Interval | None = None,
    finding: str = FINDINGS[0],
) -> Figure:
    """Draws an ROC curve.

    Args:
        points: the curve.
        marks: operating points to mark, name → threshold; four at most.
        area: the area with its interval, for the title.
        finding: a name of `vocabulary.FINDINGS`.
    """
    figure, axes = _square()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="Guessing")
    axes.plot(
        points.false_positive_rate, points.true_positive_rate, color=SKY, linewidth=2, label="Model", zorder=3
    )
    _mark(axes, {name: points.at(threshold) for name, threshold in (marks or {}).items()}, marks or {})
    _unit(
        axes, "1 − specificity (false alarms)", rephrase_for_finding("Sensitivity (fractures found)", finding)
    )
    _title(axes, "ROC curve", f"AUC {area.text() if area else f'{points.area:.2f}'}")
    _legend(axes, "lower right")
    return figure


def plot_precision_recall(
    points: PrecisionRecallCurve, marks: Mapping[str, float] | None = None, finding: str = FINDINGS[0]
) -> Figure:
    """Draws a precision–recall curve.

    Args:
        points: the curve.
        marks: operating points to mark, name → threshold; four at most.
        finding: a name of `vocabulary.FINDINGS`.
    """
    figure, axes = _square()
    axes.axhline(
        points.prevalence,
        color=MUTED,
        linewidth=1,
        linestyle=(0, (4, 4)),
        label=f"Guessing ({points.prevalence:.0%})",
    )
    axes.plot(
        points.recall,
        points.precision,
        color=SKY,
        linewidth=2,
        label="Model",
        drawstyle="steps-post",
        zorder=3,
    )
    _mark(axes, {name: points.at(threshold) for name, threshold in (marks or {}).items()}, marks or {})
    _unit(
        axes,
        rephrase_for_finding("Sensitivity (fractures found)", finding),
        "Precision (alarms that are right)",
    )
    _title(axes, "Precision–recall curve", f"average precision {points.average_precision:.2f}")
    _legend(axes, "best")
    return figure


def plot_reliability(points: ReliabilityCurve, finding: str = FINDINGS[0]) -> Figure:
    """Draws predicted probability against the observed share of fractures, with 95% intervals.

    Args:
        points: the curve.
        finding: a name of `vocabulary.FINDINGS`.
    """
    figure, axes = _square()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="Perfect")
    observed = np.array([share.value for share in points.observed])
    spread = np.array([[share.value - share.low, share.high - share.value] for share in points.observed])
    axes.errorbar(
        points.predicted,
        observed,
        yerr=spread.reshape(-1, 2).T,
        color=SKY,
        ecolor=MUTED,
        elinewidth=1.2,
        capsize=3,
        marker="o",
        markersize=5,
        linewidth=1.6,
        label="Model, 95% CI",
        zorder=3,
    )
    _unit(axes, "Predicted probability", rephrase_for_finding("Observed share of fractures", finding))
    cases = sum(share.n for share in points.observed)
    bins = len(points.observed)
    _title(axes, "Reliability", f"ECE {points.ece:.3f}, n = {cases:,} in {bins} bins of equal size")
    _legend(axes, "upper left")
    return figure


def plot_decision_curve(
    points: DecisionCurve, threshold: float | None = None, finding: str = FINDINGS[0]
) -> Figure:
    """Draws net benefit by threshold probability: the model with its 95% interval, acting on all films, and on none.

    Args:
        points: the curve.
        threshold: an operating point to mark.
        finding: a name of `vocabulary.FINDINGS`.
    """
    figure, axes = _square()
    axes.axhline(0, color=MUTED, linewidth=1.2, linestyle=(0, (1, 2)), label="Act on none")
    axes.plot(
        points.thresholds,
        points.every,
        color=YELLOW,
        linewidth=1.4,
        linestyle=(0, (5, 3)),
        label="Act on all",
    )
    axes.fill_between(points.thresholds, points.low, points.high, color=SKY, alpha=0.2, linewidth=0)
    axes.plot(points.thresholds, points.model, color=SKY, linewidth=2, label="Model, 95% CI", zorder=3)
    if threshold is not None:
        label = f"operating (≥ {threshold:.2f})"
        axes.axvline(threshold, color=ORANGE, linewidth=1.2, linestyle=(0, (2, 2)), label=label)
    axes.set_xlim(0, 1)
    axes.set_ylim(*points.display_range())
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("Threshold probability from which one acts")
    axes.set_ylabel("Net benefit per film")
    worth = rephrase_for_finding(f"at most {points.prevalence:.2f}, every fracture found", finding)
    _title(axes, "Decision curve", f"n = {points.n:,}, {worth}")
    _legend(axes, "best")
    return figure


def plot_confusion_matrix(
    counts: Confusion, threshold: float | None = None, finding: str = FINDINGS[0]
) -> Figure:
    """Draws the confusion matrix: truth in rows, the model's answer in columns.

    Colour and percentage are shares of the row, so a rare class is as visible as a common one.

    Args:
        counts: the counts.
        threshold: for the title.
        finding: a name of `vocabulary.FINDINGS`.
    """
    figure, axes = _square()
    table = np.array([[counts.tp, counts.fn], [counts.fp, counts.tn]], dtype=np.float64)
    rows = table.sum(axis=1, keepdims=True)
    share = np.divide(table, rows, out=np.zeros_like(table), where=rows > 0)
    axes.imshow(share, cmap=_CELLS, vmin=0, vmax=1)
    names = (
        ("found", rephrase_for_finding("missed fractures", finding)),
        ("false alarms", "correctly clear"),
    )
    for row in range(2):
        for column in range(2):
            axes.text(
                column,
                row - 0.08,
                f"{int(table[row, column]):,}",
                ha="center",
                va="center",
                color=TEXT,
                fontsize=22,
            )
            percent = f"{share[row, column]:.0%}" if rows[row, 0] else "–"
            axes.text(
                column,
                row + 0.14,
                f"{percent} · {names[row][column]}",
                ha="center",
                va="center",
                color=TEXT,
                fontsize=9.5,
            )
    broken, whole = label_text(1, finding), label_text(0, finding)
    axes.set_xticks([0, 1], [broken, whole])
    axes.set_yticks([0, 1], [f"{broken}\n(n = {counts.positives:,})", f"{whole}\n(n = {counts.negatives:,})"])
    axes.set_xlabel("The model says")
    axes.set_ylabel("Truth")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.axhline(0.5, color=BACKGROUND, linewidth=4)
    axes.axvline(0.5, color=BACKGROUND, linewidth=4)
    at = f", threshold {threshold:.2f}" if threshold is not None else ""
    _title(axes, "Confusion matrix", f"n = {counts.n:,}{at}")
    return figure


def plot_rocs(curves: Mapping[str, RocCurve], detail: str, finding: str = FINDINGS[0]) -> Figure:
    """Draws the ROC curves of several models.

    Args:
        curves: model → curve; as many as there are line styles.
        detail: what is said below the title.
        finding: a name of `vocabulary.FINDINGS`.
    """
    figure, axes = _square()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    for (name, points), (colour, dash) in zip(curves.items(), _LINES, strict=False):
        axes.plot(
            points.false_positive_rate,
            points.true_positive_rate,
            color=colour,
            linestyle=dash,
            linewidth=2,
            label=f"{name}, AUC {points.area:.3f}",
        )
    _unit(
        axes, "1 − specificity (false alarms)", rephrase_for_finding("Sensitivity (fractures found)", finding)
    )
    _title(axes, "ROC curves", detail)
    _legend(axes, "lower right")
    return figure


def plot_learning_curves(
    curves: Mapping[str, Sequence[tuple[int, float]]], title: str, detail: str
) -> Figure:
    """Draws one figure of several trainings by epoch.

    Args:
        curves: run → points (epoch, value); as many as there are line styles.
        title: the figure's name.
        detail: what is said below it.
    """
    figure, axes = _square()
    for (name, points), (colour, dash) in zip(curves.items(), _LINES, strict=False):
        epochs, values = zip(*points, strict=True)
        axes.plot(
            epochs, values, color=colour, linestyle=dash, linewidth=2, marker="o", markersize=3.5, label=name
        )
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _title(axes, title, detail)
    _legend(axes, "best")
    return figure


def encode_figure(figure: Figure, form: Literal["svg", "png"]) -> bytes:
    """A figure as the bytes of a file, without the time of day, so that the same figure gives the same file."""
    content = io.BytesIO()
    figure.savefig(content, format=form, metadata={"Date": None} if form == "svg" else None)
    return content.getvalue()


def _square() -> tuple[Figure, Axes]:
    """A dark figure, 5.2 × 5.2 inches, with one set of axes."""
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)  # inches
    figure = Figure(figsize=(5.2, 5.2), dpi=150, facecolor=BACKGROUND, layout=layout)
    axes = figure.add_subplot()
    axes.set_facecolor(BACKGROUND)
    axes.spines[:].set_visible(False)
    axes.spines[["left", "bottom"]].set_visible(True)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=9)
    axes.xaxis.label.set_color(TEXT)
    axes.yaxis.label.set_color(TEXT)
    return figure, axes


def _unit(axes: Axes, x: str, y: str) -> None:
    """Both axes from 0% to 100%, with a little room for what lies on the border."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _title(axes: Axes, title: str, detail: str) -> None:
    """A title and, below it in grey, what the figure amounts to."""
    axes.set_title(title, loc="left", color=TEXT, fontsize=13, pad=24)
    axes.text(0, 1.025, detail, transform=axes.transAxes, color=MUTED, fontsize=9.5, va="bottom")


def _mark(axes: Axes, places: Mapping[str, tuple[float, float]], thresholds: Mapping[str, float]) -> None:
    """Marks operating points; colour and shape both tell them apart."""
    for (name, (x, y)), (colour, shape) in zip(places.items(), _MARKS, strict=False):
        label = f"{name} (≥ {thresholds[name]:.2f})"
        axes.plot(
            [x],
            [y],
            color=colour,
            marker=shape,
            markersize=9,
            linestyle="none",
            markeredgecolor=BACKGROUND,
            markeredgewidth=1.2,
            label=label,
            zorder=4,
        )


def _legend(axes: Axes, place: Literal["lower right", "upper left", "best"]) -> None:
    """A legend on the background colour."""
    axes.legend(loc=place, facecolor=BACKGROUND, edgecolor=GRID, labelcolor=TEXT, fontsize=9, framealpha=0.9)
