"""Tests of the clean split: each image once, no leaks, usable for training."""

from pathlib import Path

import numpy as np
import pytest

from fracture_core.audit import audit_dataset, make_clean_split
from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.clean_split import deduplicate
from fracture_core.audit.file_facts import FileFacts
from fracture_core.audit.split_comparison import compare_with_clean_split
from fracture_core.datasets import dataset
from fracture_core.datasets.cases import Case
from fracture_core.datasets.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.imaging import QualityCheck, QualityState


def test_clean_split_of_the_faulty_dataset(faulty_audit):
    clean = make_clean_split(faulty_audit.films)
    # 24 images without the contradictory one, and the truncated one.
    assert len(clean.cases) == 24
    assert (clean.copies, clean.contradictory, clean.unusable) == (3, 2, 2)
    assert "24 images remain" in clean.sentence
    ids = {case.id for case in clean.cases}
    assert "train/fractured/film05.png" not in ids
    assert len({case.split for case in clean.cases}) == 3
    for split in ("train", "val", "test"):
        assert {case.label for case in clean.cases if case.split == split} == {0, 1}


def test_comparison_with_the_clean_split(faulty_audit):
    clean, report = compare_with_clean_split(faulty_audit)
    assert clean is not None
    assert (report["leaks_before"], report["leaks_after"]) == (3, 0)
    assert [finding["kind"] for finding in report["findings"]] == ["splits_good"]
    assert report["sizes"][-1]["files"] == report["sizes"][-1]["originals"] == 24


def test_manifest_can_be_loaded_for_training_without_leaks(faulty_audit, tmp_path):
    clean = make_clean_split(faulty_audit.films)
    write_manifest(tmp_path / "clean.csv", clean.cases, "fracture", faulty_audit.catalogue)
    data = dataset.load_dataset(tmp_path / "clean.csv")
    assert data.own_split
    assert (data.root, data.source) == (faulty_audit.catalogue.root, "folders")
    assert data.leaks == 0
    assert {case.id: case.split for case in data.cases} == {case.id: case.split for case in clean.cases}
    clean_audit = audit_dataset(tmp_path / "clean.csv")
    kinds = {finding.kind for finding in clean_audit.findings}
    assert {"splits_good", "copies_good"} <= kinds


def test_faulty_dataset_leaks_as_distributed(faulty_dataset):
    data = dataset.load_dataset(faulty_dataset)
    assert data.own_split
    assert data.leaks > 0


def _images(content_ids, **changes) -> AuditedImages:
    cases, facts = [], []
    for row in range(len(content_ids)):
        case = {
            "id": f"{row:02d}",
            "path": Path(f"{row:02d}.png"),
            "label": content_ids[row] % 2,
            "group": f"g{row}",
        }
        fact = {
            "digest": str(row),
            "size": 1,
            "width": 100,
            "height": 100,
            "quality": QualityCheck(QualityState.PASS),
        }
        for name, values in changes.items():
            (case if name in ("path", "label", "group", "boxes") else fact)[name] = values[row]
        cases.append(Case(**case))
        facts.append(FileFacts(**fact))
    return AuditedImages(cases, facts, np.array(content_ids))


def _ids_of_clean_split(images: AuditedImages) -> set[str]:
    return {case.id for case in make_clean_split(images).cases}


def test_best_copy_is_complete_unrotated_and_largest():
    content_ids = [0, 0, 0, 1, 2, 3, 4, 5]
    assert "01" in _ids_of_clean_split(_images(content_ids, truncated=[True, False, True, *[False] * 5]))
    assert "02" in _ids_of_clean_split(_images(content_ids, width=[100, 100, 300, *[100] * 5]))
    names = ["a-rotated1.png", "a-rotated2.png", "a.png", *(f"{k}.png" for k in range(5))]
    assert "02" in _ids_of_clean_split(_images(content_ids, path=[Path(name) for name in names]))


def test_groups_that_share_an_image_stay_one_group():
    # Image 1 of patient a equals image 3 of patient b, so that images 0–3 form one group.
    content_ids = [0, 10, 2, 10, *range(20, 32)]
    groups = ["a", "a", "b", "b", *(f"p{k}" for k in range(12))]
    clean = make_clean_split(_images(content_ids, group=groups))
    clean_groups = {case.group for case in clean.cases if case.id in ("00", "01", "02", "03")}
    assert len(clean_groups) == 1
    assert len({case.split for case in clean.cases if case.id in ("00", "01", "02", "03")}) == 1


def test_too_few_images_for_a_clean_split():
    with pytest.raises(DataError, match="clean split is not possible"):
        make_clean_split(_images([0, 1, 0, 1]))
    clean, report = compare_with_clean_split(
        type("A", (), {"films": _images([0, 1, 0, 1]), "findings": ()})()
    )
    assert clean is None
    assert "clean split is not possible" in report["error"]


def test_deduplicate_keeps_each_training_file_once(faulty_audit, tmp_path):
    images = faulty_audit.films
    cases = deduplicate(images)
    ids = {case.id for case in cases}
    for row, (case, facts) in enumerate(zip(images.cases, images.facts, strict=True)):
        copy = any(
            (earlier.digest, images.cases[at].split, images.cases[at].label)
            == (facts.digest, case.split, case.label)
            for at, earlier in enumerate(images.facts[:row])
        )
        expected = not facts.error and not (copy and case.split == "train")
        assert (case.id in ids) == expected
    write_manifest(tmp_path / "distinct.csv", cases, "fracture")
    # Leaks between the splits remain.
    assert dataset.load_dataset(tmp_path / "distinct.csv").leaks > 0
