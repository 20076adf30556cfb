"""The table of runs."""

from pathlib import Path

import pytest

from fracture_core.errors import TrainingError
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import CARD_NAME, SHIPPED_MODEL
from fracture_core.runs import queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import MAX_NOTES_LENGTH, Run
from fracture_core.runs.run_table import WAITING, filter_rows, list_runs, run_table

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture
def folder(tmp_path):
    """Two runs: one that was stopped after two epochs, and one that waits."""
    first = Run.create(tmp_path, "first", TrainingConfig("/films", "four_block", epochs=9, batch=4))
    for epoch, loss, auc in ((1, 0.5, 0.7), (2, 0.6, 0.8)):
        first.write_progress(kind="epoch", epoch=epoch, seconds=30.0, val_loss=loss, val_auc=auc)
    first.set_state("stopped", "Completed epochs: 2.", pid=0)
    first.write_notes("  smaller batch ")
    Run.create(tmp_path, "second", TrainingConfig("/films", "mobilenet_v2", size=160))
    with queue.locked_queue(tmp_path) as waiting:
        waiting.append(queue.WaitingRun("second"))
    return tmp_path


def test_row_has_settings_best_epoch_time_and_notes(folder):
    rows = {row.run: row for row in list_runs(folder)}
    first, second = rows["first"], rows["second"]
    assert (first.status, first.epochs, first.planned, first.batch) == ("stopped", 2, 9, 4)
    assert (first.best, first.validation_auc, first.minutes, first.notes) == (1, 0.7, 1.0, "smaller batch")
    assert first.test_auc is None
    assert (second.status, second.size, second.best, second.epochs) == (WAITING, 160, None, 0)


def test_run_without_readable_settings_is_listed(folder):
    (folder / "first" / "config.json").write_text("{")
    row = next(row for row in list_runs(folder) if row.run == "first")
    assert (row.architecture, row.size, row.best, row.epochs) == (None, None, None, 2)


def test_test_auc_is_that_of_the_card(folder):
    card = ModelCard.load(MODELS / SHIPPED_MODEL / CARD_NAME)
    result = folder / "first" / "result"
    result.mkdir()
    card.save(result / CARD_NAME)
    row = next(row for row in list_runs(folder) if row.run == "first")
    assert row.test_auc == card.test.auc.value


def test_filter_needs_every_word(folder):
    rows = list_runs(folder)
    assert [row.run for row in filter_rows(rows, "BATCH four")] == ["first"]
    assert [row.run for row in filter_rows(rows, "waiting")] == ["second"]
    assert filter_rows(rows, "batch mobilenet") == []
    assert filter_rows(rows, " ") == rows


def test_table_has_a_column_for_each_value(folder):
    table = run_table(list_runs(folder))
    assert table["epochs"].sum() == 2
    assert table["seed"].notna().all()
    assert run_table([]).empty


def test_notes_are_limited_and_can_be_deleted(folder):
    run = Run(folder / "first")
    with pytest.raises(TrainingError, match="Shorten them"):
        run.write_notes("x" * (MAX_NOTES_LENGTH + 1))
    with pytest.raises(TrainingError, match="cannot be saved"):
        run.write_notes("\ud800")
    assert run.notes() == "smaller batch"
    run.write_notes("")
    assert run.notes() == ""
    assert not (run.folder / "notes.txt").exists()
