"""Tests of synthetic datasets: files, resuming, no mixed settings, no shortcuts."""

import csv
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fracture_core.datasets.layouts import find_layout, read_catalogue
from fracture_core.errors import DataError
from fracture_core.evaluation import summarise
from fracture_core.phantom import (
    FractureRequest,
    PhantomSettings,
    draw_phantom,
    write_dataset,
    write_phantom_dataset,
)
from fracture_core.phantom.anatomy import PHANTOM_REGIONS
from fracture_core.phantom.difficulty import DIFFICULTIES

TINY = (64, 50)


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def boxes(root: Path) -> list[dict[str, str]]:
    with (root / "boxes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_dataset_folders_counts_and_boxes(tmp_path: Path) -> None:
    progress_calls: list[tuple[int, int]] = []
    root = tmp_path / "set"
    paths = write_phantom_dataset(
        root,
        PhantomSettings(20, seed=2, size=TINY),
        progress=lambda _stage, done, count: progress_calls.append((done, count)),
    )
    assert progress_calls == [(i, 20) for i in range(1, 21)]
    counts = {
        (split, label): len(list((root / split / label).glob("synthetic_*.png")))
        for split in ("train", "val", "test")
        for label in ("fractured", "not fractured")
    }
    assert counts == {
        ("train", "fractured"): 6,
        ("train", "not fractured"): 6,
        ("val", "fractured"): 2,
        ("val", "not fractured"): 2,
        ("test", "fractured"): 2,
        ("test", "not fractured"): 2,
    }
    assert len(set(paths)) == 20
    rows = boxes(root)
    assert {row["file"] for row in rows} == {
        path.relative_to(root).as_posix() for path in paths if path.parent.name == "fractured"
    }
    assert all(0 <= float(row["x0"]) < float(row["x1"]) <= 1 for row in rows)
    assert "synthetic" in (root / "README.txt").read_text().lower()


def test_layout_recognises_a_synthetic_dataset(tmp_path: Path) -> None:
    write_phantom_dataset(tmp_path, PhantomSettings(16, size=TINY))
    catalogue = read_catalogue(tmp_path)
    name, cases = catalogue.layout, catalogue.cases
    assert name == "phantom"
    assert catalogue.paired
    assert len(cases) == 16
    assert {case.regions for case in cases} == {(region,) for region in PHANTOM_REGIONS}
    row = find_layout(name)
    assert "Synthetic" in row.citation
    assert "do not apply to patients" in row.limits[0]
    # Masks are not images of the dataset. Both images of one limb are in the same split.
    assert not any(case.id.startswith("masks") for case in cases)
    groups = {case.group: {other.split for other in cases if other.group == case.group} for case in cases}
    assert len(groups) == 8
    assert all(len(splits) == 1 for splits in groups.values())


def test_masks_are_the_fracture_zones(tmp_path: Path) -> None:
    paths = write_phantom_dataset(
        tmp_path, PhantomSettings(8, size=TINY, regions=("leg",), difficulty="realistic")
    )
    box_of = {row["file"]: row for row in boxes(tmp_path)}
    for path in paths:
        name = path.relative_to(tmp_path)
        mask = np.asarray(Image.open(tmp_path / "masks" / name))
        assert mask.shape == TINY
        assert set(np.unique(mask)) <= {0, 255}
        assert bool(mask.any()) == (name.as_posix() in box_of)
        if mask.any():
            columns = np.flatnonzero(mask.any(axis=0))
            row = box_of[name.as_posix()]
            assert float(row["x0"]) == pytest.approx(columns[0] / TINY[1], abs=1e-6)
            assert float(row["x1"]) == pytest.approx((columns[-1] + 1) / TINY[1], abs=1e-6)
    write_phantom_dataset(tmp_path / "bare", PhantomSettings(6, size=TINY, masks=False))
    assert not (tmp_path / "bare" / "masks").exists()
    assert "masks" not in (tmp_path / "bare" / "README.txt").read_text()


def test_dicom_dataset_contains_valid_files(tmp_path: Path) -> None:
    paths = write_phantom_dataset(tmp_path, PhantomSettings(8, size=TINY, format="dicom"))
    assert {path.suffix for path in paths} == {".dcm"}
    assert len(read_catalogue(tmp_path).cases) == 8
    instance_uids = set()
    for path in paths:
        data = pydicom.dcmread(path)
        assert str(data.PatientName) == "SYNTHETIC"
        assert "shows no person" in data.ImageComments
        assert data.BodyPartExamined == path.stem.split("_")[1].upper()
        assert (data.Rows, data.Columns) == TINY
        assert (tmp_path / "masks" / path.relative_to(tmp_path)).with_suffix(".png").is_file()
        instance_uids.add(data.SOPInstanceUID)
    assert len(instance_uids) == 8


def test_requested_properties_are_in_every_fracture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def record(*arguments):
        phantom = draw_phantom(*arguments)
        drawn.append(phantom)
        return phantom

    monkeypatch.setattr(write_dataset, "draw_phantom", record)
    requested = FractureRequest("spiral", gap=3.0, displacement=0.0, angulation=10.0)
    write_phantom_dataset(
        tmp_path, PhantomSettings(6, size=TINY, regions=("hand", "leg"), fracture=requested)
    )
    assert {phantom.region for phantom in drawn} == {"hand", "leg"}
    assert {phantom.kind for phantom in drawn if phantom.label} == {"spiral"}
    settings = json.loads((tmp_path / "phantom.json").read_text())
    assert settings["synthetic"] is True
    assert settings["fracture"]["gap"] == 3.0


def test_pairs_show_one_limb_if_the_difficulty_is_paired(tmp_path: Path) -> None:
    for name, level in DIFFICULTIES.items():
        paths = write_phantom_dataset(tmp_path / name, PhantomSettings(8, size=TINY, difficulty=name))
        assert len({path.stem for path in paths}) == (4 if level.paired else 8)
        assert len({path.parent.parent for path in paths[:2]}) == 1


def test_interrupted_dataset_is_resumed(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = PhantomSettings(7, size=TINY)
    write_phantom_dataset(whole, settings)

    def stop(_stage: str, done: int, count: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom_dataset(parts, settings, stop)
    (parts / "README.txt.writing").write_text("half a fi")
    modified_at = {path: path.stat().st_mtime_ns for path in parts.rglob("*.png")}
    assert len(modified_at) >= 6  # images and masks of three, and of those in progress
    write_phantom_dataset(parts, settings)
    assert all(path.stat().st_mtime_ns == time for path, time in modified_at.items())
    (parts / "README.txt.writing").unlink(missing_ok=True)
    assert contents(whole) == contents(parts)


def test_parallel_writing_gives_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PhantomSettings(24, size=TINY)
    for name, processors in (("four", 4), ("one", 1)):
        monkeypatch.setattr("os.cpu_count", lambda processors=processors: processors)
        write_phantom_dataset(tmp_path / name, settings)
    assert contents(tmp_path / "one") == contents(tmp_path / "four")


def test_writing_can_be_interrupted(tmp_path: Path) -> None:
    def stop(_stage: str, done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom_dataset(tmp_path, PhantomSettings(400, size=TINY), stop)
    # No more images are drawn, and there are no partial files.
    files = contents(tmp_path)
    assert len(files) < 60
    assert not [name for name in files if name.endswith(".writing")]
    assert "boxes.csv" not in files


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count": 8}, "its count is 6 and not 8"),
        ({"seed": 1}, "its seed is 0 and not 1"),
        ({"size": (64, 64)}, r"its size is \[64, 50\] and not \[64, 64\]"),
        ({"format": "dicom"}, "its format is 'png' and not 'dicom'"),
        ({"masks": False}, "its masks is True and not False"),
        ({"regions": ("hip",)}, "its regions is"),
        ({"difficulty": "realistic"}, "its difficulty is 'easy' and not 'realistic'"),
        ({"fracture": FractureRequest(gap=1.0)}, "its fracture is"),
    ],
)
def test_settings_are_never_mixed(tmp_path: Path, changed: dict, message: str) -> None:
    first = {"count": 6, "size": TINY}
    write_phantom_dataset(tmp_path, PhantomSettings(**first))
    before = contents(tmp_path)
    with pytest.raises(DataError, match=message):
        write_phantom_dataset(tmp_path, PhantomSettings(**{**first, **changed}))
    assert contents(tmp_path) == before


def test_folder_with_other_files_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(DataError, match=r"contains thesis\.docx"):
        write_phantom_dataset(tmp_path, PhantomSettings(6))
    with pytest.raises(DataError, match="is a file"):
        write_phantom_dataset(tmp_path / "thesis.docx", PhantomSettings(6))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "phantom.json").write_text("[1")
    with pytest.raises(DataError, match="no readable settings"):
        write_phantom_dataset(tmp_path / "set", PhantomSettings(6))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 5}, "needs 6 to 1,000,000 images"),
        ({"seed": -1}, "The seed must be 0 or greater"),
        ({"size": (16, 64)}, "32 to 4096 rows and columns, but it is 16x64"),
        ({"regions": ("hand", "skull")}, "no region 'skull'. Choose one of: forearm, leg, hand, hip"),
        ({"regions": ()}, "at least one region"),
        ({"regions": ("hip", "hip")}, "each region only once"),
        ({"format": "gif"}, "no format 'gif'. Choose one of: png, dicom"),
        ({"difficulty": "hard"}, "no difficulty 'hard'. Choose one of: easy, realistic"),
        ({"fracture": FractureRequest("greenstick")}, "no kind of fracture 'greenstick'"),
        ({"fracture": FractureRequest(gap=50.0)}, "gap must be from -5 to 20 mm, but it is 50"),
        (
            {"fracture": FractureRequest(angulation=float("nan"))},
            "angulation must be from -45 to 45 degrees, but it is nan",
        ),
    ],
)
def test_invalid_settings_are_rejected(settings: dict, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        PhantomSettings(**{"count": 6, **settings})
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("level", DIFFICULTIES)
def test_grey_levels_do_not_predict_the_label(level: str) -> None:
    """A classifier on the grey-level distribution of whole images is no better than chance."""
    features, labels, groups = [], [], []
    for number in range(40):
        for label in (0, 1):
            seed = number if DIFFICULTIES[level].paired else 2 * number + label
            phantom = draw_phantom(
                seed, PHANTOM_REGIONS[number % len(PHANTOM_REGIONS)], bool(label), (96, 80), level
            )
            levels = phantom.pixels.astype(float) / 255
            features.append([levels.mean(), levels.std(), *np.percentile(levels, (5, 25, 50, 75, 95, 99))])
            labels.append(label)
            groups.append(number)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    scores = cross_val_predict(
        model, np.array(features), labels, groups=groups, cv=GroupKFold(8), method="predict_proba"
    )[:, 1]
    auc = summarise(np.array(labels), scores, np.array(groups), 0.5).auc
    assert auc.low < 0.6, auc
