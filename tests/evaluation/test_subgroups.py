"""Subgroup analysis on simulated images with and without differences between subgroups."""

import io

import numpy as np
import pandas as pd
import pytest

from fracture_core.evaluation import analyse_subgroups, subgroup_analysis, subgroup_sentences, summarise
from fracture_core.evaluation.subgroup import find_subgroups, subgroup_members, subgroup_title
from fracture_core.evaluation.subgroup_sentences import share_as_odds
from fracture_core.evaluation.subgroup_table import subgroups_to_csv, subgroups_to_frame


def _simulate_predictions(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Predictions in small groups, 85% correct in all subgroups."""
    label = (rng.random(n) < 0.4).astype(int)
    correct = rng.random(n) < 0.85
    return pd.DataFrame(
        {
            "id": [f"image{number}" for number in range(n)],
            "group": rng.integers(0, n // 3, n).astype(str),
            "regions": rng.choice(["hand", "leg", "hip leg", ""], n),
            "label": label,
            "probability": np.where(correct == (label == 1), 0.9, 0.1),
        }
    )


def _simulate_properties(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    n, fractured = len(table), table["label"] == 1
    return pd.DataFrame(
        {
            "views": rng.choice(["frontal", "lateral", "frontal lateral", ""], n),
            "hardware": rng.choice(np.array([True, False, None], object), n),
            "fractures": np.where(fractured, rng.integers(1, 4, n), np.nan),
            "area": np.where(fractured, rng.uniform(0.001, 0.2, n), np.nan),
            "longer_side": rng.choice([500.0, 1024.0, 2048.0], n, p=[0.8, 0.1, 0.1]),
            "brightness": rng.uniform(0.1, 0.5, n),
            "contrast": rng.uniform(0.1, 0.3, n),
        },
        index=pd.Index(table["id"], name="id"),
    )


@pytest.fixture(scope="module")
def simulated_data() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and image properties of 900 simulated cases."""
    rng = np.random.default_rng(4)
    table = _simulate_predictions(rng, 900)
    return table, _simulate_properties(rng, table)


def _add_errors(table: pd.DataFrame, subgroup: pd.Series) -> pd.DataFrame:
    """Make three of five decisions in a subgroup wrong."""
    wrong = subgroup & (np.arange(len(table)) % 5 < 3)
    return table.assign(
        probability=np.where(wrong, np.where(table["label"] == 1, 0.1, 0.9), table["probability"])
    )


def _result(analysis, title):
    return next(result for result in (*analysis.single, *analysis.pairs) if result.title == title)


def test_names_of_subgroups_contain_their_limits(simulated_data):
    table, properties = simulated_data
    subgroups = {subgroup_title((subgroup,)): subgroup for subgroup in find_subgroups(table, properties)}
    assert list(subgroups)[:3] == ["Region: hand", "Region: leg", "Region: hip"]
    assert subgroups["Region: leg"].members.sum() == table["regions"].str.contains("leg").sum()
    assert subgroups["View: lateral"].members.sum() == properties["views"].str.contains("lateral").sum()
    assert subgroups["Hardware: with"].members.sum() == (properties["hardware"] == True).sum()  # noqa: E712
    assert subgroups["Number of fractures: several"].members.sum() == (properties["fractures"] > 1).sum()
    for prefix, column in (("Size of the fracture", "area"), ("Brightness", "brightness")):
        parts = [each for name, each in subgroups.items() if name.startswith(prefix)]
        limit = float(parts[0].name.removeprefix("below ").removesuffix("%")) / 100
        assert (parts[0].members == (properties[column] < limit).to_numpy()).all()
        assert sum(part.members for part in parts).tolist() == properties[column].notna().astype(int).tolist()
        assert [part.members.sum() / properties[column].notna().sum() for part in parts] == pytest.approx(
            [1 / 3] * 3, abs=0.04
        )


def test_tertiles_of_a_property_with_many_ties(simulated_data):
    table, properties = simulated_data
    names = [each.name for each in find_subgroups(table, properties) if each.property == "Resolution"]
    assert names == ["below 1,024 pixels", "1,024 pixels or more"]
    same = find_subgroups(table, properties.assign(longer_side=500.0))
    assert "Resolution" not in {each.property for each in same}


def test_subgroup_with_more_misses_is_detected_and_described(simulated_data):
    table, _ = simulated_data
    table = _add_errors(table, (table["regions"] == "hand") & (table["label"] == 1))
    analysis = analyse_subgroups(table, 0.5)
    hand = _result(analysis, "Region: hand")
    assert hand.misses is not None
    assert hand.misses.is_worse
    assert not any(part.alarms is not None and part.alarms.is_significant for part in analysis.single)
    inside = table[table["regions"] == "hand"]
    assert hand.summary == summarise(inside["label"], inside["probability"], inside["group"], 0.5)
    fractured = inside[inside["label"] == 1]
    assert hand.misses.share == pytest.approx((fractured["probability"] < 0.5).mean())
    first = subgroup_sentences(analysis)[0]
    low, high = 1 - hand.summary.sensitivity.high, 1 - hand.summary.sensitivity.low
    assert first == (
        f"The model misses {share_as_odds(hand.misses.share)} hand fractures ({100 * hand.misses.share:.0f}%, "
        f"95% CI {100 * low:.0f}–{100 * high:.0f}%, n = {len(fractured)}), "
        f"compared with {share_as_odds(hand.misses.rest)} of the others."
    )


def test_combination_with_more_misses_is_listed_first(simulated_data):
    table, properties = simulated_data
    small = (properties["area"] < 0.07).to_numpy()
    table = _add_errors(table, (table["regions"] == "hand") & small)
    analysis = analyse_subgroups(table, 0.5, properties)
    first = analysis.pairs[0]
    assert {each.property for each in first.subgroups} == {"Region", "Size of the fracture"}
    assert first.misses is not None
    assert first.misses.is_worse
    assert analysis.test_count > analysis.pairs_compared > len(analysis.pairs) == subgroup_analysis.MAX_PAIRS
    # Neither subgroup of the combination differs significantly.
    assert subgroup_sentences(analysis)[0].startswith(
        f"The model misses {share_as_odds(first.misses.share)} hand fractures smaller than "
    )


def test_combination_does_not_repeat_a_subgroup_that_differs_itself(simulated_data):
    table, properties = simulated_data
    analysis = analyse_subgroups(
        _add_errors(table, (table["regions"] == "hand") & (table["label"] == 1)), 0.5, properties
    )
    assert any(part.misses is not None and part.misses.is_worse for part in analysis.pairs)
    assert [sentence for sentence in subgroup_sentences(analysis) if "hand" in sentence] == [
        sentence for sentence in subgroup_sentences(analysis) if " hand fractures (" in sentence
    ]


def test_sentence_about_false_alarms(simulated_data):
    table, properties = simulated_data
    selected = properties["hardware"].eq(True) & properties["fractures"].isna()
    table = _add_errors(table, selected.reset_index(drop=True))
    (first, *_) = subgroup_sentences(analyse_subgroups(table, 0.5, properties))
    assert first.startswith("The model raises a false alarm on ")
    assert "images without a fracture and with surgical hardware (" in first


@pytest.mark.slow
def test_family_wise_error_rate_is_at_most_five_percent(monkeypatch):
    monkeypatch.setattr(subgroup_analysis, "_DRAWS", 499)
    # The summaries do not affect the tests, and their bootstrap takes long.
    monkeypatch.setattr(subgroup_analysis, "summarise", lambda *_: None)
    # `multipletests` collects garbage in each call, which takes long in a process with many objects.
    monkeypatch.setattr("gc.collect", lambda: 0)
    rng = np.random.default_rng(5)
    false_positives = 0
    for _ in range(100):
        analysis = analyse_subgroups(_simulate_predictions(rng, 300), 0.5)
        assert analysis.test_count >= 4
        false_positives += any(part.is_different for part in (*analysis.single, *analysis.pairs))
    # With a rate of 5% in 100 simulations, more than 11 false positives have a probability of 0.4%.
    assert false_positives <= 11


def test_sentences_without_differences_or_tests(simulated_data):
    table, _ = simulated_data
    assert subgroup_sentences(analyse_subgroups(table, 0.5)) == [
        "No subgroup differs significantly from the rest after correction for 6 tests."
    ]
    small = table.head(30)
    assert subgroup_sentences(analyse_subgroups(small, 0.5)) == [
        "No subgroup has enough images to be compared with the rest."
    ]
    none = analyse_subgroups(table.assign(regions=""), 0.5)
    assert (none.single, none.pairs, none.test_count) == ((), (), 0)
    assert subgroups_to_frame(none).empty


def test_cases_without_properties_belong_to_no_subgroup(simulated_data):
    table, properties = simulated_data
    subgroups = find_subgroups(table, properties.head(100))
    assert all(not each.members[100:].any() for each in subgroups if each.property != "Region")


def test_members_are_found_by_title(simulated_data):
    table, properties = simulated_data
    analysis = analyse_subgroups(table, 0.5, properties)
    for part in (analysis.single[0], analysis.pairs[0], analysis.pairs[-1]):
        inside = np.logical_and.reduce([each.members for each in part.subgroups])
        assert (subgroup_members(table, part.title, properties) == inside).all()
        assert inside.sum() == part.summary.n
    assert subgroup_members(table, "Region: tail", properties) is None
    assert subgroup_members(table, analysis.pairs[0].title + ", Region: tail", properties) is None


def test_table_contains_all_subgroups(simulated_data):
    table, properties = simulated_data
    analysis = analyse_subgroups(table, 0.5, properties)
    csv = pd.read_csv(io.StringIO(subgroups_to_csv(analysis, "fracture")))
    assert list(csv["slice"]) == [part.title for part in (*analysis.single, *analysis.pairs)]
    row = csv.iloc[0]
    assert row["sensitivity"] == pytest.approx(analysis.single[0].summary.sensitivity.value, abs=1e-5)
    assert row["misses"] + row["sensitivity"] == pytest.approx(1, abs=1e-5)
    assert (csv["misses_holm"].dropna() >= csv["misses_p"].dropna()).all()
    assert set(csv["looks"]) == {analysis.test_count}
    assert "Size of the fracture" in subgroups_to_csv(analysis, "fracture")
    other = subgroups_to_csv(analysis, "abnormality")
    assert "Size of the abnormality" in other
    assert "fracture" not in other


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "none"), (0.02, "1 in 50"), (0.25, "1 in 4"), (0.4, "2 in 5"), (0.97, "nearly all"), (1, "all")],
)
def test_share_as_odds(share, text):
    assert share_as_odds(share) == text
