"""The command `reviews`."""

import pytest

from fracture_core import paths
from fracture_core.datasets import dataset
from fracture_core.review import ReviewStore


@pytest.fixture
def reviews(store, tmp_path, monkeypatch) -> ReviewStore:
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    return ReviewStore.for_model(paths.runs_dir(), "tiny")


def test_export_and_import(command, reviews, tmp_path):
    reviews.add_annotation("1", "subtle", "A", "=1+1")
    before = reviews.all()
    assert command("reviews", "export", "--model", "tiny", tmp_path / "out.csv").status == 0
    reviews.undo("A")
    result = command("reviews", "import", "--model", "tiny", tmp_path / "out.csv")
    assert (result.status, result.out) == (
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
def test_the_manifest_keeps_the_test_split(command, reviews, phantoms, store, tmp_path, flip):
    told = store.predictions("tiny")
    tested = told["id"][told["split"] == "test"].iloc[0]
    given = {case.id: case for case in dataset.load_dataset(phantoms).cases}
    learnt = next(case for case in given if case not in set(told["id"]))
    for case in (tested, learnt):
        reviews.add_annotation(case, "label wrong", "A")
    out = tmp_path / "next.csv"
    arguments = ["--model", "tiny", "--data", phantoms, "--out", out, *(["--flip"] if flip else [])]
    result = command("reviews", "manifest", *arguments)
    assert result.status == 0
    assert f"Wrong labels {'flipped' if flip else 'left out'}: 1." in result.out
    assert "Wrong labels in the test split: 1." in result.out
    after = {case.id: case for case in dataset.load_dataset(out).cases}
    assert (after[tested].label, after[tested].split) == (given[tested].label, "test")
    assert (after[learnt].label == 1 - given[learnt].label) if flip else learnt not in after


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "{tmp}/none.csv"), "Cannot read the reviews"),
        (("import", "{tmp}/models/tiny/card.json"), "lacks the columns id, mark, note, reviewer, time"),
        (("export", "{tmp}/no/folder.csv"), "Cannot write the reviews to"),
        (("manifest", "--data", "{tmp}", "--out", "{tmp}/x.csv"), "No known dataset in"),
        (("rename", "Nobody", "Anna"), "There are no marks by 'Nobody'"),
    ],
)
def test_errors_are_one_sentence(command, reviews, tmp_path, arguments, sentence):
    action, *rest = (word.format(tmp=tmp_path) for word in arguments)
    result = command("reviews", action, "--model", "tiny", *rest)
    assert result.status == 1
    assert sentence in result.err
    assert result.err.count("\n") == 1
