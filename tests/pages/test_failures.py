"""The Failures page without a browser: its helper functions, and the page with a small model store."""

import math
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from failures_page import open_failures_page, page_html, rerun
from phantom_files import save_image, small_phantom
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
THRESHOLDS = Thresholds(0.2, 0.6, 0.95, 0.95, BALANCED)
CELL_KINDS = {"tp": "true-positive", "fn": "missed-fracture", "fp": "false-alarm", "tn": "true-negative"}


def _make_predictions(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    label = np.arange(count) % 2
    logit = rng.normal(2 * label - 1, 1.5)
    return pd.DataFrame(
        {
            "id": [f"test/film{number:03d}" for number in range(count)],
            "path": [f"test/film{number:03d}.png" for number in range(count)],
            "split": "test",
            "group": [f"g{number // 3}" for number in range(count)],
            "regions": ["hand", "leg", "hand leg", ""] * (count // 4),
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
        thresholds=THRESHOLDS,
        data=data,
    )


@pytest.fixture
def models_folder(tmp_path, monkeypatch) -> Path:
    """A folder with the model `full`, which has predictions of test and validation images, and `bare` without any."""
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(tmp_path))
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    data = DataRecord("Phantoms", "CC0", "folders", "0" * 64, "by group", {"test": [30, 30]})
    for model, record in (("full", data), ("bare", None)):
        (tmp_path / model).mkdir()
        _card(model, record).save(tmp_path / model / "card.json")
    validation = _make_predictions().assign(split="val", probability=0.5)
    validation["id"] = validation["path"] = validation["id"].str.replace("test", "val")
    predictions.write_predictions(
        tmp_path / "full" / "predictions.csv", pd.concat([_make_predictions(), validation])
    )
    return tmp_path


def _url_parameter(page: AppTest, name: str) -> str:
    """A parameter of the URL, which `AppTest` returns as a list or as a text."""
    element = page.query_params[name]
    return element if isinstance(element, str) else element[0]


def _card_labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button if str(button.key).startswith("failures-open-")]


def _list_cases(kind: str, region: str = "", sort: str = "confidence") -> pd.DataFrame:
    return case_list.filter_cases(
        case_list.with_cells(_make_predictions(), BALANCED, THRESHOLDS), kind, region, sort
    )


def test_outcomes_of_two_models():
    cells = case_list.with_cells(_make_predictions(), BALANCED, THRESHOLDS)
    assert not set(case_list.COMPARISON_FILTERS) & set(case_list.available_filters(cells))
    second = cells[["id", "path", "label"]].iloc[1:]
    # The second model is correct on every case but the last; the first case was not among its test images.
    wrong = second["id"] == second["id"].iloc[-1]
    second = second.assign(probability=(second["label"] == 1) ^ wrong)
    compared = case_list.with_second_model(cells, second.astype({"probability": float}), 0.5)
    assert case_list.available_filters(compared) == list(case_list.CASE_FILTERS)
    listed = {
        kind: set(case_list.filter_cases(compared, kind)["id"]) for kind in case_list.COMPARISON_FILTERS
    }
    errors = set(case_list.filter_cases(cells, case_list.ERRORS)["id"])
    first, last = cells["id"].iloc[0], cells["id"].iloc[-1]
    assert listed[case_list.ONLY_SECOND] == errors - {first, last}
    assert listed[case_list.ONLY_FIRST] == {last} - errors
    assert listed[case_list.BOTH_WRONG] == {last} & errors
    assert list(compared["id"]) == list(cells["id"])


@pytest.mark.parametrize("kind", case_list.CELL_TEXT)
def test_each_cell_lists_exactly_its_cases(kind):
    listed = _list_cases(kind)
    flagged = listed["probability"] >= BALANCED
    assert set(listed["label"]) == {int(kind in ("true-positive", "missed-fracture"))}
    assert flagged.all() if kind in ("true-positive", "false-alarm") else not flagged.any()
    expected = confusion_matrix(
        _make_predictions()["label"], _make_predictions()["probability"] >= BALANCED
    ).ravel()
    assert (
        len(listed)
        == dict(zip(("tn", "fp", "fn", "tp"), expected, strict=True))[
            {kind_name: name for name, kind_name in CELL_KINDS.items()}[kind]
        ]
    )


def test_most_confident_error_comes_first():
    errors = _list_cases("errors")
    odds = np.log(errors["probability"] / (1 - errors["probability"])) - math.log(BALANCED / (1 - BALANCED))
    assert list(odds.abs()) == sorted(odds.abs(), reverse=True)
    assert set(errors["cell"]) == {"missed-fracture", "false-alarm"}


@pytest.mark.parametrize(
    ("sort", "column", "descending"),
    [("probability", "probability", True), ("lowest", "probability", False), ("id", "id", False)],
)
def test_cases_are_sorted_by_probability_or_id(sort, column, descending):
    values = list(_list_cases("all", sort=sort)[column])
    assert values == sorted(values, reverse=descending)


def test_region_is_matched_as_a_whole_word():
    assert all("hand" in names.split() for names in _list_cases("all", "hand")["regions"])
    assert case_list.regions_of(_make_predictions()) == ["hand", "leg"]


def test_previous_and_next_case():
    assert case_list.neighbours(["a", "b", "c"], "b") == (1, "a", "c")
    assert case_list.neighbours(["a", "b"], "a") == (0, None, "b")
    assert case_list.neighbours(["a", "b"], "b") == (1, "a", None)
    assert case_list.neighbours(["a"], "gone") == (None, None, "a")
    assert case_list.neighbours([], "gone") == (None, None, None)


def test_cases_are_divided_into_pages():
    assert [case_list.page_count(count) for count in (0, 1, 12, 13)] == [1, 1, 1, 2]
    assert [case_list.page_of_case(index) for index in (0, 11, 12)] == [0, 0, 1]


def test_csv_contains_the_listed_cases():
    cases = _list_cases("errors")
    exported = pd.read_csv(BytesIO(case_list.cases_to_csv(cases, BALANCED, "fracture")))
    assert list(exported["id"]) == list(cases["id"])
    assert set(exported["kind"]) == {"missed fracture", "false alarm"}
    assert exported["threshold"].unique() == pytest.approx([BALANCED])


def test_csv_contains_no_formula():
    cases = _list_cases("errors").assign(group="=1+1")
    content = case_list.cases_to_csv(cases, BALANCED, "fracture")
    assert set(pd.read_csv(BytesIO(content))["group"]) == {"'=1+1"}


@pytest.mark.parametrize(
    ("position", "threshold"), [(0.3, BALANCED), (0.301, 0.301), (0.299, 0.299), (0.0, 0.0), (1.0, 1.0)]
)
def test_slider_value_of_the_card_is_its_exact_threshold(position, threshold):
    assert failures_state.threshold_at(position, BALANCED) == threshold


@pytest.mark.parametrize(
    ("text", "value"), [("0.25", 0.25), ("", None), ("nan", None), ("2", None), ("-1", None), ("x", None)]
)
def test_threshold_in_a_url_must_be_a_probability(text, value):
    assert failures_state.parse_threshold(text) == value


def test_percentages_are_rounded():
    texts = [matrix.percent_text(count, 200) for count in (0, 1, 100, 199, 200)]
    assert texts == ["0%", "0.5%", "50%", "99.5%", "100%"]
    assert matrix.percent_text(0, 0) == "none"


def test_intervals_in_words():
    assert measures.interval_text(Interval(0.5, 0.4, 0.6, 9)) == "0.40–0.60"
    assert measures.interval_text(Interval(0.1, -0.2, 0.4, 9)) == "−0.20 to 0.40"
    assert measures.interval_text(Interval.unknown(3)) == "not measurable"
    assert measures.interval_text(Interval(1.0, math.nan, math.nan, 3)) == "no interval"


def test_error_names_the_missing_image(tmp_path):
    with pytest.raises(DataError, match=r"test/film000\.png"):
        data_folder.folder_holding(str(tmp_path), "test/film000.png")
    for invalid in ("\0", "x" * 5000, "~nobody-of-this-name/x"):
        with pytest.raises(DataError):
            data_folder.folder_holding(invalid, "test/film000.png")
    assert data_folder.folder_holding("  ", "test/film000.png") is None


def test_metrics_of_the_page_equal_those_of_scikit_learn(models_folder):
    page = open_failures_page(model="full", matrix="threshold", tab="Metrics")
    table = _make_predictions()
    expected = predictions.read_predictions(models_folder / "full" / "predictions.csv").query(
        "split == 'test'"
    )
    tn, fp, fn, tp = confusion_matrix(table["label"], expected["probability"] >= BALANCED).ravel()
    counts = {"tp": tp, "fn": fn, "fp": fp, "tn": tn}
    for name, kind in CELL_KINDS.items():
        assert page.button(key=f"failures-cell-{kind}").label.startswith(f"**{counts[name]}**")
    assert (
        f'<td class="value">{roc_auc_score(expected["label"], expected["probability"]):.2f}</td>'
        in page_html(page)
    )
    assert "60 images, 30 with a fracture, in 20 groups" in page_html(page)


def test_threshold_updates_the_page_and_resets(models_folder):
    page = open_failures_page(model="full", matrix="threshold", tab="Metrics")
    before = [page.button(key=f"failures-cell-{kind}").label for kind in CELL_KINDS.values()]
    page.slider[0].set_value(0.9)
    rerun(page)
    table = predictions.read_predictions(models_folder / "full" / "predictions.csv").query("split == 'test'")
    moved = summarise(table["label"], table["probability"], table["group"], 0.9)
    assert page.button(key="failures-cell-missed-fracture").label.startswith(f"**{moved.confusion.fn}**")
    assert measures.interval_text(moved.sensitivity) in page_html(page)
    assert _url_parameter(page, "threshold") == "0.900"
    page.button(key="failures_reset").click()
    rerun(page)
    assert [page.button(key=f"failures-cell-{kind}").label for kind in CELL_KINDS.values()] == before


@pytest.mark.parametrize("kind", CELL_KINDS.values())
def test_cell_lists_its_cases(models_folder, kind):
    page = open_failures_page(model="full", matrix="threshold", tab="Metrics")
    page.button(key=f"failures-cell-{kind}").click()
    rerun(page)
    expected = [case_list.short_name(case) for case in _list_cases(kind)["id"]][: case_list.PAGE_SIZE]
    assert _card_labels(page) == expected
    assert _url_parameter(page, "kind") == kind


def test_case_opens_without_its_image_and_asks_for_the_dataset_folder(models_folder):
    page = open_failures_page(model="full")
    page.button(key="failures-open-0").click()
    rerun(page)
    first, second = _list_cases("errors")["id"][:2]
    assert _url_parameter(page, "case") == first
    assert any("Enter the dataset folder" in str(element.value) for element in page.info)
    page.button(key="failures_next").click()
    rerun(page)
    assert _url_parameter(page, "case") == second
    page.button(key="failures_back").click()
    rerun(page)
    assert len(_card_labels(page)) == case_list.PAGE_SIZE


def test_link_opens_the_same_view(models_folder):
    case = _list_cases("true-negative", "leg", "id")["id"].iloc[1]
    page = open_failures_page(model="full", kind="true-negative", region="leg", sort="id", case=case)
    assert f"Image {case_list.short_name(case)}" in [element.value for element in page.subheader]
    assert "2 of " in page_html(page)
    assert _url_parameter(page, "region") == "leg"


def test_link_to_a_missing_model_shows_a_warning(models_folder):
    page = open_failures_page(model="gone", kind="nonsense", region="tail", case="nothing", threshold="x")
    assert any("gone" in str(element.value) for element in page.warning)


def test_model_without_predictions_shows_the_command_to_evaluate_it(models_folder):
    page = open_failures_page(model="bare")
    assert any(
        "python -m fracture_core evaluate --model bare" in str(element.value).replace("\\", "")
        for element in page.info
    )


def test_folder_without_the_images_shows_a_warning(models_folder, tmp_path):
    page = open_failures_page(model="full")
    page.text_input[0].set_value(str(tmp_path / "nowhere"))
    rerun(page)
    assert any("test/film000.png" in str(element.value).replace("\\", "") for element in page.warning)


def test_thumbnails_show_boxes_and_heatmaps_on_request(store, phantoms, monkeypatch, ids_of_test_images):
    boxes_of_case = {
        case: ((0.1, 0.2, 0.3, 0.6),) for case in ids_of_test_images if case.startswith("fractured")
    }
    monkeypatch.setattr(case_images, "true_boxes", lambda root: boxes_of_case)
    page = open_failures_page(model="tiny", kind="all")
    page.text_input[0].set_value(str(phantoms))
    rerun(page)
    assert 'class="overlaid"' not in page_html(page)
    page.toggle(key="failures_annotated").set_value(True).run()
    boxes = page_html(page).count('class="box annotated"')
    assert boxes == page_html(page).count("truth: fracture") > 0
    assert re.search(
        r'class="box annotated" style="left:[\d.]+%;top:20.00%;width:[\d.]+%;height:40.00%"', page_html(page)
    )
    page.toggle(key="failures_heatmaps").set_value(True)
    rerun(page)
    assert page_html(page).count('class="layer"') > 0
    assert page_html(page).count('class="box annotated"') == boxes
    page.segmented_control(key="failures_size").set_value("Large")
    rerun(page)
    assert len(_card_labels(page)) == 6


def test_images_appear_once_the_folder_is_entered(models_folder, tmp_path):
    folder = tmp_path / "films" / "test"
    folder.mkdir(parents=True)
    for path in _make_predictions()["path"]:
        Image.fromarray(np.full((40, 30), 90, np.uint8)).save(tmp_path / "films" / path)
    page = open_failures_page(model="full")
    page.text_input[0].set_value(str(tmp_path / "films"))
    rerun(page)
    assert page_html(page).count("data:image/png;base64") == case_list.PAGE_SIZE


def test_page_without_models_shows_a_message(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(tmp_path))
    page = open_failures_page()
    assert any("no model on this computer" in str(element.value) for element in page.info)


def test_model_of_abnormalities_does_not_mention_fractures(models_folder):
    card = ModelCard.load(models_folder / "full" / "card.json")
    replace(card, data=replace(card.data, finding="abnormality")).save(models_folder / "full" / "card.json")
    page = open_failures_page(model="full")
    html = page_html(page)
    assert "abnormality suspected" in html
    assert "<b>no abnormality</b>" in html
    assert "60 images, 30 with an abnormality" in html
    shutil.copytree(models_folder / "full", models_folder / "second")
    case = {"case": "test/film003", "kind": "all", "with": "second"}
    for view in ({"matrix": "threshold"}, case, *({"tab": tab} for tab in failures_state.TABS)):
        contents = " ".join(str(element.proto) for element in open_failures_page(model="full", **view).main)
        # Keys and URLs keep the word, which has no blank before it there.
        assert not re.search(r"[ “(]fractures?\b", contents), view


def test_csv_of_an_abnormality_model_names_the_abnormality(models_folder):
    content = case_list.cases_to_csv(_list_cases("errors"), BALANCED, "abnormality")
    assert set(pd.read_csv(BytesIO(content))["kind"]) == {"missed abnormality", "false alarm"}


def test_image_is_found_in_an_unpacked_archive_and_beside_a_manifest(tmp_path):
    film = tmp_path / "archive" / "set" / "test" / "film000.png"
    film.parent.mkdir(parents=True)
    film.touch()
    assert data_folder.folder_holding(str(tmp_path), "test/film000.png") == tmp_path / "archive" / "set"
    (tmp_path / "archive" / "set" / "films.csv").touch()
    named = data_folder.folder_holding(str(tmp_path / "archive" / "set" / "films.csv"), "test/film000.png")
    assert named == tmp_path / "archive" / "set"


def test_manifest_of_another_folder_names_the_dataset(tmp_path):
    dataset = tmp_path / "set"
    for kind in ("normal", "fractured"):
        save_image(dataset / kind / "1.png", small_phantom(1, kind == "fractured"))
    (tmp_path / "splits").mkdir()
    manifest = tmp_path / "splits" / "clean.csv"
    lines = ["path,label,set_root,set_layout"]
    lines += [f"{path},{path.parent.name},{dataset},folders" for path in sorted(dataset.glob("*/*.png"))]
    manifest.write_text("\n".join(lines))
    assert data_folder.folder_holding(str(manifest), "normal/1.png") == dataset
    with pytest.raises(DataError, match="does not contain the image"):
        data_folder.folder_holding(str(manifest), "normal/9.png")
    manifest.write_text("no manifest")
    with pytest.raises(DataError, match="does not contain the image"):
        data_folder.folder_holding(str(manifest), "normal/1.png")


def _miss_hand_fractures(models_folder: Path) -> pd.DataFrame:
    """Write predictions that miss every hand fracture for the model `full`, and return them."""
    table = _make_predictions(240)
    table["regions"] = ["hand", "hand", "leg", "leg", "hand leg", "hand leg", "", ""] * 30
    missed = table["regions"].str.contains("hand") & (table["label"] == 1)
    table.loc[missed, "probability"] = 0.01
    return predictions.write_predictions(models_folder / "full" / "predictions.csv", table)


def _subgroup_names(page: AppTest) -> list[str]:
    return [name for element in page.dataframe for name in element.value["Subgroup"]]


def test_weak_subgroup_is_found_without_the_images(models_folder):
    table = _miss_hand_fractures(models_folder)
    page = open_failures_page(model="full", tab="Subgroups")
    (sentence,) = subgroup_sentences(analyse_subgroups(table, BALANCED))
    assert sentence.startswith("The model misses all hand fractures (100%, 95% CI ")
    assert sentence in page_html(page)
    assert {"Region: hand", "Region: leg"} <= set(_subgroup_names(page))
    assert any("Enter the dataset folder" in str(element.value) for element in page.caption)
    frame = page.dataframe[0].value.set_index("Subgroup")
    assert frame.loc["Region: hand", "Differs"] == "misses more"
    assert frame.loc["Region: hand", "Sensitivity"] == 0


def test_subgroups_follow_the_threshold(models_folder):
    table = _miss_hand_fractures(models_folder)
    page = open_failures_page(model="full", tab="Subgroups")
    page.slider[0].set_value(0.005)
    rerun(page)
    assert subgroup_sentences(analyse_subgroups(table, 0.005))[0] in page_html(page)
    assert "misses all hand fractures" not in page_html(page)


def test_subgroup_filters_the_list_and_is_in_the_url(models_folder):
    table = _miss_hand_fractures(models_folder)
    page = open_failures_page(model="full", kind="all", sort="id", tab="Subgroups")
    page.selectbox(key="failures_slice").set_value("Region: hand")
    rerun(page)
    hands = table[table["regions"].str.contains("hand")]
    assert f"All images (Region: hand): {len(hands)} of 240 test images" in page_html(page)
    assert _card_labels(page) == [
        case_list.short_name(case) for case in sorted(hands["id"])[: case_list.PAGE_SIZE]
    ]
    assert _url_parameter(page, "slice") == "Region: hand"
    page.button(key="failures_all_subgroups").click()
    rerun(page)
    assert "All images: 240 of 240" in page_html(page)
    linked = open_failures_page(model="full", kind="all", slice="Region: hand")
    assert "All images (Region: hand)" in page_html(linked)
    assert "All images: 240 of 240" in page_html(
        open_failures_page(model="full", kind="all", slice="Region: tail")
    )


def test_linked_subgroup_waits_for_the_measurement_of_its_images(models_folder, tmp_path):
    table = _miss_hand_fractures(models_folder)
    (tmp_path / "films" / "test").mkdir(parents=True)
    for number, path in enumerate(table["path"]):
        grey = np.full((40, 30 + 20 * (number % 2)), 60, np.uint8)
        Image.fromarray(grey).save(tmp_path / "films" / path)
    present, absent = "Resolution: 50 pixels or more", "Brightness: mean brightness is 99% or more"
    for name in (present, absent):
        recent_folders = tmp_path / "runs" / ".folders.json"
        recent_folders.unlink(missing_ok=True)
        page = open_failures_page(model="full", kind="all", slice=name)
        (message,) = [
            str(element.value).replace("\\", "")
            for element in page.info
            if "is unknown until" in str(element.value)
        ]
        assert message.startswith(f"Subgroup “{name}” is unknown until the dataset folder is entered")
        assert _url_parameter(page, "slice") == name
        assert "All images: 240 of 240" in page_html(page)
        page.text_input(key="failures_folder full").set_value(str(tmp_path / "films"))
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            rerun(page)
            if not any("is unknown until" in str(element.value).replace("\\", "") for element in page.info):
                break
        warned = any(
            f"has no subgroup “{absent}”" in str(element.value).replace("\\", "") for element in page.warning
        )
        assert warned == (name == absent)
        assert f"All images{f' ({present}): 120' if name == present else ': 240'} of 240" in page_html(page)
        assert ("slice" in page.query_params) == (name == present)


def test_table_row_of_the_chosen_subgroup_is_selected(models_folder):
    _miss_hand_fractures(models_folder)
    page = open_failures_page(model="full", slice="Region: leg", tab="Subgroups")
    rows = page.session_state["failures_slice_rows 1"]["selection"]["rows"]
    assert [_subgroup_names(page)[row] for row in rows] == ["Region: leg"]
    page = open_failures_page(model="full", tab="Subgroups")
    assert page.session_state["failures_slice_rows 1"]["selection"]["rows"] == []


@pytest.mark.parametrize(("rows", "chosen"), [([1], "Region: leg"), ([], "")])
def test_selected_table_row_chooses_its_subgroup(monkeypatch, rows, chosen):
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
    start = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(start.wait)
        monkeypatch.setattr(subgroups, "_pool", lambda: pool)
        first = subgroups._found("left", 0.3, (), _make_predictions(), None)
        subgroups._cancel_previous(first)
        second = subgroups._found("left", 0.4, (), _make_predictions(), None)
        subgroups._cancel_previous(second)
        assert (first.cancelled(), second.cancelled()) == (True, False)
        third = subgroups._found("left", 0.3, (), _make_predictions(), None)
        subgroups._cancel_previous(third)
        assert (third.cancelled(), second.cancelled()) == (False, True)
        start.set()
        assert third.result().single


def test_measured_images_add_subgroups(models_folder, tmp_path):
    table = _miss_hand_fractures(models_folder)
    (tmp_path / "films" / "test").mkdir(parents=True)
    for number, path in enumerate(table["path"]):
        grey = np.full((40, 30 + 20 * (number % 2)), 60 + number % 100, np.uint8)
        Image.fromarray(grey).save(tmp_path / "films" / path)
    page = open_failures_page(model="full", tab="Subgroups")
    page.session_state["failures_folder full"] = str(tmp_path / "films")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        rerun(page)
        if any(name.startswith("Brightness") for name in _subgroup_names(page)):
            break
    assert {"Resolution: below 50 pixels", "Resolution: 50 pixels or more"} <= set(_subgroup_names(page))
    # All pixels of an image are equal, so the contrast is always zero.
    assert not any("Contrast" in name for name in _subgroup_names(page))


def test_subgroups_of_an_abnormality_dataset_do_not_mention_fractures(models_folder):
    _miss_hand_fractures(models_folder)
    card = ModelCard.load(models_folder / "full" / "card.json")
    replace(card, data=replace(card.data, finding="abnormality")).save(models_folder / "full" / "card.json")
    assert "misses all hand abnormalities (100%" in page_html(
        open_failures_page(model="full", tab="Subgroups")
    )
