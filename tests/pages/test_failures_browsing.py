"""Sort orders, related cases, links and the second model of the Failures page."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from fracture_core.evaluation import Thresholds
from pages.components.audit import jobs as audit_jobs
from pages.components.failures import case_list, model_comparison, related_cases, state
from pages.components.failures.model_comparison import SecondModel

THRESHOLDS = Thresholds(0.2, 0.6, 0.95, 0.95, 0.3)


@pytest.fixture
def predictions() -> pd.DataFrame:
    """Predictions of five test images, two of them in one group."""
    return pd.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e"],
            "path": [f"{name}.png" for name in "abcde"],
            "split": "test",
            "group": ["1", "1", "2", "", ""],
            "regions": ["leg", "hand", "", "hand", "hip"],
            "label": [1, 0, 1, 0, 1],
            "logit": 0.0,
            "probability": [0.02, 0.9, 0.7, 0.25, 0.0],
        }
    )


def _order(predictions: pd.DataFrame, sort: str, kind: str = "all") -> str:
    cells = case_list.with_cells(predictions, 0.3, THRESHOLDS)
    if sort == case_list.SIMILARITY_SORT:
        cells["distance"] = [0.4, 0.1, np.inf, 0.0, 1.5]
    return "".join(case_list.filter_cases(cells, kind, "", sort)["id"])


def test_sort_orders(predictions):
    assert _order(predictions, "loss") == "eabcd"
    assert _order(predictions, "like") == "dbaec"
    regions = [
        dict(zip(predictions["id"], predictions["regions"], strict=True))[x]
        for x in _order(predictions, "region")
    ]
    assert regions == sorted(regions)


def test_loss_equals_log_loss_of_scikit_learn(predictions):
    predictions = predictions[predictions["probability"] > 0]
    losses = case_list.log_loss(predictions["label"], predictions["probability"])
    assert losses.mean() == pytest.approx(log_loss(predictions["label"], predictions["probability"]))
    assert np.isfinite(case_list.log_loss([1], [0.0])).all()


def test_uncertain_cases_are_listed_by_label(predictions):
    assert _order(predictions, "id", case_list.UNCERTAIN_OTHER) == "d"
    assert _order(predictions, "id", case_list.UNCERTAIN_FRACTURE) == ""


def test_page_url_contains_all_parameters():
    url = state.page_url("http://here/failures", {"model": "m", "slice": "Region: hand", "case": "x/ä.png"})
    assert url == "http://here/failures?model=m&slice=Region%3A+hand&case=x%2F%C3%A4.png"


def test_duplicates_come_before_the_group_and_leaks_first(predictions):
    all_predictions = pd.concat([predictions, predictions.tail(1).assign(id="v", split="val", group="1")])
    duplicate_groups = [
        [
            {"id": name, "label": 1, "split": "", "path": "", "same_bytes": True}
            for name in ("z", "t", "a", "c")
        ],
        [{"id": "d", "label": 0, "split": "", "path": "", "same_bytes": True}],
    ]
    row = predictions.iloc[0].to_dict()
    related = related_cases.find_related(row, all_predictions, duplicate_groups, frozenset("t"))
    assert [(case.case, case.split, case.why) for case in related] == [
        ("t", "train", "copy"),
        ("z", "", "copy"),
        ("c", "test", "copy"),
        ("v", "val", "group"),
        ("b", "test", "group"),
    ]
    html = related_cases.related_html(related, "abnormality")
    assert '<li class="leak"><b>t</b>: duplicate, training image, abnormality' in html
    assert html.count("leak") == 1
    assert related_cases.find_related(predictions.iloc[3].to_dict(), all_predictions, None, frozenset()) == []


@pytest.mark.parametrize("audited", ["films", "wrapped", "films.csv", None])
def test_audit_is_found_by_any_path_of_its_folder(monkeypatch, tmp_path, audited):
    (tmp_path / "wrapped" / "films").mkdir(parents=True)
    (tmp_path / "films").symlink_to(tmp_path / "wrapped" / "films")
    audited_path = {"films": tmp_path / "wrapped" / "films", None: tmp_path}.get(
        audited, tmp_path / str(audited)
    )
    monkeypatch.chdir(tmp_path)
    # A relative name, as users type it.
    monkeypatch.setenv("SECOND_LOOK_DATASET", audited or "films")
    root = Path("wrapped/films" if audited == "wrapped" else "films")
    job = SimpleNamespace(state=lambda: SimpleNamespace(status="finished"))
    none = SimpleNamespace(state=lambda: SimpleNamespace(status="absent"))
    jobs = {audited_path: job}
    monkeypatch.setattr(audit_jobs, "job_for", lambda data: jobs.get(data, none))
    monkeypatch.setattr(audit_jobs, "load_report", lambda _: {"clusters": [["found"]]})
    groups = related_cases.duplicate_groups(SimpleNamespace(id="m"), root)
    assert groups == ([["found"]] if audited else None)
    assert related_cases.duplicate_groups(SimpleNamespace(id="m"), None) is None


def _second(probability, finding="fracture") -> SecondModel:
    card = SimpleNamespace(title="Other", thresholds=replace(THRESHOLDS, balanced=0.5), finding=finding)
    return SecondModel(card, probability, "One of its own test images.", None)


@pytest.mark.parametrize(
    ("probability_of_first", "probability_of_second", "label", "text"),
    [
        (0.4, 0.6, 1, "Both are correct."),
        (0.1, 0.2, 1, "Both are wrong."),
        (0.4, 0.4, 1, "Only Mine is correct."),  # the other's own threshold is 0.5
        (0.4, 0.4, 0, "Only Other is correct."),
        (0.4, None, 0, "No answer to compare yet."),
    ],
)
def test_text_on_the_agreement_of_two_models(probability_of_first, probability_of_second, label, text):
    own = SimpleNamespace(title="Mine", thresholds=THRESHOLDS, finding="fracture")
    row = {"probability": probability_of_first, "label": label}
    assert model_comparison.agreement_text(_second(probability_of_second), own, row, 0.3) == text
    html = model_comparison.comparison_html(_second(probability_of_second), own, row, 0.3)
    assert ("0.500" in html) == (probability_of_second is not None)


@pytest.mark.parametrize(
    ("dataset_and_split", "case", "text"),
    [
        (("hands", "1"), "a", "One of its own test images"),
        (("hands", "2"), "a", "It was trained on this image."),
        (("hands", "2"), "b", "the model may have been trained on this image"),
        (("feet", "2"), "a", "the model may have been trained on this image"),  # another film of that name
        (None, "a", "the model may have been trained on this image"),
    ],
)
def test_text_on_an_image_without_a_recorded_prediction(dataset_and_split, case, text):
    def card(data):
        return SimpleNamespace(data=data and SimpleNamespace(name=data[0], split_hash=data[1]))

    assert text in model_comparison.unrecorded_text(
        card(("hands", "1")), card(dataset_and_split), case, frozenset("a")
    )


def test_models_of_two_findings_are_not_compared():
    own = SimpleNamespace(title="Mine", thresholds=THRESHOLDS, finding="fracture")
    text = model_comparison.agreement_text(
        _second(0.9, "abnormality"), own, {"probability": 0.4, "label": 1}, 0.3
    )
    assert text == "Not comparable: one model detects fracture, the other abnormality."
