"""Tests of the audit on datasets with known problems, and on one without problems."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from phantom_files import save_image, small_phantom

from fracture_core.audit import Level, audit_dataset
from fracture_core.errors import DataError


def _sentences(audit, kind):
    return [finding.sentence for finding in audit.findings if finding.kind == kind]


def test_leaks_are_counted(faulty_audit):
    assert _sentences(faulty_audit, "exact_leak") == [
        "1 of 12 test files is an exact copy of a training file."
    ]
    assert _sentences(faulty_audit, "near_leak") == [
        "2 more of 12 test files are near-duplicates of a training file: rotated, mirrored, rescaled or saved again."
    ]
    (near_leak,) = [finding for finding in faulty_audit.findings if finding.kind == "near_leak"]
    assert set(near_leak.ids) == {"test/fractured/turned.jpg", "test/not fractured/mirrored.png"}
    assert near_leak.level is Level.FAULT
    assert faulty_audit.verdict.startswith("Do not trust scores on this split")
    assert faulty_audit.worst_level is Level.FAULT


def test_most_severe_finding_comes_first(faulty_audit):
    levels = [list(Level).index(finding.level) for finding in faulty_audit.findings]
    assert levels == sorted(levels)
    assert levels[0] == 0


def test_duplicates_and_contradictory_labels(faulty_audit):
    # 24 images, the truncated one and the photograph.
    assert _sentences(faulty_audit, "effective_size") == ["30 readable files show 26 different images."]
    # The image with the contradictory label is an exact copy too.
    assert _sentences(faulty_audit, "exact_copies") == ["2 files are exact copies of another file."]
    assert _sentences(faulty_audit, "near_copies")[0].startswith(
        "2 more files are near-duplicates of another file"
    )
    (contradiction,) = [f for f in faulty_audit.findings if f.kind == "contradictory_labels"]
    assert contradiction.sentence.startswith("1 image has both labels, fracture and no fracture")
    assert set(contradiction.ids[0].split(" = ")) == {
        "train/fractured/film05.png",
        "train/not fractured/contradiction.png",
    }


def test_unusable_files_are_listed(faulty_audit):
    by_kind = {finding.kind: finding for finding in faulty_audit.findings}
    assert by_kind["unreadable"].ids == ("train/fractured/broken.png",)
    assert by_kind["truncated"].ids == ("test/not fractured/cut.jpg",)
    assert by_kind["truncated"].sentence == "1 file is truncated."
    assert by_kind["not_radiographs"].ids == ("train/fractured/photo.bmp",)


def test_sizes_count_files_and_unique_images(faulty_audit):
    train, test, both = faulty_audit.sizes
    assert (train.split, train.files, train.originals, train.unreadable) == ("train", 19, 17, 1)
    assert (test.split, test.files, test.originals, test.unreadable) == ("test", 12, 12, 0)
    assert (both.split, both.files, both.originals) == ("all", 31, 26)
    assert (test.positives, test.positive_originals) == (6, 6)


def test_report_is_json_serialisable(faulty_audit, faulty_dataset):
    report = json.loads(json.dumps(faulty_audit.to_json()))
    assert report["root"] == str(faulty_dataset)
    assert report["classes"] == [["fractured", 1], ["not fractured", 0]]
    assert list(report["unreadable"]) == ["train/fractured/broken.png"]
    groups = [{film["id"] for film in rows} for rows in report["clusters"]]
    assert {"train/fractured/film03.png", "test/fractured/turned.jpg"} in groups
    assert len(groups) == 4
    assert report["paths"]["test/not fractured/cut.jpg"] == "test/not fractured/cut.jpg"


def test_files_on_disk_are_unchanged(faulty_dataset):
    before = {path: path.read_bytes() for path in faulty_dataset.rglob("*") if path.is_file()}
    audit_dataset(faulty_dataset)
    assert {path: path.read_bytes() for path in faulty_dataset.rglob("*") if path.is_file()} == before


def test_clean_dataset_has_no_faults_and_no_warnings(tmp_path):
    for seed in range(24):
        part = ("train", "val", "test")[seed // 8]
        kind = ("normal", "fractured")[seed % 2]
        save_image(tmp_path / part / kind / f"{seed}.png", small_phantom(seed, seed % 2 == 1))
    audit = audit_dataset(tmp_path)
    assert {finding.kind for finding in audit.findings if finding.level is Level.GOOD} == {
        "splits_good",
        "copies_good",
        "files_good",
    }
    assert not [finding for finding in audit.findings if finding.level in (Level.FAULT, Level.WARNING)]
    assert audit.verdict == "No problems found that would inflate a score on this dataset."


def test_split_with_one_class_is_a_fault(tmp_path):
    for seed in range(12):
        part, kind = ("test", "normal") if seed < 4 else ("train", ("normal", "fractured")[seed % 2])
        save_image(tmp_path / part / kind / f"{seed}.png", small_phantom(seed, kind == "fractured"))
    audit = audit_dataset(tmp_path)
    sentences = [finding.sentence for finding in audit.findings]
    assert "All 4 images of the test split have the same label." in sentences
    assert "0% of the test images but 50% of the training images show a fracture." in sentences


def test_group_leak_is_distinguished_from_copies(tmp_path):
    lines = ["path,label,split,group"]
    for seed in range(8):
        save_image(tmp_path / f"{seed}.png", small_phantom(seed, seed % 2 == 1))
        lines.append(f"{seed}.png,{seed % 2},{'test' if seed in (0, 1) else 'train'},patient{seed // 4}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    sentences = [finding.sentence for finding in audit_dataset(tmp_path).findings]
    assert (
        "2 of 2 test files belong to 1 group that is also in training (the same patient or study, or copies of one "
        "file)." in sentences
    )


def test_repeated_file_names_are_not_a_leak(tmp_path):
    for seed in range(8):
        part, kind = ("train", "test")[seed // 4], ("normal", "fractured")[seed % 2]
        save_image(tmp_path / part / kind / f"{seed % 4}.png", small_phantom(seed, seed % 2 == 1))
    assert not [finding for finding in audit_dataset(tmp_path).findings if "leak" in finding.kind]


def test_findings_use_the_term_of_the_dataset(tmp_path):
    for seed in range(8):
        save_image(
            tmp_path / ("normal", "abnormal")[seed % 2] / f"{seed}.png", small_phantom(seed, seed % 2 == 1)
        )
    shutil.copy(tmp_path / "normal" / "0.png", tmp_path / "abnormal" / "zero.png")
    text = " ".join(finding.sentence for finding in audit_dataset(tmp_path).findings)
    assert "an abnormality" in text
    assert "fracture" not in text


def test_progress_and_cancel(faulty_dataset):
    seen = []
    audit_dataset(faulty_dataset, progress=lambda *arguments: seen.append(arguments))
    assert {stage for stage, _, _ in seen} == {
        "Reading files",
        "Comparing images",
        "Searching for shortcuts",
    }
    assert ("Reading files", 31, 31) in seen

    class CancelledError(Exception):
        pass

    def stop(stage, done, total):
        if done == 5:
            raise CancelledError

    with pytest.raises(CancelledError):
        audit_dataset(faulty_dataset, progress=stop)


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        audit_dataset(tmp_path / "gone")


# ---- Real images ----


def _link_images(source: Path, target: Path, selected: Iterable[Path]) -> None:
    """Make a dataset of links to some of the images of another one."""
    for path in selected:
        link = target / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)


@pytest.mark.real
def test_leaks_of_the_multiregion_dataset(real_data):
    audit = audit_dataset(real_data / "multiregion")
    assert _sentences(audit, "exact_leak") == ["491 of 506 test files are exact copies of a training file."]
    # The names of the rotated copies contain 99 numbers. Three pairs of numbers are the same image.
    assert _sentences(audit, "turned_copies") == [
        "8,930 files are rotated copies according to the file name; they show 96 different images."
    ]
    content_ids = {}
    for case, content_id in zip(audit.films.cases, audit.films.content_ids.tolist(), strict=True):
        if "rotated" in case.id:
            number = case.path.stem.split("-")[0].split(" ")[0]
            content_ids.setdefault((case.label, number), set()).add(content_id)
    assert len(content_ids) == 99
    assert all(len(ids) == 1 for ids in content_ids.values())


@pytest.mark.real
def test_leaks_of_the_devbatrax_dataset(real_data, tmp_path):
    """All originals with one in eight of their rotated copies."""
    source = real_data / "devbatrax"
    copies = {}
    for path in sorted(source.rglob("*.*")):
        copies.setdefault((path.parent, path.stem.split("-rotated")[0]), []).append(path)
    for paths in copies.values():
        _link_images(
            source,
            tmp_path,
            [path for number, path in enumerate(paths) if number % 8 == 0 or "rotated" not in path.name],
        )
    audit = audit_dataset(tmp_path)
    stems = {"train": {}, "val": {}}
    for case, content_id in zip(audit.films.cases, audit.films.content_ids.tolist(), strict=True):
        stem = (case.label, case.path.stem.split("-rotated")[0])
        stems[case.split].setdefault(stem, set()).add(content_id)
    assert (len(stems["train"]), len(stems["val"])) == (178, 13)
    assert all(len(ids) == 1 for split in stems.values() for ids in split.values())
    train, val, _ = audit.sizes
    # Five pairs of training names show the same image.
    assert (train.originals, val.originals) == (173, 13)


# Groups of images in FracAtlas that show the same picture under both labels.
_CONTRADICTIONS = ({3034, 4314, 4341}, {2886, 4243}, {4262, 2952}, {2998, 4280})


@pytest.mark.real
def test_findings_of_the_fracatlas_dataset(real_data, tmp_path):
    """All images with a known fault, and one in four of the others."""
    source = real_data / "fracatlas"
    paths = sorted((source / "images").rglob("*.jpg"))
    names = {"IMG0003298", *(f"IMG{number:07d}" for numbers in _CONTRADICTIONS for number in numbers)}
    # A complete JPEG file ends with the marker FFD9.
    faulty = {path for path in paths if path.stem in names or not path.read_bytes().endswith(b"\xff\xd9")}
    same = {}
    for path in paths:
        same.setdefault(path.read_bytes(), []).append(path)
    faulty |= {path for group in same.values() if len(group) > 1 for path in group}
    _link_images(source, tmp_path, [*faulty, *(path for path in paths[::4] if path not in faulty)])
    _link_images(source, tmp_path, [source / "dataset.csv", source / "Annotations"])
    audit = audit_dataset(tmp_path)
    by_kind = {finding.kind: finding for finding in audit.findings}
    assert by_kind["truncated"].sentence == ("51 files are truncated, all of them without a fracture.")
    assert by_kind["exact_copies"].count == 15
    assert "IMG0003298" in by_kind["table_differs"].ids
    contradictions = [set(names.split(" = ")) for names in by_kind["contradictory_labels"].ids]
    ids = {case.id for case in audit.films.cases}
    for known in _CONTRADICTIONS:
        names = {f"IMG{number:07d}" for number in known} & ids
        if len(names) > 1:
            assert names in contradictions
    (resolution,) = [shortcut for shortcut in audit.shortcuts if shortcut.name == "high resolution"]
    assert resolution.sentence.startswith(
        "19% of the images with a fracture but 8% of the others have a high resolution"
    )
    assert next(s for s in audit.shortcuts if s.name == "height").real
    assert all(case.label == (case.path.parent.name == "Fractured") for case in audit.films.cases)
