"""Loading of datasets: duplicates stay in one split, published splits are kept."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from fracture_core.datasets import dataset
from fracture_core.errors import DataError


def test_folder_without_splits(phantoms):
    data = dataset.load_dataset(phantoms)
    assert (data.layout, data.own_split, data.root) == ("folders", False, phantoms)
    assert len(data.cases) == 56
    for split in ("train", "val", "test"):
        assert {case.label for case in data.cases if case.split == split} == {0, 1}


def test_split_does_not_depend_on_the_folder(phantoms, tmp_path):
    moved = Path(shutil.copytree(phantoms, tmp_path / "moved"))
    assert dataset.load_dataset(moved).split_hash == dataset.load_dataset(phantoms).split_hash
    assert dataset.load_dataset(phantoms, seed=1).split_hash != dataset.load_dataset(phantoms).split_hash


def test_rotated_copies_stay_with_their_originals(phantoms, tmp_path):
    root = Path(shutil.copytree(phantoms, tmp_path / "copies"))
    for number, path in enumerate(sorted(root.rglob("*.png"))[::4]):
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path.with_name(f"zz_copy_of_{path.stem}.png")), np.rot90(pixels, number % 4)[:, ::-1])
    cases = {case.path.name: case for case in dataset.load_dataset(root).cases}
    copies = [name for name in cases if name.startswith("zz_copy_of_")]
    assert len(copies) == 14
    for name in copies:
        original = cases[name.removeprefix("zz_copy_of_")]
        assert (cases[name].group, cases[name].split) == (original.group, original.split)


def test_published_split_is_kept_with_its_leaks(phantoms, tmp_path):
    one = next(iter(sorted(phantoms.rglob("*.png"))))
    for split in ("train", "val", "test"):
        for kind in ("fractured", "normal"):
            (tmp_path / split / kind).mkdir(parents=True)
            shutil.copy(one, tmp_path / split / kind)
    steps = []
    data = dataset.load_dataset(tmp_path, progress=lambda *done: steps.append(done))
    assert data.own_split
    assert {case.id: case.split for case in data.cases} == {
        case.id: case.id.split("/")[0] for case in data.cases
    }
    assert steps == [("Comparing images", number, 6) for number in range(1, 7)]
    # The same image six times is one group, so that an interval does not count it six times.
    assert len({case.group for case in data.cases}) == 1


def test_train_alone_is_not_a_published_split(phantoms, tmp_path):
    shutil.copytree(phantoms, tmp_path / "set" / "train")
    data = dataset.load_dataset(tmp_path / "set")
    assert not data.own_split
    assert {case.split for case in data.cases} == {"train", "val", "test"}


def test_progress_counts_every_image(phantoms):
    steps = []
    dataset.load_dataset(phantoms, progress=lambda *done: steps.append(done))
    assert steps == [("Comparing images", number, 56) for number in range(1, 57)]


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        dataset.load_dataset(tmp_path / "gone")
