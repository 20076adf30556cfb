"""Downloads in the background, and where the sets lie."""

import socket
import time
from dataclasses import replace

import pytest
from hosts import Page, packed_fracatlas

from fracture_core.cli import main as cli
from fracture_core.data import remembered
from fracture_core.data.download import kept, public_set, sets
from fracture_core.data.download.figshare import Figshare
from fracture_core.data.download.job import Job
from fracture_core.errors import DataError


@pytest.fixture
def row(local_host, monkeypatch):
    """FracAtlas from here instead of figshare."""
    found = replace(
        public_set("fracatlas"), source=Figshare(22363012, f"{local_host.url}/v2"), counts={"": 6}
    )
    monkeypatch.setattr(sets, "SETS", (found,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return found


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path))
    return tmp_path


def test_what_the_page_starts_fetches_the_set_to_where_it_is_looked_for(row, root, monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(Job, "_launch", lambda self, words, data: started.append(list(words)))
    job = Job.of(root, row)
    job.start(row, root)
    assert kept.here(row, root) is None
    assert cli.main([*started[0], "--job", str(job.folder)]) == 0
    assert (job.state().status, job.state().what) == ("finished", "")
    assert kept.here(row, root) == kept.usual(row, root)


def test_a_failure_is_kept_as_a_sentence(row, root, local_host):
    local_host.pages.clear()
    job = Job.of(root, row)
    assert job.work(row, kept.usual(row, root)) == 1
    assert job.state().status == "failed"
    assert "but it answered “404" in job.state().what
    assert kept.here(row, root) is None


def test_a_set_that_lies_elsewhere_is_found(row, root, tmp_path):
    assert cli.main(["data", "get", "fracatlas", "--to", str(tmp_path / "mine"), "--yes"]) == 0
    assert kept.here(row, root) is None
    assert kept.here(row, root, remembered.folders(root)) == tmp_path / "mine"
    # A folder with a nul in its name, or none at all, is no reason to fail.
    assert kept.here(row, root, ["/a\0b", "/gone"]) is None


def test_the_list_says_what_is_here(row, root, capsys):
    cli.main(["data", "get", "fracatlas", "--yes"])
    capsys.readouterr()
    cli.main(["data", "list"])
    assert f"here: {kept.usual(row, root)}" in capsys.readouterr().out


def test_a_download_is_cancelled_and_can_begin_again(root, monkeypatch):
    """A host that never answers keeps the real process waiting, so that it is at work when it is ended."""
    row = public_set("fracatlas")
    with socket.socket() as host:
        host.bind(("127.0.0.1", 0))
        host.listen()
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{host.getsockname()[1]}")
        job = Job.of(root, row)
        job.start(row, root)
        with pytest.raises(DataError, match="there is one: wait for it"):
            job.start(row, root)
        end = time.monotonic() + 60
        while not job.state().what.startswith("Asking"):
            assert time.monotonic() < end
            time.sleep(0.05)
        job.cancel()
        assert job.state().status == "cancelled"
        assert "what was fetched is kept" in job.state().what
        job.cancel()  # once more changes nothing
        assert job.state().status == "cancelled"
        assert kept.here(row, root) is None
