"""Reviews on the Failures page without a browser."""

import pytest
from failures_page import open_failures_page, page_html, rerun
from streamlit.testing.v1 import AppTest

from fracture_core.evaluation import Interval
from fracture_core.review import ANNOTATIONS, Review, ReviewerAgreement, ReviewStore
from pages.components.common import review_summary

TIME = "2026-01-01T00:00:00+00:00"


def _press(page: AppTest, key: str) -> None:
    page.button(key=key).click()
    rerun(page)


def _stored_marks(reviews: ReviewStore) -> list[tuple[str, str, str, str]]:
    return [(review.case, review.mark, review.note, review.reviewer) for review in reviews.all()]


def test_case_is_marked_and_each_mark_undone(review_store, ids_of_test_images):
    page = open_failures_page(model="tiny", kind="all", case=ids_of_test_images[0])
    assert page.button(key="failures_mark 1").disabled
    page.text_input(key="failures_reviewer").set_value(" A  B ")
    rerun(page)
    page.text_input(key=f"failures_note tiny {ids_of_test_images[0]} A B").set_value("why")
    rerun(page)
    assert _stored_marks(review_store) == []
    _press(page, "failures_mark 1")
    _press(page, "failures_mark 7")
    assert _stored_marks(review_store) == [(ids_of_test_images[0], "correct", "why", "A B")]
    page.text_input(key=f"failures_note tiny {ids_of_test_images[0]} A B").set_value("better")
    rerun(page)
    assert _stored_marks(review_store) == [(ids_of_test_images[0], "correct", "better", "A B")]
    _press(page, "failures_undo")
    assert page.text_input(key=f"failures_note tiny {ids_of_test_images[0]} A B").value == "why"
    _press(page, "failures_undo")
    assert _stored_marks(review_store) == [(ids_of_test_images[0], "label wrong", "why", "A B")]
    _press(page, "failures_undo")
    assert _stored_marks(review_store) == []
    assert page.button(key="failures_undo").disabled


def test_next_case_keeps_the_reviewer_but_not_the_note(review_store, ids_of_test_images):
    page = open_failures_page(model="tiny", kind="all", sort="id", case=ids_of_test_images[0])
    page.text_input(key="failures_reviewer").set_value("A")
    rerun(page)
    page.text_input(key=f"failures_note tiny {ids_of_test_images[0]} A").set_value("why")
    rerun(page)
    _press(page, "failures_mark 2")
    _press(page, "failures_next")
    assert page.text_input(key="failures_reviewer").value == "A"
    _press(page, "failures_mark 3")
    assert [(mark, note) for _, mark, note, _ in _stored_marks(review_store)] == [
        ("subtle", "why"),
        ("artefact", ""),
    ]


def _rename(page: AppTest, old: str, new: str) -> None:
    page.selectbox(key="failures_old_name").set_value(old)
    page.text_input(key="failures_new_name").set_value(new)
    next(button for button in page.button if button.label == "Rename").click()
    rerun(page)


def test_reviewer_is_renamed_and_merged_after_confirmation(review_store, ids_of_test_images):
    review_store.add_annotation(ids_of_test_images[0], "subtle", "Anna2")
    review_store.add_annotation(ids_of_test_images[1], "subtle", "Anna2")
    page = open_failures_page(model="tiny", kind="all", tab="Reviews")
    page.session_state["failures_reviewer"] = "Anna2"
    rerun(page)
    _rename(page, "Anna2", "Anna3")
    assert {review.reviewer for review in review_store.all()} == {"Anna3"}
    assert [element.value.replace("\\", "") for element in page.success] == [
        "Renamed “Anna2” to “Anna3”. Marks moved: 2."
    ]
    assert page.session_state["failures_reviewer"] == "Anna3"

    review_store.add_annotation(ids_of_test_images[0], "correct", "Anna")
    rerun(page)
    before = review_store.all()
    _rename(page, "Anna3", "Anna")
    (question,) = (element.value.replace("\\", "") for element in page.warning)
    assert "2 marks of “Anna3” will move to “Anna”. 1 image was marked under both names" in question
    assert review_store.all() == before
    _press(page, "failures_merge_no")
    assert (list(page.warning), review_store.all()) == ([], before)
    _rename(page, "Anna3", "Anna")
    _press(page, "failures_merge")
    assert sorted((review.case, review.mark, review.reviewer) for review in review_store.all()) == sorted(
        [(ids_of_test_images[0], "correct", "Anna"), (ids_of_test_images[1], "subtle", "Anna")]
    )


def test_invalid_new_name_is_refused(review_store, ids_of_test_images):
    review_store.add_annotation(ids_of_test_images[0], "subtle", "Anna2")
    before = review_store.all()
    page = open_failures_page(model="tiny", kind="all", tab="Reviews")
    rerun(page)
    _rename(page, "Anna2", "  ")
    assert ["The reviewer name" in element.value for element in page.error] == [True]
    assert review_store.all() == before


def test_marks_of_other_reviewers_are_shown_with_escaped_text(review_store, ids_of_test_images):
    review_store.add_annotation(ids_of_test_images[0], "growth plate", "<i>B</i>", "<script>")
    page = open_failures_page(model="tiny", kind="all", case=ids_of_test_images[0])
    assert "<b>&lt;i&gt;B&lt;/i&gt;</b>: growth plate “&lt;script&gt;”" in page_html(page)
    assert "No other reviewer" not in page_html(page)


def test_tags_are_added_beside_the_mark(review_store, ids_of_test_images):
    page = open_failures_page(model="tiny", kind="all", case=ids_of_test_images[0])
    page.text_input(key="failures_reviewer").set_value("Ada").run()
    assert not page.pills
    page.button(key="failures_mark 2").click().run()
    page.pills[0].set_value(["hardware"]).run()
    page.pills[0].set_value(["hardware", "growth plate"]).run()
    assert review_store.all()[0].marks == ("subtle", "hardware", "growth plate")
    page.button(key="failures_undo").click().run()
    assert page.pills[0].value == ["hardware"]
    page.button(key="failures_mark 7").click().run()
    assert review_store.all()[0].marks == ("correct", "hardware")
    page = open_failures_page(model="tiny", kind="all", review="hardware")
    assert "hardware: 1 of" in page_html(page)
    assert '<span class="badge">correct</span><span class="badge">hardware</span>' in page_html(page)


@pytest.mark.parametrize(("review_filter", "count"), [("subtle", 1), ("marked", 2), ("correct", 0)])
def test_list_is_filtered_by_mark(review_store, ids_of_test_images, review_filter, count):
    review_store.add_annotation(ids_of_test_images[0], "subtle", "A")
    review_store.add_annotation(ids_of_test_images[1], "hardware", "A")
    page = open_failures_page(model="tiny", kind="all", review=review_filter)
    assert (
        f"{review_summary.REVIEW_FILTERS[review_filter]}: {count} of {len(ids_of_test_images)} test images"
        in page_html(page)
    )
    value_in_url = page.query_params["review"]
    assert value_in_url in (review_filter, [review_filter])


def test_list_is_filtered_by_unmarked_cases(review_store, ids_of_test_images):
    review_store.add_annotation(ids_of_test_images[0], "subtle", "A")
    assert f"not marked yet: {len(ids_of_test_images) - 1} of" in page_html(
        open_failures_page(model="tiny", kind="all", review="unmarked")
    )


def test_damaged_review_file_shows_an_error_and_leaves_the_metrics(review_store, ids_of_test_images):
    review_store.path.parent.mkdir(parents=True)
    review_store.path.write_text("no database at all, but long enough to be looked at")
    case = {"kind": "all", "case": ids_of_test_images[0]}
    for params, button in (({"tab": "Reviews"}, "failures-cell-not-seen-fracture"), (case, "failures_back")):
        page = open_failures_page(model="tiny", **params)
        assert any("cannot be read" in str(element.value).replace("\\", "") for element in page.error)
        assert page.button(key=button)


def test_texts_of_counts_and_agreement():
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
    html = review_summary.agreement_html(pairs)
    assert "<td>3 of 5</td><td>0.40 (95% CI 0.10–0.70, n = 5)</td>" in html
    assert "undefined: both used a single mark" in html
    assert "undefined: no image marked by both" in html
    assert "when two reviewers" in review_summary.agreement_html([])
