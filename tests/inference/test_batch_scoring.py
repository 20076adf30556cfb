"""Batch scoring on Dask: rows, order, bad files, a killed worker, an interrupted client."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import psutil
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster

from fracture_core.cli.main import main
from fracture_core.errors import DataError
from fracture_core.inference.batch_scoring import SCHEMA, ScoringSettings, iterate_source, score_source
from fracture_core.inference.predictor import Predictor
from fracture_core.jobs.progress import ignore_progress


@pytest.fixture(scope="module")
def cluster():
    # A spawned worker runs the file of __main__, which Streamlit's AppTest leaves set to the last page it ran.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        with LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit=0
        ) as cluster:
            yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture
def archive(tmp_path, phantoms) -> Path:
    """A folder of 12 images, one of which cannot be read."""
    folder = tmp_path / "archive"
    for number, path in enumerate(sorted(phantoms.rglob("*.png"))[:11]):
        target = folder / f"{number // 4}" / f"{number:02d}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (folder / "0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return folder


@pytest.fixture
def settings(store, archive) -> ScoringSettings:
    card = store.card("tiny")
    return ScoringSettings(str(archive), str(store.root), "tiny", card.weights.sha256, shard_size=3)


def test_rows_equal_single_predictions_in_the_order_of_the_folder(settings, client, tmp_path, store, archive):
    out = tmp_path / "scores.parquet"
    progress = []
    result = score_source(settings, out, client, lambda *values: progress.append(values))
    assert (result.images, result.errors, result.scored_now) == (12, 1, 12)
    table = pq.read_table(out)
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert [row["path"] for row in rows] == list(iterate_source(archive))
    predictor = Predictor(store, "tiny")
    for row in rows:
        if row["path"].endswith("broken.png"):
            assert row["probability"] is None
            assert "damaged" in row["error"] or "cannot be read" in row["error"] or "cut off" in row["error"]
            continue
        opinion = predictor.predict(Path(row["path"]), heatmap=False)
        assert row["probability"] == pytest.approx(opinion.probability, abs=1e-6)
        assert (row["verdict"], row["gate_state"]) == (opinion.verdict.value, opinion.gate.state.value)
        assert (row["model"], row["model_sha256"], row["error"]) == ("tiny", settings.sha256, None)
    assert progress[0] == ("Scoring images", 0, 12)
    assert progress[-1] == ("Scoring images", 12, 12)
    assert not out.with_name("scores.parquet.parts").exists()


def test_shards_of_a_killed_worker_are_scored_by_another(settings, client, cluster, tmp_path):
    killed = []

    def kill_once(stage: str, done: int, total: int) -> None:
        if done and not killed:
            pid = next(iter(client.run(_pid).values()))
            killed.append(pid)
            psutil.Process(pid).kill()

    out = tmp_path / "scores.parquet"
    result = score_source(settings, out, client, kill_once)
    assert killed
    assert (result.images, result.errors) == (12, 1)
    assert pq.read_table(out).num_rows == 12


def _pid() -> int:
    import os

    return os.getpid()


def test_interrupted_run_continues_with_its_parts(settings, client, tmp_path):
    out = tmp_path / "scores.parquet"

    def interrupt(stage: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_source(settings, out, client, interrupt)
    assert not out.exists()
    with pytest.raises(DataError, match="other settings"):
        score_source(replace(settings, shard_size=4), out, client, ignore_progress)
    result = score_source(settings, out, client, ignore_progress)
    assert (result.images, result.scored_now) == (12, 9)
    assert [row["path"] for row in pq.read_table(out).to_pylist()] == list(
        iterate_source(Path(settings.source))
    )
    with pytest.raises(DataError, match="exists already"):
        score_source(settings, out, client, ignore_progress)


def test_sources(tmp_path):
    (tmp_path / "list.txt").write_text("a.png\n\n/b/c.dcm\n")
    assert list(iterate_source(tmp_path / "list.txt")) == [str(tmp_path / "a.png"), "/b/c.dcm"]
    (tmp_path / "manifest.csv").write_text("label,path\n1,sub/a.png\n0,b.png\n")
    assert list(iterate_source(tmp_path / "manifest.csv")) == [
        str(tmp_path / "sub" / "a.png"),
        str(tmp_path / "b.png"),
    ]
    (tmp_path / "wrong.csv").write_text("file\na.png\n")
    with pytest.raises(DataError, match="no column “path”"):
        list(iterate_source(tmp_path / "wrong.csv"))
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    for name in ("binary.txt", "missing.txt"):
        with pytest.raises(DataError, match="cannot be read"):
            list(iterate_source(tmp_path / name))


def test_empty_source_is_an_error(settings, client, tmp_path):
    (tmp_path / "empty").mkdir()
    out = tmp_path / "scores.parquet"
    with pytest.raises(DataError, match="has no images"):
        score_source(replace(settings, source=str(tmp_path / "empty")), out, client, ignore_progress)
    with pytest.raises(DataError, match="cannot be read"):
        score_source(replace(settings, source=str(tmp_path / "missing")), out, client, ignore_progress)
    assert not list(tmp_path.glob("scores*"))


def test_command_with_a_running_scheduler(store, archive, cluster, tmp_path, capsys):
    out = tmp_path / "scores.parquet"
    command = ["score", str(archive), "--out", str(out), "--model", "tiny"]
    assert main([*command, "--scheduler", cluster.scheduler_address]) == 0
    output = capsys.readouterr()
    assert output.out == f"{out}: 12 images, 1 with an error.\n"
    assert main([*command, "--workers", "0"]) == 1
    assert "at least 1" in capsys.readouterr().err
