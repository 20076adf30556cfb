"""Tests of background downloads and of the locations of datasets."""

import socket
import time

import pytest

from fracture_core.cli import main as cli
from fracture_core.datasets import recent_folders
from fracture_core.download import local_datasets, public_dataset
from fracture_core.download.download_job import DownloadJob
from fracture_core.errors import DataError


@pytest.fixture
def fracatlas(fracatlas_server):
    """FracAtlas, downloaded from a local server."""
    return public_dataset("fracatlas")


def test_started_command_downloads_to_the_default_folder(fracatlas, runs_folder, monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(DownloadJob, "_launch", lambda self, command, data: started.append(list(command)))
    job = DownloadJob.for_dataset(runs_folder, fracatlas)
    job.start(fracatlas, runs_folder)
    assert local_datasets.find_local(fracatlas, runs_folder) is None
    assert cli.main([*started[0], "--job", str(job.folder)]) == 0
    assert (job.state().status, job.state().message) == ("finished", "")
    assert local_datasets.find_local(fracatlas, runs_folder) == local_datasets.default_folder(
        fracatlas, runs_folder
    )


def test_failure_is_stored_in_the_state(fracatlas, runs_folder, local_host):
    local_host.pages.clear()
    job = DownloadJob.for_dataset(runs_folder, fracatlas)
    assert job.run(fracatlas, local_datasets.default_folder(fracatlas, runs_folder)) == 1
    assert job.state().status == "failed"
    assert "the server answered “404" in job.state().message
    assert local_datasets.find_local(fracatlas, runs_folder) is None


def test_download_in_another_folder_is_found(fracatlas, runs_folder, tmp_path):
    assert cli.main(["data", "get", "fracatlas", "--to", str(tmp_path / "mine"), "--yes"]) == 0
    assert local_datasets.find_local(fracatlas, runs_folder) is None
    assert (
        local_datasets.find_local(fracatlas, runs_folder, recent_folders.recent_folders(runs_folder))
        == tmp_path / "mine"
    )
    # An invalid or missing folder is ignored.
    assert local_datasets.find_local(fracatlas, runs_folder, ["/a\0b", "/gone"]) is None


def test_list_shows_downloaded_datasets(fracatlas, runs_folder, capsys):
    cli.main(["data", "get", "fracatlas", "--yes"])
    capsys.readouterr()
    cli.main(["data", "list"])
    assert (
        f"downloaded to: {local_datasets.default_folder(fracatlas, runs_folder)}" in capsys.readouterr().out
    )


def test_download_can_be_cancelled(runs_folder, monkeypatch):
    """A host that never answers keeps the process running until it is cancelled."""
    dataset = public_dataset("fracatlas")
    with socket.socket() as host:
        host.bind(("127.0.0.1", 0))
        host.listen()
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{host.getsockname()[1]}")
        job = DownloadJob.for_dataset(runs_folder, dataset)
        job.start(dataset, runs_folder)
        with pytest.raises(DataError, match="already being downloaded"):
            job.start(dataset, runs_folder)
        deadline = time.monotonic() + 60
        while not job.state().message.startswith("Requesting"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        job.cancel()
        assert job.state().status == "cancelled"
        assert "downloaded so far is kept" in job.state().message
        job.cancel()  # a second call has no effect
        assert job.state().status == "cancelled"
        assert local_datasets.find_local(dataset, runs_folder) is None
