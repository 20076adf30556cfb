"""The command `reviews`."""

import pytest

from fracture_core.datasets import dataset


def test_export_and_import(run_command, review_store, tmp_path):
    review_store.add_annotation("1", "subtle", "A", "=1+1")
    before = review_store.all()
    assert run_command("reviews", "export", "--model", "tiny", tmp_path / "out.csv").status == 0
    review_store.undo("A")
    result = run_command("reviews", "import", "--model", "tiny", tmp_path / "out.csv")
    assert (result.status, result.out) == (
        0,
        "Imported reviews: 1. Already present: 0. Skipped because a later review is present: 0.\n",
    )
    assert review_store.all() == before


def test_reviewer_is_renamed_and_merged(run_command, review_store):
    review_store.add_annotation("1", "subtle", "Anna2")
    review_store.add_annotation("2", "artefact", "Anna2")
    result = run_command("reviews", "rename", "Anna2", "Anna", "--model", "tiny")
    assert (result.status, result.out) == (0, "Renamed “Anna2” to “Anna”. Marks moved: 2.\n")
    review_store.add_annotation("1", "correct", "Ann")
    result = run_command("reviews", "rename", "Ann", "Anna", "--model", "tiny")
    assert result.status == 0
    assert "1 image was marked under both names" in result.out
    assert {(review.case, review.mark, review.reviewer) for review in review_store.all()} == {
        ("1", "correct", "Anna"),
        ("2", "artefact", "Anna"),
    }


@pytest.mark.parametrize("flip", [False, True])
def test_the_manifest_keeps_the_test_split(run_command, review_store, phantoms, store, tmp_path, flip):
    predictions = store.predictions("tiny")
    test_id = predictions["id"][predictions["split"] == "test"].iloc[0]
    cases = {case.id: case for case in dataset.load_dataset(phantoms).cases}
    training_id = next(case for case in cases if case not in set(predictions["id"]))
    for case in (test_id, training_id):
        review_store.add_annotation(case, "label wrong", "A")
    out = tmp_path / "next.csv"
    arguments = ["--model", "tiny", "--data", phantoms, "--out", out, *(["--flip"] if flip else [])]
    result = run_command("reviews", "manifest", *arguments)
    assert result.status == 0
    assert f"Wrong labels {'flipped' if flip else 'left out'}: 1." in result.out
    assert "Wrong labels in the test split: 1." in result.out
    after = {case.id: case for case in dataset.load_dataset(out).cases}
    assert (after[test_id].label, after[test_id].split) == (cases[test_id].label, "test")
    assert (after[training_id].label == 1 - cases[training_id].label) if flip else training_id not in after


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
def test_errors_are_one_sentence(run_command, review_store, tmp_path, arguments, sentence):
    action, *rest = (word.format(tmp=tmp_path) for word in arguments)
    result = run_command("reviews", action, "--model", "tiny", *rest)
    assert result.status == 1
    assert sentence in result.err
    assert result.err.count("\n") == 1
