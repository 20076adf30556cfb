"""Event files: what was reported, once, whatever happened in between."""

import pytest
import tensorflow as tf

from fracture_core.runs.steps import CurvePoint
from fracture_core.training.tensorboard import EventFiles


def read(folder) -> list[tuple[str, int, float]]:
    """Every scalar of one folder, in order; every file must begin as TensorBoard expects."""
    found = []
    for path in sorted(folder.iterdir()):
        assert "tfevents" in path.name
        events = [
            tf.compat.v1.Event.FromString(record)
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        ]
        assert events[0].file_version == "brain.Event:2"
        found += [
            (value.tag, event.step, value.simple_value) for event in events for value in event.summary.value
        ]
    return found


@pytest.fixture
def events(tmp_path):
    events = EventFiles(tmp_path)
    events.open(0, 0)
    for epoch in (1, 2):
        events.write_step(CurvePoint(epoch, epoch * 10, 0.5, 0.25, 0.75))
        events.write_epoch(epoch, {"loss": 0.5, "val_loss": epoch / 4})
    return events


TWO = [("epoch_loss", 1, 0.25), ("epoch_loss", 2, 0.5)]


def test_both_kinds_of_films(events, tmp_path):
    assert read(tmp_path / "validation") == TWO
    steps = [
        (f"batch_{name}", 10, value) for name, value in (("loss", 0.5), ("accuracy", 0.25), ("auc", 0.75))
    ]
    assert read(tmp_path / "train")[:4] == [*steps, ("epoch_loss", 1, 0.5)]


def test_what_is_made_again_is_not_there_twice(events, tmp_path):
    events.close()
    again = EventFiles(tmp_path)
    again.open(1, 10)
    assert read(tmp_path / "validation") == TWO[:1]
    assert {step for tag, step, _ in read(tmp_path / "train") if tag.startswith("batch")} == {10}
    again.write_step(CurvePoint(2, 20, 0.1, 0.1, 0.1))
    again.write_epoch(2, {"loss": 0.5, "val_loss": 0.5})
    assert read(tmp_path / "validation") == TWO
    assert len(list((tmp_path / "train").iterdir())) == 1


def test_a_record_that_was_broken_off_is_left_out(events, tmp_path):
    events.close()
    (file,) = (tmp_path / "validation").iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    EventFiles(tmp_path).open(2, 20)
    assert read(tmp_path / "validation") == TWO[:1]


def test_a_training_writes_them(trained):
    assert [(tag, step) for tag, step, _ in read(trained.events / "validation") if tag == "epoch_auc"] == [
        ("epoch_auc", 1),
        ("epoch_auc", 2),
    ]
    assert ("batch_loss", 1) in [(tag, step) for tag, step, _ in read(trained.events / "train")]
