"""The README of a model contains the results of its card and all items of the CLAIM checklist."""

import re
from dataclasses import replace
from pathlib import Path

from fracture_core.evaluation import measure_coverage
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore


def test_sections_and_results(trained_card):
    text = render_readme(trained_card)
    for heading in (
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Training and evaluation data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
        "CLAIM checklist",
    ):
        assert f"\n## {heading}\n" in text
    assert trained_card.weights.sha256 in text
    assert trained_card.data.split_hash in text
    assert f"{trained_card.test.auc.value:.2f}" in text
    assert all(limit in text for limit in trained_card.limits)
    assert "nan" not in text
    numbers = re.findall(r"^\| (\d+) \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, 43))


def test_verdicts_by_region(trained_card):
    coverage = measure_coverage([0, 1, 0, 1], [0.1, 0.9, 0.5, 0.5], None, 0.2, 0.8)
    text = render_readme(replace(trained_card, test_coverage={"": coverage, "hand": coverage}))
    assert re.search(r"^\| all \| 0\.25 .* \| 0\.50 .* \| 0\.25 .* \|$", text, re.MULTILINE)
    assert "\n| hand | " in text


def test_card_without_test_results(trained_card):
    text = render_readme(
        replace(
            trained_card, data=None, test=None, validation=None, training={}, command="", test_pointing=None
        )
    )
    assert "The model has not been evaluated" in text
    assert "None" not in text.replace("| None |", "")


def test_shipped_readme_is_generated_from_its_card():
    store = ModelStore(Path(__file__).parents[2] / "models")
    assert (store.root / SHIPPED_MODEL / README_NAME).read_text("utf-8") == render_readme(
        store.card(SHIPPED_MODEL)
    )
