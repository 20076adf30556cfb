"""Slices: what was planted is found, and nothing is found where there is nothing."""

import io

import numpy as np
import pandas as pd
import pytest

from fracture_core.evaluation import analyse_subgroups, subgroup_analysis, subgroup_sentences, summarise
from fracture_core.evaluation.subgroup import find_subgroups, subgroup_members, subgroup_title
from fracture_core.evaluation.subgroup_sentences import share_as_odds
from fracture_core.evaluation.subgroup_table import subgroups_to_csv, subgroups_to_frame


def _films(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Films in groups of up to five, right in 85% of cases whatever they show."""
    label = (rng.random(n) < 0.4).astype(int)
    right = rng.random(n) < 0.85
    return pd.DataFrame(
        {
            "id": [f"film{number}" for number in range(n)],
            "group": rng.integers(0, n // 3, n).astype(str),
            "regions": rng.choice(["hand", "leg", "hip leg", ""], n),
            "label": label,
            "probability": np.where(right == (label == 1), 0.9, 0.1),
        }
    )


def _properties(rng: np.random.Generator, films: pd.DataFrame) -> pd.DataFrame:
    n, broken = len(films), films["label"] == 1
    return pd.DataFrame(
        {
            "views": rng.choice(["frontal", "lateral", "frontal lateral", ""], n),
            "hardware": rng.choice(np.array([True, False, None], object), n),
            "fractures": np.where(broken, rng.integers(1, 4, n), np.nan),
            "area": np.where(broken, rng.uniform(0.001, 0.2, n), np.nan),
            "longer_side": rng.choice([500.0, 1024.0, 2048.0], n, p=[0.8, 0.1, 0.1]),
            "brightness": rng.uniform(0.1, 0.5, n),
            "contrast": rng.uniform(0.1, 0.3, n),
        },
        index=pd.Index(films["id"], name="id"),
    )


@pytest.fixture(scope="module")
def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    films = _films(rng, 900)
    return films, _properties(rng, films)


def _wrong(films: pd.DataFrame, which: pd.Series) -> pd.DataFrame:
    """The films with nearly every second decision of some turned wrong."""
    turned = which & (np.arange(len(films)) % 5 < 3)
    return films.assign(
        probability=np.where(turned, np.where(films["label"] == 1, 0.1, 0.9), films["probability"])
    )


def _part(found, words):
    return next(part for part in (*found.single, *found.pairs) if part.title == words)


def test_slices_are_named_by_their_limits(simulated):
    films, known = simulated
    found = {subgroup_title((each,)): each for each in find_subgroups(films, known)}
    assert list(found)[:3] == ["Region: hand", "Region: leg", "Region: hip"]
    assert found["Region: leg"].members.sum() == films["regions"].str.contains("leg").sum()
    assert found["View: lateral"].members.sum() == known["views"].str.contains("lateral").sum()
    assert found["Hardware: with"].members.sum() == (known["hardware"] == True).sum()  # noqa: E712
    assert found["Number of fractures: several"].members.sum() == (known["fractures"] > 1).sum()
    for prefix, column in (("Size of the fracture", "area"), ("Brightness", "brightness")):
        parts = [each for name, each in found.items() if name.startswith(prefix)]
        limit = float(parts[0].name.removeprefix("below ").removesuffix("%")) / 100
        assert (parts[0].members == (known[column] < limit).to_numpy()).all()
        assert sum(part.members for part in parts).tolist() == known[column].notna().astype(int).tolist()
        assert [part.members.sum() / known[column].notna().sum() for part in parts] == pytest.approx(
            [1 / 3] * 3, abs=0.04
        )


def test_values_that_most_films_share_are_still_cut(simulated):
    films, known = simulated
    names = [each.name for each in find_subgroups(films, known) if each.property == "Resolution"]
    assert names == ["below 1,024 pixels", "1,024 pixels or more"]
    same = find_subgroups(films, known.assign(longer_side=500.0))
    assert "Resolution" not in {each.property for each in same}


def test_a_planted_slice_is_found_and_told(simulated):
    films, _ = simulated
    films = _wrong(films, (films["regions"] == "hand") & (films["label"] == 1))
    found = analyse_subgroups(films, 0.5)
    hand = _part(found, "Region: hand")
    assert hand.misses is not None
    assert hand.misses.is_worse
    assert not any(part.alarms is not None and part.alarms.is_significant for part in found.single)
    inside = films[(films["regions"] == "hand")]
    assert hand.summary == summarise(inside["label"], inside["probability"], inside["group"], 0.5)
    broken = inside[inside["label"] == 1]
    assert hand.misses.share == pytest.approx((broken["probability"] < 0.5).mean())
    first = subgroup_sentences(found)[0]
    assert first.startswith(f"Misses {share_as_odds(hand.misses.share)} hand fractures (n = {len(broken)}, ")
    low, high = 1 - hand.summary.sensitivity.high, 1 - hand.summary.sensitivity.low
    assert f"95% CI {100 * low:.0f}–{100 * high:.0f}%" in first


def test_a_planted_combination_comes_first(simulated):
    films, known = simulated
    small = (known["area"] < 0.07).to_numpy()
    films = _wrong(films, (films["regions"] == "hand") & small)
    found = analyse_subgroups(films, 0.5, known)
    first = found.pairs[0]
    assert {each.property for each in first.slices} == {"Region", "Size of the fracture"}
    assert first.misses is not None
    assert first.misses.is_worse
    assert found.looks > found.pairs_compared > len(found.pairs) == subgroup_analysis.MAX_PAIRS
    # Neither part alone is weak enough to be told.
    assert subgroup_sentences(found)[0].startswith(
        f"Misses {share_as_odds(first.misses.share)} hand fractures smaller than "
    )


def test_a_combination_does_not_repeat_its_part(simulated):
    films, known = simulated
    found = analyse_subgroups(_wrong(films, (films["regions"] == "hand") & (films["label"] == 1)), 0.5, known)
    assert any(part.misses is not None and part.misses.is_worse for part in found.pairs)
    assert [sentence for sentence in subgroup_sentences(found) if "hand" in sentence] == [
        sentence for sentence in subgroup_sentences(found) if " hand fractures (n = " in sentence
    ]


def test_false_alarms_are_told_of_films_without_a_fracture(simulated):
    films, known = simulated
    films = _wrong(films, ((known["hardware"] == True) & (known["fractures"].isna())).reset_index(drop=True))  # noqa: E712
    (first, *_) = subgroup_sentences(analyse_subgroups(films, 0.5, known))
    assert first.startswith("Raises a false alarm on ")
    assert "films without a fracture where there is metal of an operation (n = " in first


def test_exchangeable_films_raise_a_claim_in_at_most_one_of_twenty(monkeypatch):
    monkeypatch.setattr(subgroup_analysis, "_DRAWS", 999)
    rng = np.random.default_rng(5)
    claims = 0
    for _ in range(60):
        found = analyse_subgroups(_films(rng, 300), 0.5)
        assert found.looks >= 4
        claims += any(part.is_different for part in (*found.single, *found.pairs))
    # 60 tries at 5%: more than 7 come in 1% of all runs.
    assert claims <= 7


def test_nothing_is_said_plainly(simulated):
    films, _ = simulated
    assert subgroup_sentences(analyse_subgroups(films, 0.5)) == [
        "No slice differs from the rest after correction for 6 looks."
    ]
    few = films.head(30)
    assert subgroup_sentences(analyse_subgroups(few, 0.5)) == [
        "No slice has films enough to be compared with the rest."
    ]
    none = analyse_subgroups(films.assign(regions=""), 0.5)
    assert (none.single, none.pairs, none.looks) == ((), (), 0)
    assert subgroups_to_frame(none).empty


def test_cases_without_known_properties_belong_to_no_slice(simulated):
    films, known = simulated
    found = find_subgroups(films, known.head(100))
    assert all(not each.members[100:].any() for each in found if each.property != "Region")


def test_a_slice_is_found_by_its_name(simulated):
    films, known = simulated
    found = analyse_subgroups(films, 0.5, known)
    for part in (found.single[0], found.pairs[0], found.pairs[-1]):
        inside = np.logical_and.reduce([each.members for each in part.slices])
        assert (subgroup_members(films, part.title, known) == inside).all()
        assert inside.sum() == part.summary.n
    assert subgroup_members(films, "Region: tail", known) is None
    assert subgroup_members(films, found.pairs[0].title + ", Region: tail", known) is None


def test_the_table_holds_every_slice(simulated):
    films, known = simulated
    found = analyse_subgroups(films, 0.5, known)
    table = pd.read_csv(io.StringIO(subgroups_to_csv(found, "fracture")))
    assert list(table["slice"]) == [part.title for part in (*found.single, *found.pairs)]
    row = table.iloc[0]
    assert row["sensitivity"] == pytest.approx(found.single[0].summary.sensitivity.value, abs=1e-5)
    assert row["misses"] + row["sensitivity"] == pytest.approx(1, abs=1e-5)
    assert (table["misses_holm"].dropna() >= table["misses_p"].dropna()).all()
    assert set(table["looks"]) == {found.looks}
    assert "Size of the fracture" in subgroups_to_csv(found, "fracture")
    other = subgroups_to_csv(found, "abnormality")
    assert "Size of the abnormality" in other
    assert "fracture" not in other


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "none"), (0.02, "1 in 50"), (0.25, "1 in 4"), (0.4, "2 in 5"), (0.97, "nearly all"), (1, "all")],
)
def test_shares_in_small_numbers(share, words):
    assert share_as_odds(share) == words
