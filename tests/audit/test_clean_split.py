"""A mended split holds each picture once, leaks nothing, and can be trained on."""

from pathlib import Path

import numpy as np
import pytest

from fracture_core.audit import audit_dataset, make_clean_split
from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.deduplicate import deduplicate
from fracture_core.audit.file_facts import FileFacts
from fracture_core.audit.split_comparison import compare_with_clean_split
from fracture_core.datasets import dataset
from fracture_core.datasets.cases import Case
from fracture_core.datasets.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.imaging import QualityCheck, QualityState


def test_the_faulty_set_is_mended(faulty_audit):
    mended = make_clean_split(faulty_audit.films)
    # 24 films less the contradictory one, and the cut one.
    assert len(mended.cases) == 24
    assert (mended.copies, mended.contradictory, mended.unusable) == (3, 2, 2)
    assert "24 films are left" in mended.sentence
    ids = {case.id for case in mended.cases}
    assert "train/fractured/film05.png" not in ids
    assert len({case.split for case in mended.cases}) == 3
    for split in ("train", "val", "test"):
        assert {case.label for case in mended.cases if case.split == split} == {0, 1}


def test_before_and_after(faulty_audit):
    mended, report = compare_with_clean_split(faulty_audit)
    assert mended is not None
    assert (report["leaks_before"], report["leaks_after"]) == (3, 0)
    assert [finding["kind"] for finding in report["findings"]] == ["splits_good"]
    assert report["sizes"][-1]["files"] == report["sizes"][-1]["originals"] == 24


def test_the_manifest_is_read_by_training_and_leaks_nothing(faulty_audit, tmp_path):
    mended = make_clean_split(faulty_audit.films)
    write_manifest(tmp_path / "mended.csv", mended.cases, "fracture", faulty_audit.catalogue)
    data = dataset.load_dataset(tmp_path / "mended.csv")
    assert data.own_split
    assert (data.root, data.source) == (faulty_audit.catalogue.root, "folders")
    assert data.leaks == 0
    assert {case.id: case.split for case in data.cases} == {case.id: case.split for case in mended.cases}
    again = audit_dataset(tmp_path / "mended.csv")
    kinds = {finding.kind for finding in again.findings}
    assert {"splits_good", "copies_good"} <= kinds


def test_the_faulty_set_as_given_leaks(faulty):
    data = dataset.load_dataset(faulty)
    assert data.own_split
    assert data.leaks > 0


def _films(pictures, **changes) -> AuditedImages:
    cases, facts = [], []
    for row in range(len(pictures)):
        case = {
            "id": f"{row:02d}",
            "path": Path(f"{row:02d}.png"),
            "label": pictures[row] % 2,
            "group": f"g{row}",
        }
        fact = {
            "digest": str(row),
            "size": 1,
            "width": 100,
            "height": 100,
            "gate": QualityCheck(QualityState.PASS),
        }
        for name, values in changes.items():
            (case if name in ("path", "label", "group", "boxes") else fact)[name] = values[row]
        cases.append(Case(**case))
        facts.append(FileFacts(**fact))
    return AuditedImages(cases, facts, np.array(pictures))


def _kept(films: AuditedImages) -> set[str]:
    return {case.id for case in make_clean_split(films).cases}


def test_of_copies_the_whole_unturned_and_largest_is_kept():
    pictures = [0, 0, 0, 1, 2, 3, 4, 5]
    assert "01" in _kept(_films(pictures, truncated=[True, False, True, *[False] * 5]))
    assert "02" in _kept(_films(pictures, width=[100, 100, 300, *[100] * 5]))
    names = ["a-rotated1.png", "a-rotated2.png", "a.png", *(f"{k}.png" for k in range(5))]
    assert "02" in _kept(_films(pictures, path=[Path(name) for name in names]))


def test_groups_that_share_a_picture_stay_one_group():
    # Film 1 of patient a is film 3 of patient b: films 0–3 belong together ever after.
    pictures = [0, 10, 2, 10, *range(20, 32)]
    groups = ["a", "a", "b", "b", *(f"p{k}" for k in range(12))]
    mended = make_clean_split(_films(pictures, group=groups))
    together = {case.group for case in mended.cases if case.id in ("00", "01", "02", "03")}
    assert len(together) == 1
    assert len({case.split for case in mended.cases if case.id in ("00", "01", "02", "03")}) == 1


def test_too_little_is_left():
    with pytest.raises(DataError, match="cannot be mended"):
        make_clean_split(_films([0, 1, 0, 1]))
    mended, report = compare_with_clean_split(
        type("A", (), {"films": _films([0, 1, 0, 1]), "findings": ()})()
    )
    assert mended is None
    assert "cannot be mended" in report["error"]


def test_the_set_as_distributed_with_each_training_file_once(faulty_audit, tmp_path):
    films = faulty_audit.films
    kept = deduplicate(films)
    ids = {case.id for case in kept}
    for row, (case, facts) in enumerate(zip(films.cases, films.facts, strict=True)):
        twin = any(
            (other.digest, films.cases[at].split, films.cases[at].label)
            == (facts.digest, case.split, case.label)
            for at, other in enumerate(films.facts[:row])
        )
        wanted = not facts.error and not (twin and case.split == "train")
        assert (case.id in ids) == wanted
    write_manifest(tmp_path / "distinct.csv", kept, "fracture")
    # It is as honest or as leaking as before.
    assert dataset.load_dataset(tmp_path / "distinct.csv").leaks > 0
