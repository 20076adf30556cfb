"""The running app: no request leaves it, uploads are written nowhere, and headers are sent."""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from browser_steps import choose_page, wait_for_rerun
from patient_data import IDENTIFYING_TEXTS, add_patient
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from fracture_core.phantom import draw_phantom, phantom_to_dicom

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]

# Python runs a module of this name at the start of every process. It records each file that is opened for writing,
# including unnamed ones, which only their flags show.
_TRACE = """
import os, sys

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | getattr(os, "O_TMPFILE", 0)
_LOG = os.open(os.environ["TRACE_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _record(event, arguments):
    if event == "open" and not isinstance(arguments[0], int) and (arguments[2] or 0) & _WRITING:
        os.write(_LOG, f"{arguments[0]}\\n".encode(errors="replace"))
    elif event in ("tempfile.mkstemp", "tempfile.mkdtemp"):
        os.write(_LOG, f"{arguments[0]}\\n".encode(errors="replace"))


sys.addaudithook(_record)
"""


# Compiled modules, devices, and the lists of fonts and trainings, which contain nothing of an image.
_IS_HARMLESS = re.compile(r"__pycache__|\.pyc|^/dev/|^/proc/|fontlist|\.queue|\.lock$")


class _Listener(http.server.BaseHTTPRequestHandler):
    """Counts the requests that a page sends to another server."""

    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requests.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[str]:
    """The address of a server that counts requests."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_names_in_the_address_are_text_and_reach_no_other_server(page, app, listener):
    texts = (f"![x]({listener}/markdown.png)", f"<img src={listener}/html.png>")
    for text in texts:
        for path in (
            "failures?model=",
            "failures?case=",
            "failures?slice=",
            "labels?model=",
            "teaching?model=",
        ):
            page.goto(f"{app.url}/{path}{urllib.parse.quote(text, safe='')}")
            warning = page.get_by_test_id("stAlert").filter(has_text=text).first
            expect(warning).to_be_visible()
            assert page.locator(f"img[src^='{listener}']").count() == 0
    assert _Listener.requests == []


def test_policy_stops_an_image_of_another_server(page, app, listener):
    page.goto(app.url)
    expect(page.locator("input[type=file]").first).to_be_attached()
    blocked = page.evaluate(
        "address => new Promise(done => { const image = new Image(); image.onload = () => done('loaded');"
        " image.onerror = () => done('failed'); image.src = address; })",
        f"{listener}/direct.png",
    )
    assert blocked == "failed"
    assert _Listener.requests == []


def test_headers_are_sent_and_figures_are_closed(app):
    with urllib.request.urlopen(app.url) as answer:
        assert "img-src 'self' data: blob:" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{app.url}/_stcore/metrics")


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_app_does_not_listen_beyond_this_computer(address, tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("SECOND_LOOK_ALLOW_ANONYMOUS", None)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"]
    done = subprocess.run(
        [*command, "--server.address", address],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "SECOND_LOOK_ALLOW_ANONYMOUS=1" in done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run_environment() -> dict[str, str]:
    """The environment variables that `make run` sets."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    settings = (line.removeprefix("run: export ") for line in lines if line.startswith("run: export "))
    return dict(setting.split(" = ", 1) for setting in settings)


@contextmanager
def _running_app(tmp_path: Path, port: int | None = None) -> Iterator[tuple[str, Path, int]]:
    """The address of an app that records the files that it opens for writing, that record, and its process number."""
    for name in ("packages", "runs", "home"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "packages" / "sitecustomize.py").write_text(_TRACE)
    shutil.copytree(ROOT / "models", tmp_path / "models")
    record = tmp_path / "written.txt"
    record.touch()
    port = port or _free_port()
    environment = {
        **os.environ,
        **_run_environment(),
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(tmp_path / "packages"), os.environ.get("PYTHONPATH")))
        ),
        "TRACE_FILE": str(record),
        "SECOND_LOOK_MODELS": str(tmp_path / "models"),
        "SECOND_LOOK_RUNS": str(tmp_path / "runs"),
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "home"),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    # A session that is closed is collected soon, not after two minutes.
    command += ["--server.disconnectedSessionTTL", "1"]
    with (tmp_path / "app.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url)
        yield url, record, process.pid
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def traced_app(tmp_path) -> Iterator[tuple[str, Path, int]]:
    """See `_running_app`."""
    with _running_app(tmp_path) as app:
        yield app


class _Provider(http.server.BaseHTTPRequestHandler):
    """An identity provider (OpenID Connect) that logs everyone in as the same user."""

    key: ClassVar[Any] = None
    nonces: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        base = f"http://{self.headers['Host']}"
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/authorize":
            self.nonces["code"] = query.get("nonce", "")
            self.send_response(302)
            answer = urllib.parse.urlencode({"code": "code", "state": query["state"]})
            self.send_header("Location", f"{query['redirect_uri']}?{answer}")
            self.end_headers()
        elif url.path == "/keys":
            self._send({"keys": [self.key.as_dict(private=False)]})
        else:
            paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            self._send({"issuer": base, **{name: f"{base}/{path}" for name, path in paths.items()}})

    def do_POST(self) -> None:
        from joserfc import jwt

        self.rfile.read(int(self.headers["Content-Length"]))
        now = int(time.time())
        claims = {
            "iss": f"http://{self.headers['Host']}",
            "sub": "1",
            "aud": "app",
            "name": "Ada",
            "iat": now,
        }
        claims |= {"exp": now + 600, "nonce": self.nonces["code"]}
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        self._send({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _send(self, values: dict) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(values).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[str]:
    """The address of a local identity provider."""
    for name in ("authlib", "httpx"):
        pytest.importorskip(name, reason=f"no {name} is installed: pip install -r requirements-login.txt")
    from joserfc.jwk import RSAKey

    _Provider.key = RSAKey.generate_key(2048, {"use": "sig", "kid": "1"})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _write_secrets(folder: Path, provider: str, port: int) -> None:
    secrets = {
        "redirect_uri": f"http://127.0.0.1:{port}/oauth2callback",
        "cookie_secret": "0123456789abcdef0123456789abcdef",
        "client_id": "app",
        "client_secret": "secret",
        "server_metadata_url": f"{provider}/.well-known/openid-configuration",
    }
    path = folder / "home" / ".streamlit" / "secrets.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in secrets.items()))


def test_visitor_without_a_login_sees_nothing_but_a_button(page, tmp_path):
    port = _free_port()
    _write_secrets(tmp_path, "http://127.0.0.1:9", port)
    with _running_app(tmp_path, port) as (url, _, _):
        for path in ("", "/failures", "/train", "/audit?data=/etc"):
            page.goto(url + path)
            page.get_by_role("button", name="Log in", exact=True).wait_for()
            wait_for_rerun(page)
            assert page.locator("input").count() == 0
            assert page.get_by_test_id("stTopNav").get_by_role("link").count() == 0
            assert "mobilenet" not in page.content()


def test_login_with_a_local_provider_opens_the_app(browser, tmp_path, provider):
    port = _free_port()
    _write_secrets(tmp_path, provider, port)
    context = browser.new_context()
    page = context.new_page()
    with _running_app(tmp_path, port) as (url, _, _):
        page.goto(url)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.get_by_text("Samples").wait_for(timeout=60_000)
        expect(page.locator("input[type=file]").first).to_be_attached()
    context.close()


def _wait_until_healthy(url: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the app did not start")


def _large_patient_file() -> bytes:
    """A DICOM file of 5 MB, more than Starlette keeps in memory by itself."""
    content = add_patient(phantom_to_dicom(draw_phantom(1, "leg", True, (1600, 1600)), "A"))
    assert len(content) > 4 << 20
    return content


def test_study_leaves_no_trace_of_the_patient(browser, traced_app, tmp_path):
    url, record, pid = traced_app
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    path = tmp_path / "Doe_Jane.dcm"
    path.write_bytes(_large_patient_file())
    page.goto(url)
    page.get_by_text("Samples").wait_for()
    page.wait_for_timeout(3000)
    before = len(record.read_text().splitlines())
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(str(path))
    page.get_by_test_id("verdict").wait_for()
    wait_for_rerun(page)
    assert _download_everything(page) >= 4
    choose_page(page, "Failures")
    page.get_by_role("heading", name="Failures", exact=True).wait_for()
    choose_page(page, "Second opinion")
    page.get_by_test_id("verdict").wait_for()
    written = record.read_text().splitlines()[before:]
    assert [name for name in written if not _IS_HARMLESS.search(name)] == []
    path.unlink()
    _assert_unknown_on_disk(tmp_path)
    page.get_by_role("button", name="New study").click()
    page.get_by_text("Study cleared").wait_for()
    context.close()
    if sys.platform == "linux":
        _assert_unknown_in_memory(pid)


def _assert_unknown_in_memory(pid: int) -> None:
    """Search the memory of the server; the session is collected some seconds after the page was closed."""
    texts = [text.encode() for text in ("ID-4711", "ACC-0815", "STUDY-99", "Holmes^Sherlock")]
    for _ in range(20):
        found = _in_memory(pid, texts)
        if not found:
            return
        time.sleep(1)
    raise AssertionError(f"the server still knows {found}")


def _in_memory(pid: int, texts: list[bytes]) -> set[bytes]:
    """Those of the texts that the memory of a process contains."""
    found = set()
    with (
        Path(f"/proc/{pid}/maps").open(encoding="utf-8") as maps,
        Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory,
    ):
        for line in maps:
            place, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(number, 16) for number in place.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            found |= {text for text in texts if text in content}
    return found


def _download(page, button) -> bool:
    """Download; again if the page was drawn meanwhile, because the content then belongs to the earlier page."""
    for _ in range(4):
        wait_for_rerun(page)
        try:
            with page.expect_download(timeout=20_000) as download:
                button.click()
            if download.value.failure() is None:
                return True
        except PlaywrightTimeoutError:
            continue
    return False


def _download_everything(page) -> int:
    """Make every export of the study; return their number."""
    place = page.locator(".st-key-saving")
    place.get_by_role("button", name="DICOM results (zip)").wait_for()
    wait_for_rerun(page)
    buttons = place.locator("[data-testid=stDownloadButton] button").all()
    return sum(_download(page, button) for button in buttons)


def _assert_unknown_on_disk(folder: Path) -> None:
    texts = [text.encode() for text in IDENTIFYING_TEXTS if len(text) > 4]
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".h5":
            content = path.read_bytes()
            assert not [text for text in texts if text in content], path
