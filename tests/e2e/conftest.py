"""A running app and a browser."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pandas as pd
import pytest
from reader_installation import reader_environment

ROOT = Path(__file__).resolve().parents[2]

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # All tabs share a process, whose compiled scripts save a third of the time to load a page.
    "--renderer-process-limit=1",
    # A page is on the screen for seconds: its scripts run less often than optimising them would cost.
    "--js-flags=--no-opt --no-maglev",
]

_VIEWPORT = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class App:
    """The app under test."""

    url: str
    runs: Path
    models: Path
    phantoms: Path
    home: Path
    pid: int


# The headless build, where it is installed, needs less CPU time.
_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium():
    """Playwright's interface to headless Chromium, and the path of the program; tests are skipped without it."""
    path = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    # A long timeout, because a busy machine answers late.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        yield playwright.chromium, path


@pytest.fixture(scope="session")
def browser(chromium):
    """A browser for tests that need a second user or another device."""
    interface, path = chromium
    browser = interface.launch(executable_path=path, args=_FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser_profile(chromium, tmp_path_factory):
    """A browser whose cache keeps Streamlit's scripts for all tests, which saves most of the time to load a page."""
    interface, path = chromium
    context = interface.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=path,
        args=_FLAGS,
        viewport=_VIEWPORT,
        accept_downloads=True,
        reduced_motion="reduce",  # animations are drawn without a graphics processor
    )
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(browser_profile):
    """An empty page; the test fails if the app showed an exception.

    All tests use the same tab, because its process has compiled Streamlit's scripts. Each visit is a new session.
    """
    page = browser_profile.pages[0]
    yield page
    exceptions = page.locator("[data-testid=stException]").or_(page.get_by_text("internal error"))
    errors = exceptions.all_inner_texts()
    for opened in browser_profile.pages[1:]:
        opened.close()
    page.goto("about:blank")
    page.set_viewport_size(_VIEWPORT)
    page.emulate_media(media="null")
    page.mouse.move(0, 0)
    logs = [log.read_text("utf-8")[-4000:] for log in Server.logs if errors and log.is_file()]
    assert not errors, "\n".join(["the page showed an exception:", *errors, *logs])


@pytest.fixture(scope="session")
def app(tmp_path_factory, trained_run, phantoms):
    """The app with the shipped model and a tiny one, in temporary folders."""
    models = tmp_path_factory.mktemp("models")
    runs = tmp_path_factory.mktemp("runs")
    # Own home and temporary folder, so that tests can check what the app writes there.
    home = tmp_path_factory.mktemp("home")
    for folder in (ROOT / "models").iterdir():
        if folder.is_dir():
            shutil.copytree(folder, models / folder.name)
    shutil.copytree(trained_run.result, models / "tiny")
    server = Server(runs, models, home)
    server.start()
    try:
        yield App(server.url, runs, models, phantoms, home, server.pid)
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path):
    """A server with the shipped model that a test may restart."""
    with _started_server(tmp_path, {}) as server:
        yield server


@pytest.fixture
def reader_server(tmp_path):
    """A server with the shipped model, without the packages that requirements-reader.txt leaves out."""
    (tmp_path / "packages").mkdir()
    with _started_server(tmp_path, reader_environment(tmp_path / "packages")) as server:
        yield server


@contextmanager
def _started_server(folder: Path, environment: dict[str, str]) -> Iterator["Server"]:
    for name in ("models", "runs", "home"):
        (folder / name).mkdir()
    for model in (ROOT / "models").iterdir():
        if model.is_dir():
            shutil.copytree(model, folder / "models" / model.name)
    server = Server(folder / "runs", folder / "models", folder / "home", environment)
    server.start()
    yield server
    server.stop()


class Server:
    """The app in its own process, with a fixed port.

    Args:
        runs: folder of runs.
        models: folder of models.
        home: home folder and folder of temporary files.
        environment: additional environment variables.

    Attributes:
        logs: what every server of these tests wrote, for failed tests.
    """

    logs: ClassVar[list[Path]] = []

    def __init__(
        self, runs: Path, models: Path, home: Path, environment: Mapping[str, str] = MappingProxyType({})
    ):
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = runs / "app.log"
        Server.logs.append(self.log)
        self._environment = {
            **os.environ,
            **environment,
            "SECOND_LOOK_MODELS": str(models),
            "SECOND_LOOK_RUNS": str(runs),
        }
        self._environment |= {"HOME": str(home), "TMPDIR": str(home)}
        # An unused address, so that no test reaches the internet.
        self._environment |= {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self._port)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            _wait_until_healthy(self.url, self._process, self.log)
        except RuntimeError:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The process number of the server."""
        return self._process.pid

    def stop(self) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture
def stop_runs_after_test(app):
    """End active runs and empty the queue after the test."""
    from fracture_core.runs import queue
    from fracture_core.runs.run import ACTIVE_STATUSES, Run

    yield
    with queue.locked_queue(app.runs) as waiting_runs:
        waiting_runs.clear()
    for run in Run.all(app.runs):
        if (state := run.state()).status in ACTIVE_STATUSES:
            # A run that is asked to stop would first load TensorFlow and all images.
            with suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)
    deadline = time.monotonic() + 180
    while any(run.state().status in ACTIVE_STATUSES for run in Run.all(app.runs)):
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture(scope="session")
def shipped_copy_predictions(app) -> pd.DataFrame:
    """Predictions of the model `shipped-copy`, a copy of the shipped model, for phantoms as its test images.

    It has confident errors with heatmaps. The tiny model finds no evidence in most images, and has no features for
    similarity search.
    """
    from fracture_core.datasets.cases import cases_to_frame
    from fracture_core.datasets.layouts import read_catalogue
    from fracture_core.evaluation import predictions
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.card import ModelCard
    from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

    target = app.models / "shipped-copy"
    shutil.copytree(app.models / SHIPPED_MODEL, target)
    replace(ModelCard.load(target / "card.json"), id="shipped-copy", title="Copy of the shipped model").save(
        target / "card.json"
    )
    predictor = Predictor(ModelStore(app.models), "shipped-copy")
    cases_with_probability = [
        (case, predictor.predict(case.path, heatmap=False).probability)
        for case in read_catalogue(app.phantoms).cases[20:36]
    ]
    # The quality check may reject such small images.
    cases = [case for case, probability in cases_with_probability if probability is not None]
    table = cases_to_frame([replace(case, split="test") for case in cases])
    table["path"] = [case.path.relative_to(app.phantoms).as_posix() for case in cases]
    table["probability"] = [
        probability for _, probability in cases_with_probability if probability is not None
    ]
    return predictions.write_predictions(target / "predictions.csv", table.assign(logit=0.0))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_healthy(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.25)
    raise RuntimeError(f"the app did not start:\n{log.read_text()}")
