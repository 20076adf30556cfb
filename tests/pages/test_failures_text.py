"""Texts and charts of the Failures page on curves and predictive values."""

import altair as alt
import numpy as np
import pandas as pd
import pytest

from fracture_core.evaluation import (
    Thresholds,
    compute_decision_curve,
    compute_predictive_values,
    compute_reliability_curve,
    compute_roc_curve,
    net_benefit,
    summarise,
)
from pages.components.failures import charts, prevalence, state
from pages.components.failures import curves as failures_curves


@pytest.fixture
def labels_and_probabilities() -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of 4,000 images, a fifth of them with a fracture."""
    rng = np.random.default_rng(5)
    label = (rng.random(4000) < 0.2).astype(int)
    return label, 1 / (1 + np.exp(-rng.normal(2.5 * label - 2, 1.2)))


def test_text_of_predictive_values(labels_and_probabilities):
    summary = summarise(*labels_and_probabilities, None, 0.3)
    values = compute_predictive_values(summary.sensitivity, summary.specificity, 0.08)
    text = prevalence.prevalence_html(values, "fracture")
    share = prevalence.percent_text(values.positive.value)
    assert f"At a prevalence of 8.0%: PPV {share}" in text
    assert "Of 1,000 images, " in text
    other = prevalence.prevalence_html(values, "abnormality")
    assert "have an abnormality" in other
    assert "fracture" not in other


def test_predictive_value_without_positives(labels_and_probabilities):
    summary = summarise(*labels_and_probabilities, None, 1.0)
    text = prevalence.prevalence_html(
        compute_predictive_values(summary.sensitivity, summary.specificity, 0.08), "fracture"
    )
    assert "PPV not measurable" in text
    assert "Of 1,000" not in text


@pytest.mark.parametrize(
    ("text", "value"), [("8", 8.0), ("0.5", 0.5), ("0.4", None), ("91", None), ("nan", None), ("x", None)]
)
def test_prevalence_in_a_url_must_be_in_range(text, value):
    assert state.parse_number(text, 0.5, 90) == value


def test_decision_curve_caption(labels_and_probabilities):
    label, probability = labels_and_probabilities
    curve = compute_decision_curve(label, probability)
    text = failures_curves.decision_text(
        curve, net_benefit(*labels_and_probabilities, None, 0.25), 0.25, "fracture"
    )
    treat_all = label.mean() - (1 - label.mean()) / 3
    assert f"of treating all {treat_all:.2f}".replace("-", "−") in text
    assert "Better than treating all (dashed) and none (dotted) from 0.0" in text
    text = failures_curves.decision_text(
        curve, net_benefit(*labels_and_probabilities, None, 1.0), 1.0, "abnormality"
    )
    assert "no net benefit is defined" in text
    assert "fracture" not in text


def test_charts_drop_points_closer_than_a_pixel(labels_and_probabilities):
    points = compute_roc_curve(*labels_and_probabilities)
    assert len(points.thresholds) > 3000
    frame = pd.DataFrame({"x": points.false_positive_rate, "y": points.true_positive_rate})
    thinned = charts.thin_curve(frame)
    assert len(thinned) < 800
    assert (thinned.iloc[0].tolist(), thinned.iloc[-1].tolist()) == ([0, 0], [1, 1])
    at = np.searchsorted(thinned.index, frame.index, side="right") - 1
    assert np.abs(frame.to_numpy() - thinned.to_numpy()[at]).max() <= 1 / 400


def test_operating_point_is_added_to_a_chart(labels_and_probabilities):
    points = compute_roc_curve(*labels_and_probabilities)
    spec = charts.roc_chart(points)
    x, y = points.at(0.3)
    chart = charts.with_operating_point(spec, x=x, y=y, threshold=0.3)
    assert len(chart["layer"]) == len(spec["layer"]) + 1
    assert chart["layer"][-1]["data"]["values"] == [{"x": x, "y": y, "threshold": 0.3}]
    assert [row["field"] for row in chart["layer"][-1]["encoding"]["tooltip"]] == ["threshold", "x", "y"]
    alt.LayerChart.from_dict(chart)  # the schema of Vega-Lite holds


def test_thresholds_of_the_card_are_rings_on_a_chart(labels_and_probabilities):
    thresholds = failures_curves.card_thresholds(Thresholds(0.1, 0.6, 0.95, 0.95, 0.3))
    assert thresholds == {"low": 0.1, "balanced": 0.3, "high": 0.6}
    points = compute_roc_curve(*labels_and_probabilities)
    spec = charts.roc_chart(points)
    rings = [
        {"name": name, "threshold": at} | dict(zip("xy", points.at(at), strict=True))
        for name, at in thresholds.items()
    ]
    chart = charts.with_operating_point(charts.with_named_points(spec, rings), x=0.1, y=0.9, threshold=0.5)
    *names, ring, diamond = chart["layer"][-5:]
    assert [name["data"]["values"] for name in names] == [[point] for point in rings]
    assert len({name["mark"]["dy"] for name in names}) == 3
    assert ring["data"]["values"] == rings
    assert [row["field"] for row in ring["encoding"]["tooltip"]] == ["name", "threshold", "x", "y"]
    assert diamond["data"]["values"] == [{"x": 0.1, "y": 0.9, "threshold": 0.5}]
    alt.LayerChart.from_dict(chart)
    assert "low, balanced and high" in failures_curves.roc_text(points, 0.3)


def test_precision_recall_chart_has_no_ring_where_nothing_is_flagged(labels_and_probabilities):
    label, probability = labels_and_probabilities
    maximum = probability.max()
    curves = failures_curves._curves(
        "rings", "fracture", pd.DataFrame({"label": label, "probability": probability, "group": ""})
    )
    drawn = failures_curves._marked(
        curves,
        0.3,
        net_benefit(label, probability, None, 0.3),
        Thresholds(0.1, (1 + maximum) / 2, 0.9, 0.9, 0.3),
    )
    for name, rings in (("roc", ["low", "balanced", "high"]), ("precision-recall", ["low", "balanced"])):
        assert [value["name"] for value in drawn[name]["layer"][-2]["data"]["values"]] == rings


def test_charts_name_the_finding(labels_and_probabilities):
    spec = charts.reliability_chart(compute_reliability_curve(*labels_and_probabilities), "abnormality")
    assert "Share of abnormalities" in str(spec)
    curve = charts.decision_chart(compute_decision_curve(*labels_and_probabilities))
    alt.LayerChart.from_dict(charts.with_operating_point(curve, threshold=0.3, net_benefit=0.1))
