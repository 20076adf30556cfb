"""Tests of downloading one file over an unreliable connection."""

import errno
import hashlib
import itertools
import random
import time
import tracemalloc
from pathlib import Path

import pytest
from local_hosts import Moved, Page

from fracture_core.download.listing import RemoteFile
from fracture_core.download.session import RetryPolicy, open_session
from fracture_core.download.transfer import fetch_file
from fracture_core.errors import DataError

FAST_RETRY = RetryPolicy(tries=3, wait=0.01, longest=2, timeout=5)
BODY = random.Random(0).randbytes(1_000_000)
CHUNK = 1 << 16
CUT = 9 * CHUNK


class CancelledError(Exception):
    pass


@pytest.fixture
def download(local_host, tmp_path):
    """Download /film.zip with the published properties of BODY."""

    def run(progress=lambda done: None, body: bytes = BODY, **changes):
        properties = {
            "name": "film.zip",
            "size": len(body),
            "md5": hashlib.md5(body).hexdigest(),
            "host": "figshare",
            "address": lambda: f"{local_host.url}/film.zip",
            **changes,
        }
        with open_session(FAST_RETRY) as session:
            return fetch_file(session, RemoteFile(**properties), tmp_path, progress, FAST_RETRY)

    return run


def _serve(host, **options) -> Page:
    page = host.pages["/film.zip"] = Page(options.pop("body", BODY), **options)
    return page


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _ranges(host) -> list[str | None]:
    return [request.headers.get("Range") for request in host.requests_for("/film.zip")]


def _is_one_line(error: pytest.ExceptionInfo) -> bool:
    text = str(error.value)
    return text.endswith(".") and "\n" not in text


def test_download_without_interruption(download, local_host, tmp_path):
    page = _serve(local_host)
    progress: list[int] = []
    fetched = download(progress.append)
    assert fetched.path.read_bytes() == BODY
    assert fetched.md5 == hashlib.md5(BODY).hexdigest()
    assert (progress[0], progress[-1], sorted(progress)) == (0, len(BODY), progress)
    assert len(progress) > 3
    assert _names(tmp_path) == ["film.zip"]
    assert page.sent == len(BODY)
    assert local_host.log[0].headers["User-Agent"].startswith("second-look/")


def test_existing_file_is_not_downloaded_again(download, local_host):
    _serve(local_host)
    download()
    download()
    assert len(local_host.log) == 1


def test_damaged_file_is_downloaded_again(download, local_host, tmp_path):
    _serve(local_host)
    (tmp_path / "film.zip").write_bytes(bytes(len(BODY)))
    assert download().path.read_bytes() == BODY


def test_only_the_rest_is_requested_after_an_interruption(download, local_host):
    page = _serve(local_host, drops=[CUT])
    assert download().path.read_bytes() == BODY
    assert page.sent == len(BODY)
    assert _ranges(local_host) == [None, f"bytes={CUT}-"]
    assert local_host.log[1].headers["If-Range"] == '"one"'


def test_repeated_interruptions_end_the_download_and_it_can_be_resumed(download, local_host, tmp_path):
    _serve(local_host, drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="connection failed or was interrupted") as error:
        download()
    assert _is_one_line(error)
    assert len(local_host.log) == FAST_RETRY.tries
    assert (tmp_path / "film.zip.part").stat().st_size == 3 * CHUNK
    page = _serve(local_host)
    assert download().path.read_bytes() == BODY
    assert page.sent == len(BODY) - 3 * CHUNK


def test_interruptions_with_progress_do_not_end_the_download(download, local_host):
    body = BODY * 8
    page = _serve(local_host, body=body, drops=itertools.repeat(18 * CHUNK, 6))
    assert download(body=body).path.read_bytes() == body
    assert page.sent == len(body)
    assert len(local_host.log) == 7 > FAST_RETRY.tries


def test_server_that_always_restarts_ends_the_download(download, local_host):
    body = BODY * 4
    _serve(local_host, body=body, ranges=False, drops=itertools.repeat(3_000_000))
    with pytest.raises(DataError, match="was interrupted"):
        download(body=body)
    assert len(local_host.log) == 1 + FAST_RETRY.tries


def test_early_end_counts_as_an_interruption(download, local_host):
    page = _serve(local_host, length=False, drops=[CUT])
    assert download().path.read_bytes() == BODY
    assert page.sent == len(BODY)


def test_server_without_range_support(download, local_host):
    page = _serve(local_host, ranges=False, drops=[CUT])
    assert download().path.read_bytes() == BODY
    assert page.sent == len(BODY) + CUT


def test_wrong_range_restarts_the_download(download, local_host, monkeypatch):
    _serve(local_host, drops=[CUT])
    original = Page.answer

    def shift(page, handler):
        if handler.headers.get("Range"):
            handler.headers.replace_header("Range", "bytes=5-")
        original(page, handler)

    monkeypatch.setattr(Page, "answer", shift)
    assert download().path.read_bytes() == BODY
    assert _ranges(local_host) == [None, f"bytes={CUT}-", None]


def test_changed_file_is_downloaded_completely(download, local_host):
    new = BODY[::-1]
    _serve(local_host, drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="was interrupted"):
        download(body=new)
    page = _serve(local_host, body=new, etag='"two"')
    assert download(body=new).path.read_bytes() == new
    assert local_host.log[-1].headers["If-Range"] == '"one"'
    assert page.sent == len(new)


def test_partial_file_of_another_version_is_not_resumed(download, local_host, tmp_path):
    _serve(local_host, drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="was interrupted"):
        download(body=BODY[::-1])
    local_host.log.clear()
    _serve(local_host)
    assert download().path.read_bytes() == BODY
    assert _ranges(local_host) == [None]


@pytest.mark.parametrize("note", ["", "[]", "{", '{"size": 1000000}'])
def test_partial_file_with_damaged_metadata_is_not_resumed(download, local_host, tmp_path, note):
    (tmp_path / "film.zip.part").write_bytes(b"something else")
    (tmp_path / "film.zip.part.json").write_text(note)
    _serve(local_host)
    assert download().path.read_bytes() == BODY
    assert _ranges(local_host) == [None]


def test_partial_file_without_checksum_and_etag_is_not_resumed(download, local_host):
    _serve(local_host, etag="", drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="was interrupted"):
        download(md5="")
    _serve(local_host, etag="")
    local_host.log.clear()
    assert download(md5="").path.read_bytes() == BODY
    assert _ranges(local_host) == [None]


def test_weak_etag_is_not_used_for_if_range(download, local_host):
    _serve(local_host, etag='W/"one"', drops=[CUT])
    assert download().path.read_bytes() == BODY
    assert "If-Range" not in local_host.log[1].headers


def test_wrong_checksum_deletes_the_file(download, local_host, tmp_path):
    _serve(local_host, body=BODY[::-1])
    with pytest.raises(DataError, match="is damaged: its MD5") as error:
        download()
    assert _is_one_line(error)
    assert _names(tmp_path) == []


@pytest.mark.parametrize(("length", "sent"), [(True, "1,000,001"), (False, "more")])
def test_wrong_size_is_reported(download, local_host, tmp_path, length, sent):
    _serve(local_host, body=BODY + b"!", length=length)
    with pytest.raises(DataError, match=f"sends {sent}") as error:
        download()
    assert _is_one_line(error)
    assert "film.zip" not in _names(tmp_path)


@pytest.mark.parametrize("status", [202, 403, 404])
def test_refusal_is_not_retried(download, local_host, status):
    _serve(local_host, statuses=itertools.repeat(status))
    with pytest.raises(DataError, match=f"“{status} ") as error:
        download()
    assert _is_one_line(error)
    assert len(local_host.log) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_busy_server_is_retried(download, local_host, status):
    _serve(local_host, statuses=[status, status])
    assert download().path.read_bytes() == BODY
    assert len(local_host.log) == 3


def test_server_that_stays_busy(download, local_host):
    _serve(local_host, statuses=itertools.repeat(503))
    with pytest.raises(DataError, match="“503 Service Unavailable”") as error:
        download()
    assert _is_one_line(error)
    assert len(local_host.log) == FAST_RETRY.tries


def test_retry_after_is_respected(download, local_host):
    _serve(local_host, statuses=[429], headers={"Retry-After": "1"})
    start = time.monotonic()
    download()
    assert time.monotonic() - start >= 1


def test_retry_after_is_limited(download, local_host):
    _serve(local_host, statuses=[429], headers={"Retry-After": "86400"})
    start = time.monotonic()
    download()
    assert FAST_RETRY.longest <= time.monotonic() - start < 2 * FAST_RETRY.longest


def test_redirect_keeps_the_range(download, local_host):
    _serve(local_host, drops=[CUT])
    local_host.pages["/film"] = Moved(f"{local_host.url}/film.zip")
    assert download(address=lambda: f"{local_host.url}/film").path.read_bytes() == BODY
    assert _ranges(local_host) == [None, f"bytes={CUT}-"]


def test_circular_redirect_is_reported(download, local_host):
    local_host.pages["/film.zip"] = Moved(f"{local_host.url}/film.zip")
    with pytest.raises(DataError, match="cannot be read") as error:
        download()
    assert _is_one_line(error)


def test_cancel_and_resume(download, local_host, tmp_path):
    def cancel(done: int) -> None:
        if done >= CUT:
            raise CancelledError

    page = _serve(local_host)
    with pytest.raises(CancelledError):
        download(cancel)
    size = (tmp_path / "film.zip.part").stat().st_size
    assert size >= CUT
    page = _serve(local_host)
    assert download().path.read_bytes() == BODY
    assert page.sent == len(BODY) - size


def test_complete_partial_file_needs_no_request(download, local_host, tmp_path):
    def cancel(done: int) -> None:
        if done == len(BODY):
            raise CancelledError

    _serve(local_host)
    with pytest.raises(CancelledError):
        download(cancel)
    assert download().path.read_bytes() == BODY
    assert len(local_host.log) == 1


def test_empty_file_needs_no_request(download, local_host):
    assert download(body=b"").path.read_bytes() == b""
    assert local_host.log == []


def test_missing_network_is_reported(download):
    with pytest.raises(DataError, match="Check the network") as error:
        download(address=lambda: "http://127.0.0.1:9/film.zip")
    assert _is_one_line(error)


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "Could not write to")]
)
def test_disk_errors_are_reported(download, local_host, tmp_path, monkeypatch, number, message):
    _serve(local_host)
    original = Path.open

    def refuse(path, mode="r", *args, **kwargs):
        if mode == "ab":
            raise OSError(number, "refused")
        return original(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=message) as error:
        download()
    assert _is_one_line(error)


def test_memory_does_not_grow_with_the_file(download, local_host):
    body = bytes(48 << 20)
    _serve(local_host, body=body)
    tracemalloc.start()
    try:
        download(body=body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
