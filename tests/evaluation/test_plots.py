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
    """The figure as pixels, RGB 0–1, drawn without a warning."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255


def words(figure):
    axes = figure.axes[0]
    legend = axes.get_legend()
    found = [
        axes.get_title(loc="left"),
        axes.get_xlabel(),
        axes.get_ylabel(),
        *(t.get_text() for t in axes.texts),
    ]
    return " | ".join(found + ([t.get_text() for t in legend.get_texts()] if legend else []))


@pytest.fixture
def figures(sample):
    label, probability = sample.label, sample.probability
    return {
        "roc": plots.plot_roc(compute_roc_curve(label, probability), MARKS, Interval(0.9, 0.8, 0.95, 300)),
        "pr": plots.plot_precision_recall(compute_precision_recall_curve(label, probability), MARKS),
        "reliability": plots.plot_reliability(compute_reliability_curve(label, probability, sample.group)),
        "decision": plots.plot_decision_curve(compute_decision_curve(label, probability, sample.group), 0.5),
        "confusion": plots.plot_confusion_matrix(count_confusion(label, probability, 0.5), 0.5),
        "rocs": plots.plot_rocs(
            {"one": compute_roc_curve(label, probability), "two": compute_roc_curve(label, 1 - probability)},
            "300 films",
        ),
        "learning": plots.plot_learning_curves(
            {"run": [(1, 0.7), (2, 0.8)], "other": [(1, 0.6)]}, "AUC by epoch", "n"
        ),
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["roc", "pr", "reliability", "decision", "confusion", "rocs", "learning"])
def test_figures_are_drawn_on_the_dark_background(figures, name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figures[name])
    pixels = rendered(figures[name])
    assert pixels[0, 0] == pytest.approx(to_rgb(plots.BACKGROUND), abs=0.01)
    assert pixels.max() > 0.8


def test_words_on_the_figures(figures):
    assert "AUC 0.90 (95% CI 0.80–0.95, n = 300)" in words(figures["roc"])
    assert "Balanced (≥ 0.50)" in words(figures["roc"])
    assert "Precision (alarms that are right)" in words(figures["pr"])
    assert "n = 300 in 10 bins" in words(figures["reliability"])
    assert "missed fractures" in words(figures["confusion"])
    assert "Act on all" in words(figures["decision"])
    assert "at most 0.34, every fracture found" in words(figures["decision"])


def test_figures_of_an_abnormality_model_say_so(sample):
    label, probability, other = sample.label, sample.probability, "abnormality"
    drawn = [
        plots.plot_roc(compute_roc_curve(label, probability), finding=other),
        plots.plot_precision_recall(compute_precision_recall_curve(label, probability), finding=other),
        plots.plot_reliability(compute_reliability_curve(label, probability), other),
        plots.plot_decision_curve(compute_decision_curve(label, probability), finding=other),
        plots.plot_rocs({"one": compute_roc_curve(label, probability)}, "300 films", other),
        plots.plot_confusion_matrix(count_confusion(label, probability, 0.5), finding=other),
    ]
    ticks = [tick.get_text() for tick in drawn[-1].axes[0].get_yticklabels()]
    for figure in drawn:
        text = " ".join([words(figure), *ticks])
        assert "abnormalit" in text
        assert "fracture" not in text


def test_marks_lie_on_the_curve(sample):
    points = compute_roc_curve(sample.label, sample.probability)
    line = plots.plot_roc(points, {"Here": 0.5}).axes[0].get_lines()[-1]
    assert (line.get_xdata()[0], line.get_ydata()[0]) == points.at(0.5)


def test_an_empty_class_has_no_percentage():
    text = words(plots.plot_confusion_matrix(Confusion(tp=0, fp=1, tn=3, fn=0)))
    assert "– · found" in text
    assert "75% · correctly clear" in text


def test_figures_can_be_saved(figures):
    target = io.BytesIO()
    figures["roc"].savefig(target, format="png")
    assert target.getvalue().startswith(b"\x89PNG")


def test_nothing_heavy_is_loaded_before_it_is_needed():
    code = (
        "import sys, fracture_core.evaluation as e; "
        "print([m for m in ('matplotlib', 'tensorflow', 'streamlit') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_compared_curves_are_named_and_told_apart_by_colour_and_dashes(figures, sample):
    area = compute_roc_curve(sample.label, sample.probability).area
    assert f"one, AUC {area:.3f}" in words(figures["rocs"])
    assert "run | other" in words(figures["learning"])
    for name in ("rocs", "learning"):
        lines = figures[name].axes[0].get_lines()[-2:]
        assert len({line.get_color() for line in lines}) == 2
        assert len({line.get_linestyle() for line in lines}) == 2


@pytest.mark.parametrize(("kind", "head"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_figures_as_files(figures, kind, head):
    assert plots.encode_figure(figures["learning"], kind).startswith(head)
