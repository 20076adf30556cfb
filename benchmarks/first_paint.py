"""Time from starting the server to the first page and the first verdict, measured in headless Chromium.

python -m benchmarks.first_paint [--root DIR] [--runs N] [--pause SECONDS]

Each run starts a new server with an empty home folder. Chromium is already running, so its own start is not counted.
The verdict is that of a synthetic sample, opened as soon as its button appears, or after a pause as by a user who first
looks for a file.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent

#: Steps in their order. Times are in seconds since the server answered, except that of the server itself.
STEPS = ("server up", "title and navigation", "sample buttons", "first verdict")

#: The browser and its options; the headless build, where it is installed, needs less CPU time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_SAMPLE = ".st-key-samples [data-testid=stButton] button"
_TIMEOUT_MS = 180_000


def main() -> None:
    """Print the median and the range of each step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to measure")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--pause", type=float, default=0, help="seconds from the first page to opening the sample"
    )
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        runs = [measure(options.root, browser, options.pause) for _ in range(options.runs)]
        browser.close()
    print(f"{options.runs} runs, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':<22}{'wall, s':>20}{'server CPU, s':>20}")
    for step in STEPS:
        walls, cpus = zip(*(run[step] for run in runs), strict=True)
        print(f"{step:<22}{_describe(walls):>20}{_describe(cpus):>20}")


def measure(root: Path, browser: Browser, pause: float) -> dict[str, tuple[float, float]]:
    """Measure one start of the app.

    Args:
        root: folder that holds `app.py`.
        browser: a running browser.
        pause: seconds to wait before the sample is opened; they do not count.

    Returns:
        By step: wall seconds, and CPU seconds that the server has used until then.
    """
    measured: dict[str, tuple[float, float]] = {}
    started = time.perf_counter()
    with start_server(root) as (url, process):
        measured["server up"] = time.perf_counter() - started, cpu_seconds(process)
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(_TIMEOUT_MS)
        up = time.perf_counter()

        def record(step: str) -> None:
            measured[step] = time.perf_counter() - up, cpu_seconds(process)

        page.goto(url, wait_until="commit")
        page.get_by_role("heading", name="Second opinion", level=1).wait_for()
        page.locator(
            "[data-testid=stTopNavLinkContainer], [data-testid=stTopNavLink], [data-testid=stTopNavSection]"
        ).first.wait_for()
        record("title and navigation")
        page.locator(_SAMPLE).first.wait_for()
        record("sample buttons")
        page.wait_for_timeout(pause * 1000)
        page.locator(_SAMPLE).first.click()
        page.get_by_test_id("verdict").wait_for()
        up += pause
        record("first verdict")
        page.context.close()
    return measured


@contextmanager
def start_server(root: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Start the app, wait until it answers, and stop it in the end.

    Args:
        root: folder that holds `app.py`.

    Yields:
        Its address and its process.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=root,
            env={**os.environ, "HOME": home, "SECOND_LOOK_RUNS": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not _answers(url):
                if process.poll() is not None:
                    raise RuntimeError(f"The server in {root} stopped with exit code {process.returncode}.")
                time.sleep(0.02)
            yield url, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process since its start, in seconds."""
    times = process.cpu_times()
    return times.user + times.system


def _describe(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    main()
