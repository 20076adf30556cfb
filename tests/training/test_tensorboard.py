"""TensorBoard event files contain every report once, also after interruptions."""

import pytest
import tensorflow as tf

from fracture_core.runs.steps import CurvePoint
from fracture_core.training.tensorboard import EventFiles


def read(folder) -> list[tuple[str, int, float]]:
    """Read all scalars of a folder in order, and check that every file starts with a version event."""
    scalars = []
    for path in sorted(folder.iterdir()):
        assert "tfevents" in path.name
        events = [
            tf.compat.v1.Event.FromString(record)
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        ]
        assert events[0].file_version == "brain.Event:2"
        scalars += [
            (value.tag, event.step, value.simple_value) for event in events for value in event.summary.value
        ]
    return scalars


@pytest.fixture
def event_files(tmp_path):
    """Event files of two epochs."""
    events = EventFiles(tmp_path)
    events.open(0, 0)
    for epoch in (1, 2):
        events.write_step(CurvePoint(epoch, epoch * 10, 0.5, 0.25, 0.75))
        events.write_epoch(epoch, {"loss": 0.5, "val_loss": epoch / 4})
    return events


VALIDATION = [("epoch_loss", 1, 0.25), ("epoch_loss", 2, 0.5)]


def test_training_and_validation_events(event_files, tmp_path):
    assert read(tmp_path / "validation") == VALIDATION
    steps = [
        (f"batch_{name}", 10, value) for name, value in (("loss", 0.5), ("accuracy", 0.25), ("auc", 0.75))
    ]
    assert read(tmp_path / "train")[:4] == [*steps, ("epoch_loss", 1, 0.5)]


def test_repeated_epochs_are_written_once(event_files, tmp_path):
    event_files.close()
    resumed = EventFiles(tmp_path)
    resumed.open(1, 10)
    assert read(tmp_path / "validation") == VALIDATION[:1]
    assert {step for tag, step, _ in read(tmp_path / "train") if tag.startswith("batch")} == {10}
    resumed.write_step(CurvePoint(2, 20, 0.1, 0.1, 0.1))
    resumed.write_epoch(2, {"loss": 0.5, "val_loss": 0.5})
    assert read(tmp_path / "validation") == VALIDATION
    assert len(list((tmp_path / "train").iterdir())) == 1


def test_incomplete_record_is_skipped(event_files, tmp_path):
    event_files.close()
    (file,) = (tmp_path / "validation").iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    EventFiles(tmp_path).open(2, 20)
    assert read(tmp_path / "validation") == VALIDATION[:1]


def test_training_writes_event_files(trained_run):
    assert [
        (tag, step) for tag, step, _ in read(trained_run.events / "validation") if tag == "epoch_auc"
    ] == [
        ("epoch_auc", 1),
        ("epoch_auc", 2),
    ]
    assert ("batch_loss", 1) in [(tag, step) for tag, step, _ in read(trained_run.events / "train")]
