"""Tests of the external validation: selection of images and description of results."""

import cv2
import numpy as np
import pandas as pd
import pytest

from benchmarks import external
from fracture_core.evaluation import Thresholds
from fracture_core.phantom import draw_phantom, encode_png

LIMITS = Thresholds(0.2, 0.6, 0.95, 0.95, 0.4)


def test_originals_exclude_copies_and_training_images(tmp_path):
    data, training = tmp_path / "data" / "train" / "fractured", tmp_path / "training"
    data.mkdir(parents=True)
    training.mkdir()
    images = [draw_phantom(seed, "leg", True, (160, 128)).pixels for seed in range(8)]
    for number, pixels in enumerate(images):
        (data / f"{number}.png").write_bytes(encode_png(pixels))
    (data / "0-rotated1.png").write_bytes(encode_png(np.ascontiguousarray(np.rot90(images[0]))))
    (data / "again.png").write_bytes(encode_png(np.ascontiguousarray(images[1][:, ::-1])))
    (training / "known.png").write_bytes(encode_png(images[2]))
    originals = external.originals(tmp_path / "data", training)
    assert originals == [f"train/fractured/{number}.png" for number in (0, 1, 3, 4, 5, 6, 7)]


def test_select_keeps_region_and_framing(tmp_path, monkeypatch):
    path = tmp_path / "films.csv"
    path.write_text("file,region,framing\na.png,hand,whole\nmissing.png,leg,whole\n")
    monkeypatch.setattr(external, "originals", lambda data, training: ["a.png", "b.png"])
    external.select(tmp_path, tmp_path, path)
    assert path.read_text().splitlines() == ["file,region,framing", "a.png,hand,whole", "b.png,,"]


@pytest.mark.parametrize(
    ("probability", "state"),
    [(None, "no verdict"), (0.1, "no fracture seen"), (0.2, "uncertain"), (0.6, "fracture suspected")],
)
def test_verdict_follows_the_thresholds(probability, state):
    assert external._state(probability, LIMITS) == state


def _table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": [f"{number}.png" for number in range(6)],
            "region": ["wrist", "wrist", "hand", "wrist", "hand", "wrist"],
            "framing": ["close-up", "close-up", "whole", "close-up", "whole", "close-up"],
            "label": [1, 1, 1, 0, 0, 0],
            "probability": [0.9, 0.1, 0.7, 0.8, 0.3, np.nan],
            "state": [
                "fracture suspected",
                "no fracture seen",
                "fracture suspected",
                "fracture suspected",
                "uncertain",
                "no verdict",
            ],
        }
    )


def test_description_contains_counts_and_metrics():
    text = external.describe("all", _table(), LIMITS)
    assert "fractured  3: no verdict 0, no fracture seen 1, uncertain 0, fracture suspected 2" in text
    assert "normal     3: no verdict 1, no fracture seen 0, uncertain 1, fracture suspected 1" in text
    assert "sensitivity 0.67" in text
    assert "specificity 0.50" in text  # one of two normal images with a verdict
    assert "not suspected 0.67" in text  # the one without a verdict is not suspected
    assert "AUC 0.50" in text  # 3 of 6 pairs


def test_subgroup_of_one_class_has_no_auc():
    text = external.describe("part", _table().query("label == 0"), LIMITS)
    assert "AUC" not in text
    assert "sensitivity" not in text


def test_subgroups_by_region_and_framing():
    names = [name for name, _ in external.subgroups(_table())]
    assert names == ["all", "close-up", "whole", "hand", "wrist", "wrist, close-up"]


def test_every_image_is_predicted(store, phantoms, tmp_path, wide_film):
    folder = tmp_path / "set" / "fractured"
    folder.mkdir(parents=True)
    (folder / "film.png").write_bytes(wide_film.read_bytes())
    cv2.imwrite(str(folder / "blank.png"), np.zeros((300, 300), np.uint8))
    (folder / "broken.png").write_bytes(b"no image")
    images = pd.DataFrame(
        {
            "file": ["fractured/film.png", "fractured/blank.png", "fractured/broken.png"],
            "region": "",
            "framing": "",
        }
    )
    table, _ = external.predict(tmp_path / "set", images, "tiny")
    assert list(table["label"]) == [1, 1, 1]
    assert table["probability"].notna().tolist() == [True, False, False]
    assert table["state"].tolist()[1:] == ["no verdict", "no verdict"]


def test_list_of_images_is_complete():
    images = pd.read_csv(external.IMAGE_LIST, keep_default_na=False)
    assert images["file"].is_unique
    assert (images[["region", "framing"]] != "").all(axis=None)
    assert set(images["framing"]) == {"close-up", "whole", "several", "slice"}
