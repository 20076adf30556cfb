"""The description of a dataset on the Train page."""

import pytest

from fracture_core.errors import DataError
from pages.components.train.dataset_preview import UnusableDatasetError, preview_dataset


def _write_images(root, *folders: str) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for number in range(6):
            (root / folder / f"{folder.replace('/', '-')}-{number}.png").touch()


def test_folder_with_fractures_is_described(tmp_path):
    _write_images(tmp_path, "fractured", "not fractured")
    preview = preview_dataset(f" '{tmp_path}' ")
    assert preview.folder == str(tmp_path)
    assert preview.sentence.startswith(
        "One folder per class: 12 images, 6 with a fracture. The dataset has no splits"
    )


def test_mura_is_not_described_as_fracture(tmp_path):
    _write_images(
        tmp_path,
        *(
            f"MURA-v1.1/{split}/XR_HAND/patient{patient:05d}/study1_{kind}"
            for patient, (split, kind) in enumerate(
                [("train", "positive"), ("train", "negative")] * 3
                + [("valid", "positive"), ("valid", "negative")]
            )
        ),
    )
    sentence = preview_dataset(str(tmp_path)).sentence
    assert sentence.startswith("MURA v1.1: 48 images, 24 with an abnormality. Its validation")
    assert "fracture" not in sentence


def test_remarks_are_included(tmp_path):
    _write_images(tmp_path, "fractured", "normal")
    (tmp_path / "boxes.csv").write_text("file,x0,y0,x1,y1\nfractured/gone.png,0,0,1,1\n")
    assert preview_dataset(str(tmp_path)).sentence.endswith(
        "boxes.csv lists an image that does not exist: fractured/gone.png."
    )


def test_manifest_is_described(tmp_path):
    _write_images(tmp_path, "a", "b")
    rows = [
        f"{path.relative_to(tmp_path)},{int(path.parent.name == 'a')}" for path in tmp_path.rglob("*.png")
    ]
    (tmp_path / "films.csv").write_text("path,label\n" + "\n".join(rows))
    assert preview_dataset(str(tmp_path / "films.csv")).sentence.startswith(
        "Manifest: 12 images, 6 with a fracture."
    )


def test_split_without_a_class_is_refused(tmp_path):
    _write_images(tmp_path, "train/abnormal", "train/normal", "val/normal", "test/abnormal", "test/normal")
    with pytest.raises(DataError, match="validation split has no image with an abnormality"):
        preview_dataset(str(tmp_path))


def test_counts_and_sample_of_the_splits(tmp_path):
    _write_images(
        tmp_path,
        *(f"{split}/{kind}" for split in ("train", "val", "test") for kind in ("fractured", "normal")),
    )
    preview = preview_dataset(str(tmp_path))
    assert preview.parts == {(split, label): 6 for split in ("train", "val", "test") for label in (0, 1)}
    assert preview.training_count == 12
    assert preview.regions == {("", 0): 18, ("", 1): 18}
    # Alternately with and without, each image once, in a fixed order.
    assert [case.label for case in preview.sample] == [1, 0] * 18
    assert len({case.id for case in preview.sample}) == 36
    assert preview.sample == preview_dataset(str(tmp_path)).sample


def test_regions_are_sorted_by_frequency(tmp_path):
    lines = ["path,label,region"]
    for number in range(24):
        (tmp_path / f"{number}.png").touch()
        lines.append(f"{number}.png,{number % 2},{'hand wrist' if number < 8 else 'leg'}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    preview = preview_dataset(str(tmp_path))
    assert preview.regions == {
        ("leg", 0): 8, ("leg", 1): 8, ("hand", 0): 4, ("hand", 1): 4, ("wrist", 0): 4, ("wrist", 1): 4
    }  # fmt: skip
    assert next(iter(preview.regions)) == ("leg", 0)


def test_unusable_split_and_missing_dataset_give_different_errors(tmp_path):
    _write_images(tmp_path / "set", "train/fractured", "train/normal", "test/normal")
    with pytest.raises(UnusableDatasetError, match="test split has no image with a fracture"):
        preview_dataset(str(tmp_path / "set"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as error:
        preview_dataset(str(tmp_path / "empty"))
    assert not isinstance(error.value, UnusableDatasetError)
