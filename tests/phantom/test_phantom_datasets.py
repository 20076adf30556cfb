"""Sets of synthetic radiographs on disk: what lies where, taken up again, never mixed, no shortcut in them."""

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


def test_a_set_has_its_folders_counts_and_boxes(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    root = tmp_path / "set"
    paths = write_phantom_dataset(
        root,
        PhantomSettings(20, seed=2, size=TINY),
        progress=lambda stage, done, total: seen.append((done, total)),
    )
    assert seen == [(i, 20) for i in range(1, 21)]
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


def test_the_layout_knows_a_synthetic_set(tmp_path: Path) -> None:
    write_phantom_dataset(tmp_path, PhantomSettings(16, size=TINY))
    found = read_catalogue(tmp_path)
    name, cases = found.layout, found.cases
    assert name == "phantom"
    assert found.paired
    assert len(cases) == 16
    assert {case.regions for case in cases} == {(region,) for region in PHANTOM_REGIONS}
    row = find_layout(name)
    assert "Synthetic" in row.citation
    assert "says nothing about patients" in row.limits[0]
    # Masks stand beside the splits and are no films; one limb, intact and broken, never stands on two sides.
    assert not any(case.id.startswith("masks") for case in cases)
    groups = {case.group: {other.split for other in cases if other.group == case.group} for case in cases}
    assert len(groups) == 8
    assert all(len(splits) == 1 for splits in groups.values())


def test_masks_are_the_fracture_zones(tmp_path: Path) -> None:
    paths = write_phantom_dataset(
        tmp_path, PhantomSettings(8, size=TINY, regions=("leg",), difficulty="realistic")
    )
    marks = {row["file"]: row for row in boxes(tmp_path)}
    for path in paths:
        name = path.relative_to(tmp_path)
        mask = np.asarray(Image.open(tmp_path / "masks" / name))
        assert mask.shape == TINY
        assert set(np.unique(mask)) <= {0, 255}
        assert bool(mask.any()) == (name.as_posix() in marks)
        if mask.any():
            columns = np.flatnonzero(mask.any(axis=0))
            row = marks[name.as_posix()]
            assert float(row["x0"]) == pytest.approx(columns[0] / TINY[1], abs=1e-6)
            assert float(row["x1"]) == pytest.approx((columns[-1] + 1) / TINY[1], abs=1e-6)
    write_phantom_dataset(tmp_path / "bare", PhantomSettings(6, size=TINY, masks=False))
    assert not (tmp_path / "bare" / "masks").exists()
    assert "masks" not in (tmp_path / "bare" / "README.txt").read_text()


def test_a_set_of_dicom_files(tmp_path: Path) -> None:
    paths = write_phantom_dataset(tmp_path, PhantomSettings(8, size=TINY, format="dicom"))
    assert {path.suffix for path in paths} == {".dcm"}
    assert len(read_catalogue(tmp_path).cases) == 8
    seen = set()
    for path in paths:
        data = pydicom.dcmread(path)
        assert str(data.PatientName) == "SYNTHETIC"
        assert "shows no person" in data.ImageComments
        assert data.BodyPartExamined == path.stem.split("_")[1].upper()
        assert (data.Rows, data.Columns) == TINY
        assert (tmp_path / "masks" / path.relative_to(tmp_path)).with_suffix(".png").is_file()
        seen.add(data.SOPInstanceUID)
    assert len(seen) == 8


def test_what_is_asked_for_is_in_every_fracture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def watch(*given):
        phantom = draw_phantom(*given)
        drawn.append(phantom)
        return phantom

    monkeypatch.setattr(write_dataset, "draw_phantom", watch)
    asked = FractureRequest("spiral", gap=3.0, displacement=0.0, angulation=10.0)
    write_phantom_dataset(tmp_path, PhantomSettings(6, size=TINY, regions=("hand", "leg"), fracture=asked))
    assert {phantom.region for phantom in drawn} == {"hand", "leg"}
    assert {phantom.kind for phantom in drawn if phantom.label} == {"spiral"}
    settings = json.loads((tmp_path / "phantom.json").read_text())
    assert settings["synthetic"] is True
    assert settings["fracture"]["gap"] == 3.0


def test_pairs_show_one_limb_where_the_difficulty_says_so(tmp_path: Path) -> None:
    for name, level in DIFFICULTIES.items():
        paths = write_phantom_dataset(tmp_path / name, PhantomSettings(8, size=TINY, difficulty=name))
        assert len({path.stem for path in paths}) == (4 if level.paired else 8)
        assert len({path.parent.parent for path in paths[:2]}) == 1


def test_an_interrupted_set_is_taken_up_again(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = PhantomSettings(7, size=TINY)
    write_phantom_dataset(whole, settings)

    def stop(stage: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom_dataset(parts, settings, stop)
    (parts / "README.txt.writing").write_text("half a fi")
    kept = {path: path.stat().st_mtime_ns for path in parts.rglob("*.png")}
    assert len(kept) >= 6  # films and masks of three, and of those that were under way
    write_phantom_dataset(parts, settings)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    (parts / "README.txt.writing").unlink(missing_ok=True)
    assert contents(whole) == contents(parts)


def test_several_at_a_time_write_what_one_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PhantomSettings(24, size=TINY)
    for name, processors in (("four", 4), ("one", 1)):
        monkeypatch.setattr("os.cpu_count", lambda processors=processors: processors)
        write_phantom_dataset(tmp_path / name, settings)
    assert contents(tmp_path / "one") == contents(tmp_path / "four")


def test_writing_stops_when_asked(tmp_path: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom_dataset(tmp_path, PhantomSettings(400, size=TINY), stop)
    # Nothing is drawn any more, and nothing lies there by halves.
    left = contents(tmp_path)
    assert len(left) < 60
    assert not [name for name in left if name.endswith(".writing")]
    assert "boxes.csv" not in left


@pytest.mark.parametrize(
    ("changed", "told"),
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
def test_sets_are_never_mixed(tmp_path: Path, changed: dict, told: str) -> None:
    first = {"count": 6, "size": TINY}
    write_phantom_dataset(tmp_path, PhantomSettings(**first))
    before = contents(tmp_path)
    with pytest.raises(DataError, match=told):
        write_phantom_dataset(tmp_path, PhantomSettings(**{**first, **changed}))
    assert contents(tmp_path) == before


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(DataError, match=r"holds thesis\.docx"):
        write_phantom_dataset(tmp_path, PhantomSettings(6))
    with pytest.raises(DataError, match="is a file"):
        write_phantom_dataset(tmp_path / "thesis.docx", PhantomSettings(6))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "phantom.json").write_text("[1")
    with pytest.raises(DataError, match="cannot be read"):
        write_phantom_dataset(tmp_path / "set", PhantomSettings(6))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"count": 5}, "needs 6 to 1,000,000 images"),
        ({"seed": -1}, "A seed is 0 or greater"),
        ({"size": (16, 64)}, "32 to 4096 rows and columns, but got 16x64"),
        ({"regions": ("hand", "skull")}, "a region out of forearm, leg, hand, hip, but got 'skull'"),
        ({"regions": ()}, "at least one region"),
        ({"regions": ("hip", "hip")}, "each of them once"),
        ({"format": "gif"}, "a format out of png, dicom, but got 'gif'"),
        ({"difficulty": "hard"}, "a difficulty out of easy, realistic, but got 'hard'"),
        ({"fracture": FractureRequest("greenstick")}, "a kind of fracture out of transverse"),
        ({"fracture": FractureRequest(gap=50.0)}, "gap from -5 to 20 mm, but got 50"),
        (
            {"fracture": FractureRequest(angulation=float("nan"))},
            "angulation from -45 to 45 degrees, but got nan",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(settings: dict, told: str) -> None:
    with pytest.raises(DataError, match=told) as error:
        PhantomSettings(**{"count": 6, **settings})
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("level", DIFFICULTIES)
def test_brightness_tells_nothing_of_the_label(level: str) -> None:
    """A classifier on the grey values of whole films, wherever they lie, does no better than chance."""
    features, labels, groups = [], [], []
    for number in range(80):
        for label in (0, 1):
            seed = number if DIFFICULTIES[level].paired else 2 * number + label
            film = draw_phantom(
                seed, PHANTOM_REGIONS[number % len(PHANTOM_REGIONS)], bool(label), (96, 80), level
            )
            tones = film.pixels.astype(float) / 255
            features.append([tones.mean(), tones.std(), *np.percentile(tones, (5, 25, 50, 75, 95, 99))])
            labels.append(label)
            groups.append(number)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    scores = cross_val_predict(
        model, np.array(features), labels, groups=groups, cv=GroupKFold(8), method="predict_proba"
    )[:, 1]
    found = summarise(np.array(labels), scores, np.array(groups), 0.5).auc
    assert found.low < 0.6, found
