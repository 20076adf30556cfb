"""One file over a bad line."""

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

HASTE = RetryPolicy(tries=3, wait=0.01, longest=2, timeout=5)
BODY = random.Random(0).randbytes(1_000_000)
CHUNK = 1 << 16
CUT = 9 * CHUNK


class CancelledError(Exception):
    pass


@pytest.fixture
def get(local_host, tmp_path):
    """Fetches /film.zip as if BODY had been published."""

    def run(progress=lambda done: None, body: bytes = BODY, **changes):
        given = {
            "name": "film.zip",
            "size": len(body),
            "md5": hashlib.md5(body).hexdigest(),
            "host": "figshare",
            "address": lambda: f"{local_host.url}/film.zip",
            **changes,
        }
        with open_session(HASTE) as session:
            return fetch_file(session, RemoteFile(**given), tmp_path, progress, HASTE)

    return run


def _serve(host, **given) -> Page:
    page = host.pages["/film.zip"] = Page(given.pop("body", BODY), **given)
    return page


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _ranges(host) -> list[str | None]:
    return [request.headers.get("Range") for request in host.asked("/film.zip")]


def _is_one_sentence(error: pytest.ExceptionInfo) -> bool:
    text = str(error.value)
    return text.endswith(".") and "\n" not in text


def test_a_good_line(get, local_host, tmp_path):
    page = _serve(local_host)
    seen: list[int] = []
    found = get(seen.append)
    assert found.path.read_bytes() == BODY
    assert found.md5 == hashlib.md5(BODY).hexdigest()
    assert (seen[0], seen[-1], sorted(seen)) == (0, len(BODY), seen)
    assert len(seen) > 3
    assert _names(tmp_path) == ["film.zip"]
    assert page.sent == len(BODY)
    assert local_host.log[0].headers["User-Agent"].startswith("second-look/")


def test_what_is_there_is_not_fetched_again(get, local_host):
    _serve(local_host)
    get()
    get()
    assert len(local_host.log) == 1


def test_a_damaged_file_is_fetched_again(get, local_host, tmp_path):
    _serve(local_host)
    (tmp_path / "film.zip").write_bytes(bytes(len(BODY)))
    assert get().path.read_bytes() == BODY


def test_after_a_drop_only_the_rest_is_fetched(get, local_host):
    page = _serve(local_host, drops=[CUT])
    assert get().path.read_bytes() == BODY
    assert page.sent == len(BODY)
    assert _ranges(local_host) == [None, f"bytes={CUT}-"]
    assert local_host.log[1].headers["If-Range"] == '"one"'


def test_a_line_that_always_drops_is_given_up_and_later_taken_up(get, local_host, tmp_path):
    _serve(local_host, drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="connection cannot be made or breaks off") as error:
        get()
    assert _is_one_sentence(error)
    assert len(local_host.log) == HASTE.tries
    assert (tmp_path / "film.zip.part").stat().st_size == 3 * CHUNK
    page = _serve(local_host)
    assert get().path.read_bytes() == BODY
    assert page.sent == len(BODY) - 3 * CHUNK


def test_a_line_that_drops_often_but_brings_news_is_not_given_up(get, local_host):
    body = BODY * 8
    page = _serve(local_host, body=body, drops=itertools.repeat(18 * CHUNK, 6))
    assert get(body=body).path.read_bytes() == body
    assert page.sent == len(body)
    assert len(local_host.log) == 7 > HASTE.tries


def test_a_server_that_begins_anew_and_always_drops_is_given_up(get, local_host):
    body = BODY * 4
    _serve(local_host, body=body, ranges=False, drops=itertools.repeat(3_000_000))
    with pytest.raises(DataError, match="breaks off"):
        get(body=body)
    assert len(local_host.log) == 1 + HASTE.tries


def test_an_early_end_without_a_word_is_a_drop(get, local_host):
    page = _serve(local_host, length=False, drops=[CUT])
    assert get().path.read_bytes() == BODY
    assert page.sent == len(BODY)


def test_a_server_without_ranges_sends_all_again(get, local_host):
    page = _serve(local_host, ranges=False, drops=[CUT])
    assert get().path.read_bytes() == BODY
    assert page.sent == len(BODY) + CUT


def test_a_server_that_answers_with_another_range_is_asked_for_all(get, local_host, monkeypatch):
    _serve(local_host, drops=[CUT])
    honest = Page.answer

    def shift(page, handler):
        if handler.headers.get("Range"):
            handler.headers.replace_header("Range", "bytes=5-")
        honest(page, handler)

    monkeypatch.setattr(Page, "answer", shift)
    assert get().path.read_bytes() == BODY
    assert _ranges(local_host) == [None, f"bytes={CUT}-", None]


def test_a_file_that_changed_in_between_is_fetched_whole(get, local_host):
    new = BODY[::-1]
    _serve(local_host, drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="breaks off"):
        get(body=new)
    page = _serve(local_host, body=new, etag='"two"')
    assert get(body=new).path.read_bytes() == new
    assert local_host.log[-1].headers["If-Range"] == '"one"'
    assert page.sent == len(new)


def test_a_part_of_another_version_is_not_continued(get, local_host, tmp_path):
    _serve(local_host, drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="breaks off"):
        get(body=BODY[::-1])
    local_host.log.clear()
    _serve(local_host)
    assert get().path.read_bytes() == BODY
    assert _ranges(local_host) == [None]


@pytest.mark.parametrize("note", ["", "[]", "{", '{"size": 1000000}'])
def test_a_part_whose_note_is_damaged_is_not_continued(get, local_host, tmp_path, note):
    (tmp_path / "film.zip.part").write_bytes(b"something else")
    (tmp_path / "film.zip.part.json").write_text(note)
    _serve(local_host)
    assert get().path.read_bytes() == BODY
    assert _ranges(local_host) == [None]


def test_without_checksum_and_etag_a_part_proves_nothing(get, local_host):
    _serve(local_host, etag="", drops=itertools.repeat(CHUNK))
    with pytest.raises(DataError, match="breaks off"):
        get(md5="")
    _serve(local_host, etag="")
    local_host.log.clear()
    assert get(md5="").path.read_bytes() == BODY
    assert _ranges(local_host) == [None]


def test_a_weak_etag_is_no_proof_for_if_range(get, local_host):
    _serve(local_host, etag='W/"one"', drops=[CUT])
    assert get().path.read_bytes() == BODY
    assert "If-Range" not in local_host.log[1].headers


def test_a_wrong_checksum_deletes_what_came(get, local_host, tmp_path):
    _serve(local_host, body=BODY[::-1])
    with pytest.raises(DataError, match="published MD5") as error:
        get()
    assert _is_one_sentence(error)
    assert _names(tmp_path) == []


@pytest.mark.parametrize(("length", "sent"), [(True, "1,000,001"), (False, "more")])
def test_another_size_than_published(get, local_host, tmp_path, length, sent):
    _serve(local_host, body=BODY + b"!", length=length)
    with pytest.raises(DataError, match=f"sends {sent}") as error:
        get()
    assert _is_one_sentence(error)
    assert "film.zip" not in _names(tmp_path)


@pytest.mark.parametrize("status", [202, 403, 404])
def test_a_refusal_is_final(get, local_host, status):
    _serve(local_host, statuses=itertools.repeat(status))
    with pytest.raises(DataError, match=f"“{status} ") as error:
        get()
    assert _is_one_sentence(error)
    assert len(local_host.log) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_busy_server_is_asked_again(get, local_host, status):
    _serve(local_host, statuses=[status, status])
    assert get().path.read_bytes() == BODY
    assert len(local_host.log) == 3


def test_a_server_that_stays_busy(get, local_host):
    _serve(local_host, statuses=itertools.repeat(503))
    with pytest.raises(DataError, match="“503 Service Unavailable”") as error:
        get()
    assert _is_one_sentence(error)
    assert len(local_host.log) == HASTE.tries


def test_retry_after_is_kept(get, local_host):
    _serve(local_host, statuses=[429], headers={"Retry-After": "1"})
    began = time.monotonic()
    get()
    assert time.monotonic() - began >= 1


def test_retry_after_has_a_bound(get, local_host):
    _serve(local_host, statuses=[429], headers={"Retry-After": "86400"})
    began = time.monotonic()
    get()
    assert HASTE.longest <= time.monotonic() - began < 2 * HASTE.longest


def test_a_redirect_carries_the_range(get, local_host):
    _serve(local_host, drops=[CUT])
    local_host.pages["/film"] = Moved(f"{local_host.url}/film.zip")
    assert get(address=lambda: f"{local_host.url}/film").path.read_bytes() == BODY
    assert _ranges(local_host) == [None, f"bytes={CUT}-"]


def test_a_redirect_in_a_circle_is_one_sentence(get, local_host):
    local_host.pages["/film.zip"] = Moved(f"{local_host.url}/film.zip")
    with pytest.raises(DataError, match="cannot be read") as error:
        get()
    assert _is_one_sentence(error)


def test_the_caller_may_cancel(get, local_host, tmp_path):
    def cancel(done: int) -> None:
        if done >= CUT:
            raise CancelledError

    page = _serve(local_host)
    with pytest.raises(CancelledError):
        get(cancel)
    there = (tmp_path / "film.zip.part").stat().st_size
    assert there >= CUT
    page = _serve(local_host)
    assert get().path.read_bytes() == BODY
    assert page.sent == len(BODY) - there


def test_a_part_that_is_whole_needs_no_request(get, local_host, tmp_path):
    def cancel(done: int) -> None:
        if done == len(BODY):
            raise CancelledError

    _serve(local_host)
    with pytest.raises(CancelledError):
        get(cancel)
    assert get().path.read_bytes() == BODY
    assert len(local_host.log) == 1


def test_an_empty_file(get, local_host):
    assert get(body=b"").path.read_bytes() == b""
    assert local_host.log == []


def test_no_network(get):
    with pytest.raises(DataError, match="check the network") as error:
        get(address=lambda: "http://127.0.0.1:9/film.zip")
    assert _is_one_sentence(error)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "refused. Choose another folder")]
)
def test_a_disk_that_refuses(get, local_host, tmp_path, monkeypatch, number, words):
    _serve(local_host)
    honest = Path.open

    def refuse(path, mode="r", *given, **more):
        if mode == "ab":
            raise OSError(number, "refused")
        return honest(path, mode, *given, **more)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=words) as error:
        get()
    assert _is_one_sentence(error)


def test_memory_stays_flat(get, local_host):
    body = bytes(48 << 20)
    _serve(local_host, body=body)
    tracemalloc.start()
    try:
        get(body=body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
