"""Who may connect, response headers, uploads in memory, and folders that a shared app reads."""

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from fracture_core.errors import DataError
from pages.components.common import access, data_folder, server_security
from pages.components.common.server_security import CONTENT_SECURITY_POLICY, SecurityMiddleware


def _run(coroutine: Coroutine[None, None, Any]) -> Any:
    """Run a coroutine in a thread of its own, because browser tests leave an event loop in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def _app(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"ALLOWALL")]})
    await send({"type": "http.response.body", "body": b"inside"})


def _request(path: str = "/", host: str = "127.0.0.1", kind: str = "http", method: str = "GET") -> list[dict]:
    """The messages that the middleware sends for one connection to a local address."""
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    async def receive() -> dict:
        return {"type": "http.request", "body": b""}

    scope = {"type": kind, "path": path, "server": (host, 8501), "method": method}
    _run(SecurityMiddleware(_app)(scope, receive, send))
    return sent


@pytest.fixture(autouse=True)
def _private(monkeypatch):
    for name in ("SECOND_LOOK_ALLOW_ANONYMOUS", "SECOND_LOOK_DATA_ROOTS", "SECOND_LOOK_DATASET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(access, "get_secrets_auth_section", dict)


def test_every_response_has_the_security_headers():
    for path in ("/", "/_stcore/metrics"):
        headers = dict(_request(path)[0]["headers"])
        assert headers[b"content-security-policy"] == CONTENT_SECURITY_POLICY.encode()
        assert headers[b"x-frame-options"] == b"SAMEORIGIN"
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"referrer-policy"] == b"no-referrer"


def test_policy_allows_no_other_host():
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert "unsafe-eval" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/base/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_figures_and_programming_interface_of_streamlit_are_closed(path):
    assert _request(path)[0]["status"] == 404


@pytest.mark.parametrize("host", ["192.0.2.7", "::", "2001:db8::1", ""])
def test_connections_from_other_computers_are_refused(host, monkeypatch):
    assert _request(host=host)[0]["status"] == 403
    assert _request(host=host, kind="websocket") == [{"type": "websocket.close", "code": 1008}]
    monkeypatch.setenv("SECOND_LOOK_ALLOW_ANONYMOUS", "1")
    assert _request(host=host)[0]["status"] == 200


def test_connections_from_other_computers_are_accepted_with_a_login(monkeypatch):
    monkeypatch.setattr(access, "get_secrets_auth_section", lambda: {"client_id": "a"})
    assert _request(host="192.0.2.7")[0]["status"] == 200


@pytest.mark.parametrize("address", [None, "0.0.0.0", "192.0.2.7", "example.org"])
def test_server_does_not_start_beyond_this_computer(address, monkeypatch):
    monkeypatch.setattr(server_security.config, "get_option", lambda name: address)
    with pytest.raises(SystemExit, match="SECOND_LOOK_ALLOW_ANONYMOUS=1"):
        server_security.check_listening_address()
    monkeypatch.setenv("SECOND_LOOK_ALLOW_ANONYMOUS", "1")
    server_security.check_listening_address()


def test_only_the_value_1_allows_anonymous_use(monkeypatch):
    for value in ("", "0", "true", "yes"):
        monkeypatch.setenv("SECOND_LOOK_ALLOW_ANONYMOUS", value)
        assert not access.may_be_shared()


def test_uploads_beyond_the_total_are_refused(monkeypatch):
    monkeypatch.setattr(server_security, "_uploaded_bytes", lambda: server_security.MAX_UPLOADED_BYTES + 1)
    path = "/_stcore/upload_file/session/file"
    assert _request(path, method="PUT")[0]["status"] == 507
    assert _request(path, method="DELETE")[0]["status"] == 200


def test_upload_is_never_written_to_disk(monkeypatch):
    monkeypatch.setattr(MultiPartParser, "spool_max_size", MultiPartParser.spool_max_size)
    server_security.keep_uploads_in_memory()
    content = b"".join(
        (
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.dcm"\r\n\r\n',
            bytes(5 << 20),
            b"\r\n--b--\r\n",
        )
    )

    async def chunks():
        stream = io.BytesIO(content)
        while part := stream.read(1 << 16):
            yield part

    headers = Headers({"content-type": "multipart/form-data; boundary=b"})
    form = _run(MultiPartParser(headers, chunks()).parse())
    assert form["f"].file._rolled is False
    assert len(form["f"].file.read()) == 5 << 20
    form["f"].file.close()


# Folders


def test_own_computer_reads_any_folder(tmp_path):
    assert data_folder.resolve_folder(str(tmp_path)) == tmp_path.resolve()


@pytest.mark.parametrize("shared", ["SECOND_LOOK_ALLOW_ANONYMOUS", "SECOND_LOOK_DATA_ROOTS"])
def test_shared_app_reads_only_folders_below_its_roots(tmp_path, monkeypatch, shared):
    root, other = tmp_path / "data", tmp_path / "data-of-others"
    (root / "set").mkdir(parents=True)
    other.mkdir()
    (root / "link").symlink_to(other)
    monkeypatch.setenv("SECOND_LOOK_ALLOW_ANONYMOUS", "1")
    monkeypatch.setenv("SECOND_LOOK_DATA_ROOTS", str(root))
    if shared == "SECOND_LOOK_DATA_ROOTS":
        monkeypatch.delenv("SECOND_LOOK_ALLOW_ANONYMOUS")
    assert data_folder.resolve_folder(str(root / "set")) == (root / "set").resolve()
    for path in (other, "/etc", root / "set" / ".." / ".." / "data-of-others", root / "link", "/", "~"):
        with pytest.raises(DataError, match="not one of the folders"):
            data_folder.resolve_folder(str(path))
        with pytest.raises(DataError, match="not one of the folders"):
            data_folder.folder_holding(str(path), "image.png")


def test_shared_app_without_roots_reads_only_what_it_stores(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_ALLOW_ANONYMOUS", "1")
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    assert access.is_allowed_folder((tmp_path / "runs" / ".uploads" / "a").resolve())
    assert not access.is_allowed_folder(tmp_path.resolve())
