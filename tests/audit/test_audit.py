"""An audit finds what was put there, says it in plain sentences, and finds nothing where nothing is."""

import json
import shutil

import numpy as np
import pytest
from phantom_files import film, save

from fracture_core.audit import Level, audit_dataset
from fracture_core.errors import DataError


def _sentences(found, kind):
    return [finding.sentence for finding in found.findings if finding.kind == kind]


def test_leaks_are_counted_and_told_in_a_sentence(faulty_audit):
    assert _sentences(faulty_audit, "exact_leak") == [
        "1 of 12 test files is also in training, byte for byte."
    ]
    assert _sentences(faulty_audit, "near_leak") == [
        "2 more of the 12 test files show a picture that is also in training, turned, mirrored, scaled or saved again."
    ]
    (near,) = [finding for finding in faulty_audit.findings if finding.kind == "near_leak"]
    assert set(near.ids) == {"test/fractured/turned.jpg", "test/not fractured/mirrored.png"}
    assert near.level is Level.FAULT
    assert faulty_audit.verdict.startswith("Do not trust a test score on this set")
    assert faulty_audit.worst_level is Level.FAULT


def test_the_gravest_comes_first(faulty_audit):
    levels = [list(Level).index(finding.level) for finding in faulty_audit.findings]
    assert levels == sorted(levels)
    assert levels[0] == 0


def test_copies_and_contradictions(faulty_audit):
    # 30 readable files show 26 pictures: 24 films, the cut one, the photograph.
    assert _sentences(faulty_audit, "effective_size") == ["The 30 films show 26 different pictures."]
    # The contradiction is byte for byte the film under the other label.
    assert _sentences(faulty_audit, "exact_copies") == ["2 files are byte for byte a copy of another file."]
    assert _sentences(faulty_audit, "near_copies")[0].startswith("2 more show the picture of another file")
    (contradiction,) = [f for f in faulty_audit.findings if f.kind == "contradictory_labels"]
    assert contradiction.sentence.startswith(
        "1 picture stands under both labels, with and without a fracture"
    )
    assert set(contradiction.ids[0].split(" = ")) == {
        "train/fractured/film05.png",
        "train/not fractured/contradiction.png",
    }


def test_files_that_cannot_serve(faulty_audit):
    by_kind = {finding.kind: finding for finding in faulty_audit.findings}
    assert by_kind["unreadable"].ids == ("train/fractured/broken.png",)
    assert by_kind["truncated"].ids == ("test/not fractured/cut.jpg",)
    assert by_kind["truncated"].sentence == "1 file breaks off before the end of the image."
    assert by_kind["not_radiographs"].ids == ("train/fractured/photo.bmp",)


def test_sizes_tell_files_from_pictures(faulty_audit):
    train, test, both = faulty_audit.sizes
    assert (train.split, train.files, train.originals, train.unreadable) == ("train", 19, 17, 1)
    assert (test.split, test.files, test.originals, test.unreadable) == ("test", 12, 12, 0)
    assert (both.split, both.files, both.originals) == ("all", 31, 26)
    assert (test.positives, test.positive_originals) == (6, 6)


def test_the_report_is_plain_json(faulty_audit, faulty):
    report = json.loads(json.dumps(faulty_audit.to_json()))
    assert report["root"] == str(faulty)
    assert report["classes"] == [["fractured", 1], ["not fractured", 0]]
    assert list(report["unreadable"]) == ["train/fractured/broken.png"]
    groups = [{film["id"] for film in rows} for rows in report["clusters"]]
    assert {"train/fractured/film03.png", "test/fractured/turned.jpg"} in groups
    assert len(groups) == 4
    assert report["paths"]["test/not fractured/cut.jpg"] == "test/not fractured/cut.jpg"


def test_nothing_on_disk_is_changed(faulty):
    before = {path: path.read_bytes() for path in faulty.rglob("*") if path.is_file()}
    audit_dataset(faulty)
    assert {path: path.read_bytes() for path in faulty.rglob("*") if path.is_file()} == before


def test_a_clean_set_is_called_clean(tmp_path):
    for seed in range(24):
        part = ("train", "val", "test")[seed // 8]
        kind = ("normal", "fractured")[seed % 2]
        save(tmp_path / part / kind / f"{seed}.png", film(seed, seed % 2 == 1))
    found = audit_dataset(tmp_path)
    assert {finding.kind for finding in found.findings if finding.level is Level.GOOD} == {
        "splits_good",
        "copies_good",
        "files_good",
    }
    assert not [finding for finding in found.findings if finding.level in (Level.FAULT, Level.WARNING)]
    assert found.verdict == "Nothing was found that would flatter a score on this set."


def test_a_split_with_one_class_is_a_fault(tmp_path):
    for seed in range(12):
        part, kind = ("test", "normal") if seed < 4 else ("train", ("normal", "fractured")[seed % 2])
        save(tmp_path / part / kind / f"{seed}.png", film(seed, kind == "fractured"))
    found = audit_dataset(tmp_path)
    assert "All 4 films of test have one label." in [finding.sentence for finding in found.findings]
    assert "0% of test but 50% of training show a fracture." in [f.sentence for f in found.findings]


def test_groups_on_two_sides_are_told_from_copies(tmp_path):
    lines = ["path,label,split,group"]
    for seed in range(8):
        save(tmp_path / f"{seed}.png", film(seed, seed % 2 == 1))
        lines.append(f"{seed}.png,{seed % 2},{'test' if seed in (0, 1) else 'train'},patient{seed // 4}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    sentences = [finding.sentence for finding in audit_dataset(tmp_path).findings]
    assert (
        "2 of 2 test files belong to 1 group (a patient, a study, copies of a file) with films in training too."
        in sentences
    )


def test_names_that_repeat_are_no_leak(tmp_path):
    for seed in range(8):
        part, kind = ("train", "test")[seed // 4], ("normal", "fractured")[seed % 2]
        save(tmp_path / part / kind / f"{seed % 4}.png", film(seed, seed % 2 == 1))
    assert not [finding for finding in audit_dataset(tmp_path).findings if "leak" in finding.kind]


def test_abnormality_is_called_so(tmp_path):
    for seed in range(8):
        save(tmp_path / ("normal", "abnormal")[seed % 2] / f"{seed}.png", film(seed, seed % 2 == 1))
    shutil.copy(tmp_path / "normal" / "0.png", tmp_path / "abnormal" / "zero.png")
    words = " ".join(finding.sentence for finding in audit_dataset(tmp_path).findings)
    assert "an abnormality" in words
    assert "fracture" not in words


def test_progress_and_cancel(faulty):
    seen = []
    audit_dataset(faulty, progress=lambda *step: seen.append(step))
    assert {stage for stage, _, _ in seen} == {"Reading images", "Comparing images", "Looking for shortcuts"}
    assert ("Reading images", 31, 31) in seen

    class EnoughError(Exception):
        pass

    def stop(stage, done, total):
        if done == 5:
            raise EnoughError

    with pytest.raises(EnoughError):
        audit_dataset(faulty, progress=stop)


def test_a_folder_that_is_no_data_set(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        audit_dataset(tmp_path / "gone")


@pytest.mark.real
def test_multiregion(real_data):
    found = audit_dataset(real_data / "multiregion")
    assert _sentences(found, "exact_leak") == ["491 of 506 test files are also in training, byte for byte."]
    # 99 numbers stand in the names of the turned copies. All are found whole; three pairs of numbers are one film.
    assert _sentences(found, "turned_copies") == [
        "8,930 files call themselves turned copies in their names; they show 96 different pictures."
    ]
    pictures = {}
    for case, picture in zip(found.films.cases, found.films.pictures.tolist(), strict=True):
        if "rotated" in case.id:
            number = case.path.stem.split("-")[0].split(" ")[0]
            pictures.setdefault((case.label, number), set()).add(picture)
    assert len(pictures) == 99
    assert all(len(found_as) == 1 for found_as in pictures.values())


@pytest.mark.real
def test_devbatrax(real_data):
    found = audit_dataset(real_data / "devbatrax")
    stems = {"train": {}, "val": {}}
    for case, picture in zip(found.films.cases, found.films.pictures.tolist(), strict=True):
        stem = (case.label, case.path.stem.split("-rotated")[0])
        stems[case.split].setdefault(stem, set()).add(picture)
    assert (len(stems["train"]), len(stems["val"])) == (178, 13)
    assert all(len(found_as) == 1 for part in stems.values() for found_as in part.values())
    train, val, _ = found.sizes
    # Five pairs of training names show one film each.
    assert (train.originals, val.originals) == (173, 13)


@pytest.mark.real
def test_fracatlas(real_data):
    found = audit_dataset(real_data / "fracatlas")
    by_kind = {finding.kind: finding for finding in found.findings}
    assert by_kind["truncated"].sentence == (
        "51 files break off before the end of the image, all of them without a fracture."
    )
    assert by_kind["exact_copies"].count == 15
    assert "IMG0003298" in by_kind["table_differs"].ids
    contradictions = [set(names.split(" = ")) for names in by_kind["contradictory_labels"].ids]
    here = {case.id for case in found.films.cases}
    for known in ({3034, 4314, 4341}, {2886, 4243}, {4262, 2952}, {2998, 4280}):
        names = {f"IMG{number:07d}" for number in known} & here
        if len(names) > 1:
            assert names in contradictions
    (resolution,) = [shortcut for shortcut in found.shortcuts if shortcut.name == "high resolution"]
    assert resolution.sentence.startswith(
        "16% of films with a fracture, but 7% of the others, have a high resolution"
    )
    assert next(s for s in found.shortcuts if s.name == "height").real
    assert np.isclose(found.films.labels.mean(), 607 / 3471)
