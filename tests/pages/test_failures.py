"""The failures page without a browser: its pure helpers, and the page on a small model store."""

import math
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from failures_page import opened, run, words
from PIL import Image
from sklearn.metrics import confusion_matrix, roc_auc_score
from streamlit.testing.v1 import AppTest

from fracture_core.errors import DataError
from fracture_core.evaluation import (
    Interval,
    PlattCalibration,
    Thresholds,
    analyse_subgroups,
    predictions,
    subgroup_sentences,
    summarise,
)
from fracture_core.imaging import InputSpec
from fracture_core.registry.card import DataRecord, ModelCard, WeightsFile
from pages.components.common import case_images, data_folder
from pages.components.failures import case_list, matrix, measures, subgroups
from pages.components.failures import state as failures_state

BALANCED = 0.30012345
CUTS = Thresholds(0.2, 0.6, 0.95, 0.95, BALANCED)
COUNTS = {"tp": "true-positive", "fn": "missed-fracture", "fp": "false-alarm", "tn": "true-negative"}


def _table(films: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    label = np.arange(films) % 2
    logit = rng.normal(2 * label - 1, 1.5)
    return pd.DataFrame(
        {
            "id": [f"test/film{number:03d}" for number in range(films)],
            "path": [f"test/film{number:03d}.png" for number in range(films)],
            "split": "test",
            "group": [f"g{number // 3}" for number in range(films)],
            "regions": ["hand", "leg", "hand leg", ""] * (films // 4),
            "label": label,
            "logit": logit,
            "probability": 1 / (1 + np.exp(-logit)),
        }
    )


def _card(model: str, data: DataRecord | None) -> ModelCard:
    return ModelCard(
        id=model,
        title=f"Model {model}",
        created="2026-01-01T00:00:00+00:00",
        architecture="four_block",
        input=InputSpec(64, 64),
        heatmap_layer="last",
        heatmap_scale=1.0,
        weights=WeightsFile("none.weights.h5", "0" * 64, 1),
        golden=0.0,
        calibration=PlattCalibration.identity(),
        thresholds=CUTS,
        data=data,
    )


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    """A store with one model that has a record, with validation films beside it, and one that has none."""
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(tmp_path))
    monkeypatch.delenv("SECOND_LOOK_DATASET", raising=False)
    data = DataRecord("Phantoms", "CC0", "folders", "0" * 64, "by group", {"test": [30, 30]})
    for model, record in (("full", data), ("bare", None)):
        (tmp_path / model).mkdir()
        _card(model, record).save(tmp_path / model / "card.json")
    validation = _table().assign(split="val", probability=0.5)
    validation["id"] = validation["path"] = validation["id"].str.replace("test", "val")
    predictions.write_predictions(tmp_path / "full" / "predictions.csv", pd.concat([_table(), validation]))
    return tmp_path


def _param(test: AppTest, name: str) -> str:
    """A part of the address; `AppTest` gives a list or a text, by who wrote it."""
    found = test.query_params[name]
    return found if isinstance(found, str) else found[0]


def _cards(test: AppTest) -> list[str]:
    return [button.label for button in test.button if str(button.key).startswith("failures-open-")]


def _listed(kind: str, region: str = "", sort: str = "confidence") -> pd.DataFrame:
    return case_list.filter_cases(case_list.with_cells(_table(), BALANCED, CUTS), kind, region, sort)


@pytest.mark.parametrize("kind", case_list.CELL_TEXT)
def test_each_cell_lists_exactly_its_cases(kind):
    found = _listed(kind)
    called = found["probability"] >= BALANCED
    assert set(found["label"]) == {int(kind in ("true-positive", "missed-fracture"))}
    assert called.all() if kind in ("true-positive", "false-alarm") else not called.any()
    wanted = confusion_matrix(_table()["label"], _table()["probability"] >= BALANCED).ravel()
    assert (
        len(found)
        == dict(zip(("tn", "fp", "fn", "tp"), wanted, strict=True))[
            {words: name for name, words in COUNTS.items()}[kind]
        ]
    )


def test_the_most_confident_error_comes_first():
    found = _listed("errors")
    odds = np.log(found["probability"] / (1 - found["probability"])) - math.log(BALANCED / (1 - BALANCED))
    assert list(odds.abs()) == sorted(odds.abs(), reverse=True)
    assert set(found["cell"]) == {"missed-fracture", "false-alarm"}


@pytest.mark.parametrize(
    ("sort", "column", "falls"),
    [("probability", "probability", True), ("lowest", "probability", False), ("id", "id", False)],
)
def test_other_orders(sort, column, falls):
    values = list(_listed("all", sort=sort)[column])
    assert values == sorted(values, reverse=falls)


def test_a_region_is_matched_as_a_whole_word():
    assert all("hand" in names.split() for names in _listed("all", "hand")["regions"])
    assert case_list.regions_of(_table()) == ["hand", "leg"]


def test_neighbours():
    assert case_list.neighbours(["a", "b", "c"], "b") == (1, "a", "c")
    assert case_list.neighbours(["a", "b"], "a") == (0, None, "b")
    assert case_list.neighbours(["a", "b"], "b") == (1, "a", None)
    assert case_list.neighbours(["a"], "gone") == (None, None, "a")
    assert case_list.neighbours([], "gone") == (None, None, None)


def test_pages():
    assert [case_list.page_count(count) for count in (0, 1, 12, 13)] == [1, 1, 1, 2]
    assert [case_list.page_of_case(place) for place in (0, 11, 12)] == [0, 0, 1]


def test_csv_contains_the_listed_cases():
    films = _listed("errors")
    found = pd.read_csv(BytesIO(case_list.cases_to_csv(films, BALANCED, "fracture")))
    assert list(found["id"]) == list(films["id"])
    assert set(found["kind"]) == {"missed fracture", "false alarm"}
    assert found["threshold"].unique() == pytest.approx([BALANCED])


def test_csv_contains_no_formula():
    films = _listed("errors").assign(group="=1+1")
    content = case_list.cases_to_csv(films, BALANCED, "fracture")
    assert set(pd.read_csv(BytesIO(content))["group"]) == {"'=1+1"}


@pytest.mark.parametrize(
    ("place", "threshold"), [(0.3, BALANCED), (0.301, 0.301), (0.299, 0.299), (0.0, 0.0), (1.0, 1.0)]
)
def test_slider_value_of_the_card_is_its_exact_threshold(place, threshold):
    assert failures_state.threshold_at(place, BALANCED) == threshold


@pytest.mark.parametrize(
    ("text", "value"), [("0.25", 0.25), ("", None), ("nan", None), ("2", None), ("-1", None), ("x", None)]
)
def test_threshold_in_a_url(text, value):
    assert failures_state.parse_threshold(text) == value


def test_percent():
    found = [matrix.percent_text(count, 200) for count in (0, 1, 100, 199, 200)]
    assert found == ["0%", "0.5%", "50%", "99.5%", "100%"]
    assert matrix.percent_text(0, 0) == "none"


def test_intervals_in_words():
    assert measures.interval_text(Interval(0.5, 0.4, 0.6, 9)) == "0.40–0.60"
    assert measures.interval_text(Interval(0.1, -0.2, 0.4, 9)) == "−0.20 to 0.40"
    assert measures.interval_text(Interval.unknown(3)) == "not measurable"
    assert measures.interval_text(Interval(1.0, math.nan, math.nan, 3)) == "no interval"


def test_a_missing_film_is_named(tmp_path):
    with pytest.raises(DataError, match=r"test/film000\.png"):
        data_folder.folder_holding(str(tmp_path), "test/film000.png")
    for odd in ("\0", "x" * 5000, "~nobody-of-this-name/x"):
        with pytest.raises(DataError):
            data_folder.folder_holding(odd, "test/film000.png")
    assert data_folder.folder_holding("  ", "test/film000.png") is None


def test_boxes_are_drawn_at_their_fractions():
    drawn = case_images.with_boxes(np.zeros((100, 200), np.uint8), ((0.25, 0.5, 0.5, 0.75),))
    assert 'x="50.0" y="50.0" width="50.0" height="25.0"' in drawn
    assert 'viewBox="0 0 200 100"' in drawn


def test_the_page_says_what_scikit_learn_says_of_the_test_split(store):
    test = opened(model="full")
    table = _table()
    wanted = predictions.read_predictions(store / "full" / "predictions.csv").query("split == 'test'")
    tn, fp, fn, tp = confusion_matrix(table["label"], wanted["probability"] >= BALANCED).ravel()
    counts = {"tp": tp, "fn": fn, "fp": fp, "tn": tn}
    for name, kind in COUNTS.items():
        assert test.button(key=f"failures-cell-{kind}").label.startswith(f"**{counts[name]}**")
    assert f'<td class="value">{roc_auc_score(wanted["label"], wanted["probability"]):.2f}</td>' in words(
        test
    )
    assert "60 images, 30 with a fracture, in 20 groups" in words(test)


def test_threshold_updates_the_page_and_resets(store):
    test = opened(model="full")
    before = [test.button(key=f"failures-cell-{kind}").label for kind in COUNTS.values()]
    test.slider[0].set_value(0.9)
    run(test)
    table = predictions.read_predictions(store / "full" / "predictions.csv").query("split == 'test'")
    moved = summarise(table["label"], table["probability"], table["group"], 0.9)
    assert test.button(key="failures-cell-missed-fracture").label.startswith(f"**{moved.confusion.fn}**")
    assert measures.interval_text(moved.sensitivity) in words(test)
    assert _param(test, "threshold") == "0.900"
    test.button(key="failures_reset").click()
    run(test)
    assert [test.button(key=f"failures-cell-{kind}").label for kind in COUNTS.values()] == before


@pytest.mark.parametrize("kind", COUNTS.values())
def test_cell_lists_its_cases(store, kind):
    test = opened(model="full")
    test.button(key=f"failures-cell-{kind}").click()
    run(test)
    wanted = [case_list.short_name(case) for case in _listed(kind)["id"]][: case_list.PAGE_SIZE]
    assert _cards(test) == wanted
    assert _param(test, "kind") == kind


def test_a_film_opens_without_its_image_and_says_what_to_set(store):
    test = opened(model="full")
    test.button(key="failures-open-0").click()
    run(test)
    first, second = _listed("errors")["id"][:2]
    assert _param(test, "case") == first
    assert any("Enter the dataset folder" in str(found.value) for found in test.info)
    test.button(key="failures_next").click()
    run(test)
    assert _param(test, "case") == second
    test.button(key="failures_back").click()
    run(test)
    assert len(_cards(test)) == case_list.PAGE_SIZE


def test_a_link_opens_the_same_view(store):
    case = _listed("true-negative", "leg", "id")["id"].iloc[1]
    test = opened(model="full", kind="true-negative", region="leg", sort="id", case=case)
    assert f"Image {case_list.short_name(case)}" in [found.value for found in test.subheader]
    assert "2 of " in words(test)
    assert _param(test, "region") == "leg"


def test_a_wrong_link_is_said_in_a_sentence(store):
    test = opened(model="gone", kind="nonsense", region="tail", case="nothing", threshold="x")
    assert any("gone" in str(found.value) for found in test.warning)


def test_a_model_without_a_record_says_how_to_get_one(store):
    test = opened(model="bare")
    assert any("python -m fracture_core evaluate --model bare" in str(found.value) for found in test.info)


def test_a_wrong_folder_is_said_in_a_sentence(store, tmp_path):
    test = opened(model="full")
    test.text_input[0].set_value(str(tmp_path / "nowhere"))
    run(test)
    assert any("test/film000.png" in str(found.value) for found in test.warning)


def test_images_appear_once_the_folder_is_entered(store, tmp_path):
    folder = tmp_path / "films" / "test"
    folder.mkdir(parents=True)
    for path in _table()["path"]:
        Image.fromarray(np.full((40, 30), 90, np.uint8)).save(tmp_path / "films" / path)
    test = opened(model="full")
    test.text_input[0].set_value(str(tmp_path / "films"))
    run(test)
    assert words(test).count("data:image/png;base64") == case_list.PAGE_SIZE


def test_an_empty_store_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(tmp_path))
    test = opened()
    assert any("no model on this computer" in str(found.value) for found in test.info)


def test_model_of_abnormalities_does_not_mention_fractures(store):
    card = ModelCard.load(store / "full" / "card.json")
    replace(card, data=replace(card.data, finding="abnormality")).save(store / "full" / "card.json")
    test = opened(model="full")
    shown = words(test)
    assert "abnormality suspected" in shown
    assert "truth: no abnormality" in shown
    assert "60 images, 30 with an abnormality" in shown
    shutil.copytree(store / "full", store / "second")
    for view in ({}, {"case": "test/film003", "kind": "all", "with": "second"}):
        every = " ".join(str(found.proto) for found in opened(model="full", **view).main)
        # Keys and addresses keep their names; they hold no blank before the word.
        assert not re.search(r"[ “(]fractures?\b", every), view


def test_the_csv_of_an_abnormality_model(store):
    content = case_list.cases_to_csv(_listed("errors"), BALANCED, "abnormality")
    assert set(pd.read_csv(BytesIO(content))["kind"]) == {"missed abnormality", "false alarm"}


def test_images_are_found_in_an_unpacked_archive_and_beside_a_manifest(tmp_path):
    film = tmp_path / "archive" / "set" / "test" / "film000.png"
    film.parent.mkdir(parents=True)
    film.touch()
    assert data_folder.folder_holding(str(tmp_path), "test/film000.png") == tmp_path / "archive" / "set"
    (tmp_path / "archive" / "set" / "films.csv").touch()
    named = data_folder.folder_holding(str(tmp_path / "archive" / "set" / "films.csv"), "test/film000.png")
    assert named == tmp_path / "archive" / "set"


def _weak_hands(store: Path) -> pd.DataFrame:
    """Gives the model a record that misses every hand fracture; its test films."""
    table = _table(240)
    table["regions"] = ["hand", "hand", "leg", "leg", "hand leg", "hand leg", "", ""] * 30
    missed = table["regions"].str.contains("hand") & (table["label"] == 1)
    table.loc[missed, "probability"] = 0.01
    return predictions.write_predictions(store / "full" / "predictions.csv", table)


def _subgroups(test: AppTest) -> list[str]:
    return [name for found in test.dataframe for name in found.value["Subgroup"]]


def test_weak_subgroup_is_found_without_the_images(store):
    table = _weak_hands(store)
    test = opened(model="full")
    (sentence,) = subgroup_sentences(analyse_subgroups(table, BALANCED))
    assert sentence.startswith("The model misses all hand fractures (100%, 95% CI ")
    assert sentence in words(test)
    assert {"Region: hand", "Region: leg"} <= set(_subgroups(test))
    assert any("Enter the dataset folder" in str(found.value) for found in test.caption)
    frame = test.dataframe[0].value.set_index("Subgroup")
    assert frame.loc["Region: hand", "Differs"] == "misses more"
    assert frame.loc["Region: hand", "Sensitivity"] == 0


def test_subgroups_follow_the_threshold(store):
    table = _weak_hands(store)
    test = opened(model="full")
    test.slider[0].set_value(0.005)
    run(test)
    assert subgroup_sentences(analyse_subgroups(table, 0.005))[0] in words(test)
    assert "misses all hand fractures" not in words(test)


def test_subgroup_filters_the_list_and_is_in_the_url(store):
    table = _weak_hands(store)
    test = opened(model="full", kind="all", sort="id")
    test.selectbox(key="failures_slice").set_value("Region: hand")
    run(test)
    hands = table[table["regions"].str.contains("hand")]
    assert f"All images (Region: hand): {len(hands)} of 240 test images" in words(test)
    assert _cards(test) == [case_list.short_name(case) for case in sorted(hands["id"])[: case_list.PAGE_SIZE]]
    assert _param(test, "slice") == "Region: hand"
    again = opened(model="full", kind="all", slice="Region: hand")
    assert "All images (Region: hand)" in words(again)
    assert "All images: 240 of 240" in words(opened(model="full", kind="all", slice="Region: tail"))


def test_linked_subgroup_waits_for_the_measurement_of_its_images(store, tmp_path):
    table = _weak_hands(store)
    (tmp_path / "films" / "test").mkdir(parents=True)
    for number, path in enumerate(table["path"]):
        grey = np.full((40, 30 + 20 * (number % 2)), 60, np.uint8)
        Image.fromarray(grey).save(tmp_path / "films" / path)
    wide, never = "Resolution: 50 pixels or more", "Brightness: mean brightness is 99% or more"
    for name in (wide, never):
        test = opened(model="full", kind="all", slice=name)
        (said,) = [str(found.value) for found in test.info if "is unknown until" in str(found.value)]
        assert said.startswith(f"Subgroup “{name}” is unknown until the dataset folder is entered")
        assert _param(test, "slice") == name
        assert "All images: 240 of 240" in words(test)
        test.text_input[0].set_value(str(tmp_path / "films"))
        for _ in range(60):
            run(test)
            if not any("is unknown until" in str(found.value) for found in test.info):
                break
        warned = any(f"has no subgroup “{never}”" in str(found.value) for found in test.warning)
        assert warned == (name == never)
        assert f"All images{f' ({wide}): 120' if name == wide else ': 240'} of 240" in words(test)
        assert ("slice" in test.query_params) == (name == wide)


def test_row_of_the_chosen_subgroup_is_selected(store):
    _weak_hands(store)
    test = opened(model="full", slice="Region: leg")
    rows = test.session_state["failures_slice_rows 1"]["selection"]["rows"]
    assert [_subgroups(test)[row] for row in rows] == ["Region: leg"]
    test.selectbox(key="failures_slice").set_value("")
    run(test)
    assert test.session_state["failures_slice_rows 1"]["selection"]["rows"] == []


@pytest.mark.parametrize(("rows", "chosen"), [([1], "Region: leg"), ([], "")])
def test_selected_row_chooses_its_subgroup(monkeypatch, rows, chosen):
    state = {
        "key": {"selection": {"rows": rows}},
        failures_state.SUBGROUP_KEY: "Region: hand",
        failures_state.PAGE_KEY: 3,
    }
    monkeypatch.setattr(st, "session_state", state)
    subgroups._select("key", ["Region: hand", "Region: leg"])
    assert (state[failures_state.SUBGROUP_KEY], state[failures_state.PAGE_KEY]) == (chosen, 0)


def test_outdated_comparison_is_cancelled(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(go.wait)
        monkeypatch.setattr(subgroups, "_pool", lambda: pool)
        first = subgroups._found("left", 0.3, (), _table(), None)
        subgroups._cancel_previous(first)
        second = subgroups._found("left", 0.4, (), _table(), None)
        subgroups._cancel_previous(second)
        assert (first.cancelled(), second.cancelled()) == (True, False)
        again = subgroups._found("left", 0.3, (), _table(), None)
        subgroups._cancel_previous(again)
        assert (again.cancelled(), second.cancelled()) == (False, True)
        go.set()
        assert again.result().single


def test_measured_images_add_subgroups(store, tmp_path):
    table = _weak_hands(store)
    (tmp_path / "films" / "test").mkdir(parents=True)
    for number, path in enumerate(table["path"]):
        grey = np.full((40, 30 + 20 * (number % 2)), 60 + number % 100, np.uint8)
        Image.fromarray(grey).save(tmp_path / "films" / path)
    test = opened(model="full")
    test.text_input[0].set_value(str(tmp_path / "films"))
    for _ in range(60):
        run(test)
        if any(name.startswith("Brightness") for name in _subgroups(test)):
            break
    assert {"Resolution: below 50 pixels", "Resolution: 50 pixels or more"} <= set(_subgroups(test))
    # Grey levels do not spread on these films.
    assert not any("Contrast" in name for name in _subgroups(test))


def test_subgroups_of_an_abnormality_dataset_do_not_mention_fractures(store):
    _weak_hands(store)
    card = ModelCard.load(store / "full" / "card.json")
    replace(card, data=replace(card.data, finding="abnormality")).save(store / "full" / "card.json")
    assert "misses all hand abnormalities (100%" in words(opened(model="full"))
