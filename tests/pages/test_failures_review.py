"""Reviews on the failures page without a browser."""

import pytest
from failures_page import opened, run, words
from streamlit.testing.v1 import AppTest

from fracture_core.evaluation import Interval
from fracture_core.review import ANNOTATIONS, Review, ReviewerAgreement, ReviewStore
from pages.components.common import review_summary

TIME = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def reviews(store, tmp_path, monkeypatch) -> ReviewStore:
    """Of the films of the model `tiny`."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SECOND_LOOK_DATASET", raising=False)
    return ReviewStore.for_model(tmp_path / "runs", "tiny")


@pytest.fixture
def tested(store) -> list[str]:
    """Ids of the test films."""
    table = store.predictions("tiny")
    return list(table["id"][table["split"] == "test"])


def _press(test: AppTest, key: str) -> None:
    test.button(key=key).click()
    run(test)


def _stands(reviews: ReviewStore) -> list[tuple[str, str, str, str]]:
    return [(review.case, review.mark, review.note, review.reviewer) for review in reviews.all()]


def test_a_film_is_marked_and_the_mark_taken_back(reviews, tested):
    test = opened(model="tiny", kind="all", case=tested[0])
    assert test.button(key="failures_mark 1").disabled
    test.text_input(key="failures_reviewer").set_value(" A  B ")
    run(test)
    test.text_input(key=f"failures_note tiny {tested[0]} A B").set_value("why")
    run(test)
    assert _stands(reviews) == []
    _press(test, "failures_mark 1")
    _press(test, "failures_mark 7")
    assert _stands(reviews) == [(tested[0], "correct", "why", "A B")]
    test.text_input(key=f"failures_note tiny {tested[0]} A B").set_value("better")
    run(test)
    assert _stands(reviews) == [(tested[0], "correct", "better", "A B")]
    _press(test, "failures_undo")
    assert test.text_input(key=f"failures_note tiny {tested[0]} A B").value == "why"
    _press(test, "failures_undo")
    assert _stands(reviews) == [(tested[0], "label wrong", "why", "A B")]
    _press(test, "failures_undo")
    assert _stands(reviews) == []
    assert test.button(key="failures_undo").disabled


def test_the_name_stays_and_the_note_does_not(reviews, tested):
    test = opened(model="tiny", kind="all", sort="id", case=tested[0])
    test.text_input(key="failures_reviewer").set_value("A")
    run(test)
    test.text_input(key=f"failures_note tiny {tested[0]} A").set_value("why")
    run(test)
    _press(test, "failures_mark 2")
    _press(test, "failures_next")
    assert test.text_input(key="failures_reviewer").value == "A"
    _press(test, "failures_mark 3")
    assert [(mark, note) for _, mark, note, _ in _stands(reviews)] == [("subtle", "why"), ("artefact", "")]


def _rename(test: AppTest, old: str, new: str) -> None:
    test.selectbox(key="failures_old_name").set_value(old)
    test.text_input(key="failures_new_name").set_value(new)
    next(found for found in test.button if found.label == "Rename").click()
    run(test)


def test_reviewer_is_renamed_and_merged_after_a_question(reviews, tested):
    reviews.add_annotation(tested[0], "subtle", "Anna2")
    reviews.add_annotation(tested[1], "subtle", "Anna2")
    test = opened(model="tiny", kind="all")
    test.session_state["failures_reviews"] = True
    test.session_state["failures_reviewer"] = "Anna2"
    run(test)
    _rename(test, "Anna2", "Anna3")
    assert {review.reviewer for review in reviews.all()} == {"Anna3"}
    assert [found.value.replace("\\", "") for found in test.success] == [
        "Renamed “Anna2” to “Anna3”. Marks moved: 2."
    ]
    assert test.session_state["failures_reviewer"] == "Anna3"

    reviews.add_annotation(tested[0], "correct", "Anna")
    run(test)
    before = reviews.all()
    _rename(test, "Anna3", "Anna")
    (question,) = (found.value.replace("\\", "") for found in test.warning)
    assert "2 marks of “Anna3” will move to “Anna”. 1 image was marked under both names" in question
    assert reviews.all() == before
    _press(test, "failures_merge_no")
    assert (list(test.warning), reviews.all()) == ([], before)
    _rename(test, "Anna3", "Anna")
    _press(test, "failures_merge")
    assert sorted((review.case, review.mark, review.reviewer) for review in reviews.all()) == sorted(
        [(tested[0], "correct", "Anna"), (tested[1], "subtle", "Anna")]
    )


def test_new_name_that_cannot_be_used_is_refused(reviews, tested):
    reviews.add_annotation(tested[0], "subtle", "Anna2")
    before = reviews.all()
    test = opened(model="tiny", kind="all")
    test.session_state["failures_reviews"] = True
    run(test)
    _rename(test, "Anna2", "  ")
    assert ["The reviewer name" in found.value for found in test.error] == [True]
    assert reviews.all() == before


def test_what_others_say_is_shown_as_they_wrote_it(reviews, tested):
    reviews.add_annotation(tested[0], "growth plate", "<i>B</i>", "<script>")
    test = opened(model="tiny", kind="all", case=tested[0])
    assert "<b>&lt;i&gt;B&lt;/i&gt;</b>: growth plate “&lt;script&gt;”" in words(test)
    assert "No other reviewer" not in words(test)


@pytest.mark.parametrize(("wanted", "count"), [("subtle", 1), ("marked", 2), ("correct", 0)])
def test_the_list_keeps_films_by_mark(reviews, tested, wanted, count):
    reviews.add_annotation(tested[0], "subtle", "A")
    reviews.add_annotation(tested[1], "hardware", "A")
    test = opened(model="tiny", kind="all", review=wanted)
    assert f"{review_summary.REVIEW_FILTERS[wanted]}: {count} of {len(tested)} test images" in words(test)
    found = test.query_params["review"]
    assert found in (wanted, [wanted])


def test_films_not_marked_yet(reviews, tested):
    reviews.add_annotation(tested[0], "subtle", "A")
    assert f"not marked yet: {len(tested) - 1} of" in words(
        opened(model="tiny", kind="all", review="unmarked")
    )


def test_a_broken_file_of_reviews_is_said_and_the_numbers_stay(reviews, tested):
    reviews.path.parent.mkdir(parents=True)
    reviews.path.write_text("no database at all, but long enough to be looked at")
    for params in ({}, {"kind": "all", "case": tested[0]}):
        test = opened(model="tiny", **params)
        assert any("cannot be read" in str(found.value).replace("\\", "") for found in test.error)
        assert test.button(key="failures-cell-missed-fracture")


def test_counts_and_agreement_in_words():
    marks = [Review("1", "subtle", "", name, TIME) for name in ("A", "B&C")]
    assert review_summary.summary_text(marks) == "2 marks on 1 image by 2 reviewers."
    table = review_summary.counts_html(marks)
    assert '<th scope="col">B&amp;C</th>' in table
    assert '<th scope="row">subtle</th><td>1</td><td>1</td><td>1</td>' in table
    assert all(mark in table for mark in ANNOTATIONS)
    pairs = [
        ReviewerAgreement("A", "B", 3, Interval(0.4, 0.1, 0.7, 5)),
        ReviewerAgreement("A", "C", 2, Interval.unknown(2)),
        ReviewerAgreement("B", "C", 0, Interval.unknown()),
    ]
    words = review_summary.agreement_html(pairs)
    assert "<td>3 of 5</td><td>0.40 (95% CI 0.10–0.70, n = 5)</td>" in words
    assert "undefined: both used a single mark" in words
    assert "undefined: no image marked by both" in words
    assert "when two reviewers" in review_summary.agreement_html([])
