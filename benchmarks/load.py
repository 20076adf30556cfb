"""Twenty users at once: time to the verdict, mix-ups, errors and memory.

    python -m benchmarks.load --users 20 --minutes 10

Starts the app, and a session of one browser for each user. Each user uploads an image of its
own, waits for the verdict, checks that the size of the image shown is that of its image, clears the study and pauses
for some seconds. Each image has another size, so a mix-up shows.
"""

import argparse
import asyncio
import io
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from fracture_core.phantom import draw_phantom

ROOT = Path(__file__).resolve().parents[1]


def make_image(number: int) -> tuple[bytes, str]:
    """Return a PNG of a size that no other user has, and the size as the page shows it."""
    width, height = 640 + 8 * number, 800 + 4 * number
    pixels = draw_phantom(number % 6, "leg", number % 2 == 1, (height, width)).pixels
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, "PNG")
    return file.getvalue(), f"{width} × {height} pixels"


class User:
    """One browser session.

    Args:
        url: address of the app.
        number: number of the user.
    """

    def __init__(self, url: str, number: int):
        self._url, self._number = url, number
        self._content, self._size = make_image(number)
        self.times: list[float] = []
        self.errors: list[str] = []

    async def work(self, until: float, browser) -> None:
        """Analyse the image again and again.

        Args:
            until: time at which the last round begins, see `time.monotonic`.
            browser: a browser of Playwright.
        """
        context = await browser.new_context(viewport={"width": 1000, "height": 800})
        page = await context.new_page()
        page.set_default_timeout(120_000)
        chance = random.Random(self._number)
        try:
            await page.goto(self._url)
            while time.monotonic() < until:
                await page.locator("input[type=file]:not([webkitdirectory])").first.wait_for(state="attached")
                start = time.monotonic()
                name = f"user-{self._number}-{len(self.times)}.png"
                file = {"name": name, "mimeType": "image/png", "buffer": self._content}
                await page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(file)
                await page.get_by_test_id("verdict").first.wait_for()
                self.times.append(time.monotonic() - start)
                if not await page.get_by_text(self._size).count():
                    await page.wait_for_timeout(2000)
                    if not await page.get_by_text(self._size).count():
                        self.errors.append("another image is shown")
                if await page.get_by_test_id("stException").count():
                    self.errors.append("the page showed an exception")
                await page.get_by_role("button", name="Clear study").click()
                await page.get_by_test_id("verdict").first.wait_for(state="detached")
                await page.wait_for_timeout(chance.uniform(5, 25) * 1000)
        except Exception as error:  # noqa: BLE001 - counted
            self.errors.append(f"{type(error).__name__}: {str(error)[:100]}")
        finally:
            await context.close()


async def run(users: int, minutes: float, url: str, chromium: str) -> list[User]:
    """Let all users work at the same time."""
    from playwright.async_api import async_playwright

    crowd = [User(url, number) for number in range(users)]
    until = time.monotonic() + 60 * minutes
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        await asyncio.gather(*(user.work(until, browser) for user in crowd))
        await browser.close()
    return crowd


def main() -> None:
    """Start the app and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--chromium", default="/usr/bin/chromium-headless-shell")
    args = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SECOND_LOOK_RUNS": folder, "HOME": folder, "TMPDIR": folder}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url)
            process = psutil.Process(server.pid)
            before, cpu = process.memory_info().rss, process.cpu_times()
            crowd = asyncio.run(run(args.users, args.minutes, url, args.chromium))
            used = process.cpu_times()
            times = np.array([seconds for user in crowd for seconds in user.times])
            print(f"{args.users} users, {args.minutes:g} minutes: {len(times)} answers")
            if len(times):
                print(
                    "p50 {:.1f} s, p95 {:.1f} s, longest {:.1f} s".format(*np.quantile(times, (0.5, 0.95, 1)))
                )
            print(f"server: {used.user + used.system - cpu.user - cpu.system:.0f} s of CPU time")
            print(f"memory: {before >> 20} MB before, {process.memory_info().rss >> 20} MB after")
            errors = [error for user in crowd for error in user.errors]
            print(f"errors: {len(errors)}", *errors[:10], sep="\n  ")
        finally:
            server.terminate()
            server.wait(30)


def _wait(url: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the app did not start")


if __name__ == "__main__":
    main()
