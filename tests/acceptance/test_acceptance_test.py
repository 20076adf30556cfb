"""Comparison with the card, sample sizes, and their sentences."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from fracture_core.acceptance import AcceptanceTest, measure_acceptance
from fracture_core.acceptance.acceptance_test import (
    Comparison,
    comparison_sentence,
    difference,
    size_sentence,
)
from fracture_core.acceptance.sample_size import plan_sample_size
from fracture_core.evaluation import Interval, summarise


def _wilson(hits: int, count: int) -> Interval:
    low, high = proportion_confint(hits, count, method="wilson")
    return Interval(hits / count, low, high, count)


def test_difference_equals_newcombe():
    found = difference(_wilson(30, 50), _wilson(80, 100))
    low, high = confint_proportions_2indep(30, 50, 80, 100, method="newcomb", compare="diff")
    assert found.value == pytest.approx(-0.2)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-3)


@pytest.mark.parametrize(
    ("local", "card", "words"),
    [
        ((61, 100), (156, 200), "Sensitivity is lower than on the model's test set: 0.61 v 0.78 (95% CI"),
        ((95, 100), (140, 200), "Sensitivity is higher than on the model's test set: 0.95 v 0.70 (95% CI"),
        (
            (15, 20),
            (156, 200),
            "does not differ significantly from that on the model's test set: 0.75 v 0.78",
        ),
    ],
)
def test_sentence_names_a_difference_only_if_it_is_significant(local, card, words):
    first, second = _wilson(*local), _wilson(*card)
    sentence = comparison_sentence("sensitivity", Comparison(first, second, difference(first, second)))
    assert words in sentence


def test_more_images_halve_the_interval():
    size = plan_sample_size(_wilson(10, 14))
    assert size is not None
    low, high = proportion_confint(10, 14, method="wilson")
    assert size.half_width == pytest.approx((high - low) / 2)
    now = 14 + size.more
    low, high = proportion_confint(now * 10 / 14, now, method="wilson")
    assert (high - low) / 2 <= size.target == pytest.approx(size.half_width / 2)
    text = size_sentence("sensitivity", size, 0.2)
    assert text.startswith("Sensitivity: with 14 images with the finding, the interval is ± 0.21; ")
    assert f"{size.more} more, among about {size.more * 5} further images, would give ± 0.11." in text


def test_precise_and_unmeasured_proportions_need_no_images():
    precise = plan_sample_size(_wilson(4000, 5000))
    assert precise is not None
    assert precise.more == 0
    assert size_sentence("specificity", precise, 0.5).endswith("± 0.01.")
    assert plan_sample_size(Interval.unknown(3)) is None


def test_acceptance_of_a_model_and_its_json(trained_card):
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], 200)
    table = pd.DataFrame(
        {
            "label": label,
            "probability": np.clip(0.25 + 0.5 * label + rng.normal(0, 0.1, 400), 0, 1),
            "group": "",
        }
    )
    summary = summarise(table["label"], table["probability"], table["group"], 0.5)
    found = measure_acceptance(trained_card, table, summary)
    assert found.prevalence == 0.5
    assert set(found.comparisons) == {"auc", "sensitivity", "specificity"}
    assert AcceptanceTest.from_json(json.loads(json.dumps(found.to_json()))) == found
    sentences = found.sentences("fracture")
    assert len(sentences) == 7
    assert any(
        "at least 97% of such images have no fracture, with 90% confidence" in line for line in sentences
    )
    assert any("at least 75% of such images have a fracture" in line for line in sentences)


def test_without_fractures_nothing_is_promised(trained_card):
    table = pd.DataFrame({"label": [0] * 20, "probability": np.linspace(0, 0.5, 20), "group": ""})
    found = measure_acceptance(
        trained_card, table, summarise(table["label"], table["probability"], table["group"], 0.5)
    )
    assert math.isclose(found.prevalence, 0)
    sentences = found.sentences("fracture")
    assert "“no fracture seen”: no threshold can be guaranteed" in " ".join(sentences)
    assert "sensitivity" not in found.comparisons
