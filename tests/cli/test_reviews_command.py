"""`reviews`: marks out, in, and into the next training set."""

import pytest

from fracture_core import paths
from fracture_core.datasets import dataset
from fracture_core.review import ReviewStore


@pytest.fixture
def reviews(store, tmp_path, monkeypatch) -> ReviewStore:
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    return ReviewStore.for_model(paths.runs_dir(), "tiny")


def test_marks_leave_and_come_back(command, reviews, tmp_path):
    reviews.add_annotation("1", "subtle", "A", "=1+1")
    before = reviews.all()
    assert command("reviews", "export", "--model", "tiny", tmp_path / "out.csv").status == 0
    reviews.undo("A")
    said = command("reviews", "import", "--model", "tiny", tmp_path / "out.csv")
    assert (said.status, said.out) == (
        0,
        "Imported reviews: 1. Already present: 0. Skipped because a later review is present: 0.\n",
    )
    assert reviews.all() == before


def test_reviewer_is_renamed_and_merged(command, reviews):
    reviews.add_annotation("1", "subtle", "Anna2")
    reviews.add_annotation("2", "artefact", "Anna2")
    done = command("reviews", "rename", "Anna2", "Anna", "--model", "tiny")
    assert (done.status, done.out) == (0, "Renamed “Anna2” to “Anna”. Marks moved: 2.\n")
    reviews.add_annotation("1", "correct", "Ann")
    done = command("reviews", "rename", "Ann", "Anna", "--model", "tiny")
    assert done.status == 0
    assert "1 image was marked under both names" in done.out
    assert {(found.case, found.mark, found.reviewer) for found in reviews.all()} == {
        ("1", "correct", "Anna"),
        ("2", "artefact", "Anna"),
    }


@pytest.mark.parametrize("flip", [False, True])
def test_the_manifest_leaves_the_test_split_alone(command, reviews, phantoms, store, tmp_path, flip):
    told = store.predictions("tiny")
    tested = told["id"][told["split"] == "test"].iloc[0]
    given = {case.id: case for case in dataset.load_dataset(phantoms).cases}
    learnt = next(case for case in given if case not in set(told["id"]))
    for case in (tested, learnt):
        reviews.add_annotation(case, "label wrong", "A")
    out = tmp_path / "next.csv"
    words = ["--model", "tiny", "--data", phantoms, "--out", out, *(["--flip"] if flip else [])]
    said = command("reviews", "manifest", *words)
    assert said.status == 0
    assert f"Wrong labels {'flipped' if flip else 'left out'}: 1." in said.out
    assert "Wrong labels in the test split: 1." in said.out
    after = {case.id: case for case in dataset.load_dataset(out).cases}
    assert (after[tested].label, after[tested].split) == (given[tested].label, "test")
    assert (after[learnt].label == 1 - given[learnt].label) if flip else learnt not in after


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "{tmp}/none.csv"), "Expected reviews in"),
        (("import", "{tmp}/models/tiny/card.json"), "lacks the columns id"),
        (("export", "{tmp}/no/folder.csv"), "Expected to write the reviews to"),
        (("manifest", "--data", "{tmp}", "--out", "{tmp}/x.csv"), "Expected"),
        (("rename", "Nobody", "Anna"), "There are no marks by 'Nobody'"),
    ],
)
def test_what_cannot_be_done_is_said(command, reviews, tmp_path, words, sentence):
    action, *rest = (word.format(tmp=tmp_path) for word in words)
    said = command("reviews", action, "--model", "tiny", *rest)
    assert said.status == 1
    assert sentence in said.err
    assert said.err.count("\n") == 1
