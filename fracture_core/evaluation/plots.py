"""Matplotlib figures of ROC, precision–recall, reliability and decision curves, and of the confusion matrix.

The argument `finding` is the meaning of label 1; axis labels and legends use it.

The palette of Okabe and Ito ("Color universal design", 2008) is safe for colour-blind readers. Figures are created
without pyplot, so they share no global state and can be drawn in any thread.
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

#: Colour and marker of operating points, in the order they are given.
_MARKS = ((ORANGE, "o"), (YELLOW, "s"), (PURPLE, "D"), (GREEN, "^"))
#: Colour and line style of compared curves, in the order they are given.
_LINES = (
    (SKY, "-"), (ORANGE, (0, (6, 2))), (GREEN, (0, (2, 1.5))), (PURPLE, "-."), (YELLOW, "-"), (TEXT, (0, (1, 1))),
)  # fmt: skip
#: Maximum number of curves in one figure.
MAX_LINES = len(_LINES)
_CELLS = LinearSegmentedColormap.from_list("cells", ["#141b24", "#1f6fa3"])


def plot_roc(
    points: RocCurve,
    marks: Mapping[str, float] | None = None,
    area: Interval | None = None,
    finding: str = FINDINGS[0],
) -> Figure:
    """Draw an ROC curve.

    Args:
        points: The curve.
        marks: Operating points to mark: threshold by name, at most four.
        area: The AUC with its interval, for the title.
        finding: A name of `vocabulary.FINDINGS`.

    Returns:
        The figure.
    """
    figure, axes = _square()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="Chance")
    axes.plot(
        points.false_positive_rate, points.true_positive_rate, color=SKY, linewidth=2, label="Model", zorder=3
    )
    _mark(axes, {name: points.at(threshold) for name, threshold in (marks or {}).items()}, marks or {})
    _percent_axes(
        axes, "1 − specificity (false alarms)", rephrase_for_finding("Sensitivity (fractures found)", finding)
    )
    _title(axes, "ROC curve", f"AUC {area.text() if area else f'{points.area:.2f}'}")
    _legend(axes, "lower right")
    return figure


def plot_precision_recall(
    points: PrecisionRecallCurve, marks: Mapping[str, float] | None = None, finding: str = FINDINGS[0]
) -> Figure:
    """Draw a precision–recall curve.

    Args:
        points: The curve.
        marks: Operating points to mark: threshold by name, at most four.
        finding: A name of `vocabulary.FINDINGS`.

    Returns:
        The figure.
    """
    figure, axes = _square()
    axes.axhline(
        points.prevalence,
        color=MUTED,
        linewidth=1,
        linestyle=(0, (4, 4)),
        label=f"Chance ({points.prevalence:.0%})",
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
    _percent_axes(
        axes,
        rephrase_for_finding("Sensitivity (fractures found)", finding),
        "Precision (PPV)",
    )
    _title(axes, "Precision–recall curve", f"average precision {points.average_precision:.2f}")
    _legend(axes, "best")
    return figure


def plot_reliability(points: ReliabilityCurve, finding: str = FINDINGS[0]) -> Figure:
    """Draw a reliability curve: predicted probability against the observed share of fractures, with 95% intervals.

    Args:
        points: The curve.
        finding: A name of `vocabulary.FINDINGS`.

    Returns:
        The figure.
    """
    figure, axes = _square()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="Perfect calibration")
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
    _percent_axes(axes, "Predicted probability", rephrase_for_finding("Observed share of fractures", finding))
    cases = sum(share.n for share in points.observed)
    bins = len(points.observed)
    _title(axes, "Reliability", f"ECE {points.ece:.3f}, n = {cases:,} in {bins} bins of equal size")
    _legend(axes, "upper left")
    return figure


def plot_decision_curve(
    points: DecisionCurve, threshold: float | None = None, finding: str = FINDINGS[0]
) -> Figure:
    """Draw a decision curve: net benefit of the model with its 95% interval, of treating all cases and of none.

    Args:
        points: The curve.
        threshold: An operating point to mark.
        finding: A name of `vocabulary.FINDINGS`.

    Returns:
        The figure.
    """
    figure, axes = _square()
    axes.axhline(0, color=MUTED, linewidth=1.2, linestyle=(0, (1, 2)), label="Treat none")
    axes.plot(
        points.thresholds,
        points.treat_all,
        color=YELLOW,
        linewidth=1.4,
        linestyle=(0, (5, 3)),
        label="Treat all",
    )
    axes.fill_between(points.thresholds, points.low, points.high, color=SKY, alpha=0.2, linewidth=0)
    axes.plot(points.thresholds, points.model, color=SKY, linewidth=2, label="Model, 95% CI", zorder=3)
    if threshold is not None:
        label = f"Operating point (≥ {threshold:.2f})"
        axes.axvline(threshold, color=ORANGE, linewidth=1.2, linestyle=(0, (2, 2)), label=label)
    axes.set_xlim(0, 1)
    axes.set_ylim(*points.display_range())
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("Threshold probability")
    axes.set_ylabel("Net benefit per image")
    maximum = rephrase_for_finding(f"maximum {points.prevalence:.2f} (every fracture found)", finding)
    _title(axes, "Decision curve", f"n = {points.n:,}, {maximum}")
    _legend(axes, "best")
    return figure


def plot_confusion_matrix(
    counts: Confusion, threshold: float | None = None, finding: str = FINDINGS[0]
) -> Figure:
    """Draw the confusion matrix, with reference labels in rows and predictions in columns.

    Colours and percentages are relative to the row, so that a rare class is as visible as a common one.

    Args:
        counts: The counts.
        threshold: Decision threshold, shown in the title.
        finding: A name of `vocabulary.FINDINGS`.

    Returns:
        The figure.
    """
    figure, axes = _square()
    table = np.array([[counts.tp, counts.fn], [counts.fp, counts.tn]], dtype=np.float64)
    rows = table.sum(axis=1, keepdims=True)
    share = np.divide(table, rows, out=np.zeros_like(table), where=rows > 0)
    axes.imshow(share, cmap=_CELLS, vmin=0, vmax=1)
    names = (
        ("true positives", rephrase_for_finding("missed fractures", finding)),
        ("false alarms", "true negatives"),
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
    positive, negative = label_text(1, finding), label_text(0, finding)
    axes.set_xticks([0, 1], [positive, negative])
    axes.set_yticks(
        [0, 1], [f"{positive}\n(n = {counts.positives:,})", f"{negative}\n(n = {counts.negatives:,})"]
    )
    axes.set_xlabel("Prediction")
    axes.set_ylabel("Reference label")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.axhline(0.5, color=BACKGROUND, linewidth=4)
    axes.axvline(0.5, color=BACKGROUND, linewidth=4)
    operating_point = f", threshold {threshold:.2f}" if threshold is not None else ""
    _title(axes, "Confusion matrix", f"n = {counts.n:,}{operating_point}")
    return figure


def plot_rocs(curves: Mapping[str, RocCurve], detail: str, finding: str = FINDINGS[0]) -> Figure:
    """Draw the ROC curves of several models.

    Args:
        curves: Curve by name of the model, at most `MAX_LINES`.
        detail: Subtitle.
        finding: A name of `vocabulary.FINDINGS`.

    Returns:
        The figure.
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
    _percent_axes(
        axes, "1 − specificity (false alarms)", rephrase_for_finding("Sensitivity (fractures found)", finding)
    )
    _title(axes, "ROC curves", detail)
    _legend(axes, "lower right")
    return figure


def plot_learning_curves(
    curves: Mapping[str, Sequence[tuple[int, float]]], title: str, detail: str
) -> Figure:
    """Draw a metric of several runs by epoch.

    Args:
        curves: Points (epoch, value) by name of the run, at most `MAX_LINES`.
        title: Title of the figure.
        detail: Subtitle.

    Returns:
        The figure.
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
    """Encode a figure as an image file, without a creation time, so that equal figures give equal files.

    Args:
        figure: The figure.
        form: File format.

    Returns:
        The content of the file.
    """
    content = io.BytesIO()
    figure.savefig(content, format=form, metadata={"Date": None} if form == "svg" else None)
    return content.getvalue()


def _square() -> tuple[Figure, Axes]:
    """Create a dark figure of 5.2 × 5.2 inches with one set of axes."""
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


def _percent_axes(axes: Axes, x: str, y: str) -> None:
    """Scale both axes from 0% to 100%, with a small margin."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _title(axes: Axes, title: str, detail: str) -> None:
    """Set a title and a grey subtitle."""
    axes.set_title(title, loc="left", color=TEXT, fontsize=13, pad=24)
    axes.text(0, 1.025, detail, transform=axes.transAxes, color=MUTED, fontsize=9.5, va="bottom")


def _mark(axes: Axes, points: Mapping[str, tuple[float, float]], thresholds: Mapping[str, float]) -> None:
    """Mark operating points with different colours and markers."""
    for (name, (x, y)), (colour, shape) in zip(points.items(), _MARKS, strict=False):
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
    """Add a legend on the background colour."""
    axes.legend(loc=place, facecolor=BACKGROUND, edgecolor=GRID, labelcolor=TEXT, fontsize=9, framealpha=0.9)
