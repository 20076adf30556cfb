"""Figures: background, labels, legends and file formats."""

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from fracture_core.evaluation import (
    Confusion,
    Interval,
    compute_decision_curve,
    compute_precision_recall_curve,
    compute_reliability_curve,
    compute_roc_curve,
    count_confusion,
    plots,
)

MARKS = {"Low": 0.2, "Balanced": 0.5, "High": 0.8}


def rendered(figure):
    """Draw a figure; returns its pixels, RGB 0–1."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255


def text_of(figure):
    axes = figure.axes[0]
    legend = axes.get_legend()
    texts = [
        axes.get_title(loc="left"),
        axes.get_xlabel(),
        axes.get_ylabel(),
        *(t.get_text() for t in axes.texts),
    ]
    return " | ".join(texts + ([t.get_text() for t in legend.get_texts()] if legend else []))


@pytest.fixture
def figures(sample):
    """One figure of each kind."""
    label, probability = sample.label, sample.probability
    return {
        "roc": plots.plot_roc(compute_roc_curve(label, probability), MARKS, Interval(0.9, 0.8, 0.95, 300)),
        "pr": plots.plot_precision_recall(compute_precision_recall_curve(label, probability), MARKS),
        "reliability": plots.plot_reliability(compute_reliability_curve(label, probability, sample.group)),
        "decision": plots.plot_decision_curve(compute_decision_curve(label, probability, sample.group), 0.5),
        "confusion": plots.plot_confusion_matrix(count_confusion(label, probability, 0.5), 0.5),
        "rocs": plots.plot_rocs(
            {"one": compute_roc_curve(label, probability), "two": compute_roc_curve(label, 1 - probability)},
            "300 images",
        ),
        "learning": plots.plot_learning_curves(
            {"run": [(1, 0.7), (2, 0.8)], "other": [(1, 0.6)]}, "AUC by epoch", "n"
        ),
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["roc", "pr", "reliability", "decision", "confusion", "rocs", "learning"])
def test_figures_have_a_dark_background(figures, name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figures[name])
    pixels = rendered(figures[name])
    assert pixels[0, 0] == pytest.approx(to_rgb(plots.BACKGROUND), abs=0.01)
    assert pixels.max() > 0.8


def test_labels_of_the_figures(figures):
    assert "AUC 0.90 (95% CI 0.80–0.95, n = 300)" in text_of(figures["roc"])
    assert "Balanced (≥ 0.50)" in text_of(figures["roc"])
    assert "Precision (PPV)" in text_of(figures["pr"])
    assert "n = 300 in 10 bins" in text_of(figures["reliability"])
    assert "missed fractures" in text_of(figures["confusion"])
    assert "Treat all" in text_of(figures["decision"])
    assert "maximum 0.34 (every fracture found)" in text_of(figures["decision"])


def test_labels_follow_the_finding(sample):
    label, probability, other = sample.label, sample.probability, "abnormality"
    figures = [
        plots.plot_roc(compute_roc_curve(label, probability), finding=other),
        plots.plot_precision_recall(compute_precision_recall_curve(label, probability), finding=other),
        plots.plot_reliability(compute_reliability_curve(label, probability), other),
        plots.plot_decision_curve(compute_decision_curve(label, probability), finding=other),
        plots.plot_rocs({"one": compute_roc_curve(label, probability)}, "300 images", other),
        plots.plot_confusion_matrix(count_confusion(label, probability, 0.5), finding=other),
    ]
    ticks = [tick.get_text() for tick in figures[-1].axes[0].get_yticklabels()]
    for figure in figures:
        text = " ".join([text_of(figure), *ticks])
        assert "abnormalit" in text
        assert "fracture" not in text


def test_operating_points_are_on_the_curve(sample):
    points = compute_roc_curve(sample.label, sample.probability)
    line = plots.plot_roc(points, {"Here": 0.5}).axes[0].get_lines()[-1]
    assert (line.get_xdata()[0], line.get_ydata()[0]) == points.at(0.5)


def test_class_without_cases_has_no_percentage():
    text = text_of(plots.plot_confusion_matrix(Confusion(tp=0, fp=1, tn=3, fn=0)))
    assert "– · true positives" in text
    assert "75% · true negatives" in text


def test_figures_can_be_saved(figures):
    target = io.BytesIO()
    figures["roc"].savefig(target, format="png")
    assert target.getvalue().startswith(b"\x89PNG")


def test_importing_the_package_does_not_import_matplotlib():
    code = (
        "import sys, fracture_core.evaluation as e; "
        "print([m for m in ('matplotlib', 'tensorflow', 'streamlit') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_compared_curves_differ_in_colour_and_line_style(figures, sample):
    area = compute_roc_curve(sample.label, sample.probability).area
    assert f"one, AUC {area:.3f}" in text_of(figures["rocs"])
    assert "run | other" in text_of(figures["learning"])
    for name in ("rocs", "learning"):
        lines = figures[name].axes[0].get_lines()[-2:]
        assert len({line.get_color() for line in lines}) == 2
        assert len({line.get_linestyle() for line in lines}) == 2


@pytest.mark.parametrize(("kind", "head"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_figure_is_encoded_as_png_and_svg(figures, kind, head):
    assert plots.encode_figure(figures["learning"], kind).startswith(head)
