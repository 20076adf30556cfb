"""CPU time and memory of the server while studies are read on the page Second opinion, in headless Chromium.

python -m benchmarks.study_page DIR [--images 60] [--studies 1] [--steps 10] [--methods 0] [--root CHECKOUT]

Uploads the images of DIR, evenly chosen, to a new server, and waits until the whole study has its verdict. With several
studies, each is cleared before the next is uploaded, and DIR must contain enough images for all. Then the key N is
pressed `--steps` times; the next image is there when name and pixels in the page are those of another one. Memory is
the resident set of the server, without Chromium. `--methods` changes the heatmap between the fracture map and Grad-CAM,
which are both computed with the verdict. The last line has the medians of all studies. With `--steps 0` earlier
checkouts can be measured too.
"""

import argparse
import os
import re
import statistics
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.first_paint import CHROMIUM, FLAGS, ROOT, cpu_seconds, start_server
from fracture_core.datasets.layouts.image_files import find_images

_TIMEOUT_MS = 600_000

# The name of the open image and the address of the pixels on the canvas. Earlier pages have the name in a heading.
_SHOWN = """() => {
    const root = document.querySelector('[data-testid=stBidiComponentIsolated]')?.shadowRoot;
    const name = root?.querySelector('[data-testid=image-name]') ?? document.querySelector('.st-key-reading h3');
    return [name?.textContent, root?.querySelector('.viewer')?.dataset.film];
}"""


def main() -> None:
    """Print CPU seconds and memory after each study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=60, help="images of a study")
    parser.add_argument("--studies", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10, help="times the next image is opened")
    parser.add_argument("--methods", type=int, default=0, help="times another heatmap method is chosen")
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to measure")
    options = parser.parse_args()
    found = find_images(options.folder)
    count = options.images * options.studies
    if len(found) < count:
        parser.error(f"{options.folder} contains {len(found)} images, not {count}.")
    paths = found[:: len(found) // count][:count]
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"{'study':>6}{'images':>8}{'first verdict, s':>18}{'all, s':>8}{'next image, s':>15}{'method, s':>11}"
        f"{'CPU, s':>8}{'memory, MB':>12}{'cleared, MB':>13}"
    )
    rows = []
    with sync_playwright() as playwright, start_server(options.root) as (url, server):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(_TIMEOUT_MS)
        page.goto(url)
        page.get_by_text("Samples").wait_for()
        # The modules of the other pages and the model are loaded in the background.
        _wait_until_idle(server)
        for study in range(options.studies):
            files = paths[study * options.images : (study + 1) * options.images]
            before = cpu_seconds(server)
            first, all_images = read_study(page, files)
            _wait_until_idle(server)
            used, memory = cpu_seconds(server) - before, _megabytes(server)
            steps = [_open_next(page) for _ in range(options.steps if len(files) > 1 else 0)]
            methods = _change_methods(page, options.methods)
            _wait_until_idle(server)
            page.get_by_role("button", name=re.compile("^(Clear study|New study)$")).click()
            page.get_by_text("Study cleared").wait_for()
            _wait_until_idle(server)
            step, method = (statistics.median(times) if times else 0.0 for times in (steps, methods))
            rows.append((first, all_images, step, method, used, memory, _megabytes(server)))
            _print_row(str(study + 1), len(files), rows[-1])
        browser.close()
    if len(rows) > 1:
        _print_row("median", options.images, tuple(map(statistics.median, zip(*rows, strict=True))))


def _print_row(name: str, images: int, row: tuple[float, ...]) -> None:
    first, all_images, step, method, used, memory, cleared = row
    print(
        f"{name:>6}{images:>8}{first:>18.2f}{all_images:>8.2f}{step:>15.2f}{method:>11.2f}{used:>8.1f}{memory:>12.0f}"
        f"{cleared:>13.0f}",
        flush=True,
    )


def read_study(page: Page, files: list[Path]) -> tuple[float, float]:
    """Upload images and wait for their verdicts.

    Args:
        page: the page Second opinion, without images.
        files: the images.

    Returns:
        Seconds from the upload to the first verdict, and to that of the whole study.
    """
    started = time.perf_counter()
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(files)
    page.get_by_test_id("verdict").or_(page.get_by_test_id("study-verdict")).first.wait_for()
    first = time.perf_counter() - started
    if len(files) > 1:
        page.get_by_test_id("study-verdict").filter(has_text=f"Study of {len(files)} images:").wait_for()
    return first, time.perf_counter() - started


def _open_next(page: Page) -> float:
    """Press N and return the seconds until name and pixels are those of the next image."""
    before = page.evaluate(_SHOWN)
    started = time.perf_counter()
    page.keyboard.press("n")
    page.wait_for_function(
        f"before => ({_SHOWN})().every((now, at) => now && now !== before[at])",
        arg=before,
    )
    seconds = time.perf_counter() - started
    page.wait_for_timeout(1000)
    return seconds


def _change_methods(page: Page, count: int) -> list[float]:
    """Choose the other heatmap method several times; return the seconds until each heatmap is shown."""
    times = []
    if count:
        page.get_by_role("tab", name="Explain").click()
    for number in range(count):
        page.wait_for_timeout(2000)
        before = page.locator(".viewer").get_attribute("data-layer")
        method = ("Grad-CAM", "Fracture map")[number % 2]
        page.get_by_role("combobox", name="Heatmap method").click()
        page.keyboard.type(method)
        page.get_by_role("option", name=method, exact=True).wait_for()
        started = time.perf_counter()
        page.get_by_role("option", name=method, exact=True).click()
        page.wait_for_function(
            "before => document.querySelector('[data-testid=stBidiComponentIsolated]')?.shadowRoot"
            "?.querySelector('.viewer')?.dataset.layer !== before",
            arg=before,
        )
        times.append(time.perf_counter() - started)
    if count:
        page.get_by_role("tab", name="Report").click()
    return times


def _wait_until_idle(server: psutil.Process) -> None:
    """Wait until the server uses hardly any CPU time for two seconds."""
    while True:
        before = cpu_seconds(server)
        time.sleep(2)
        if cpu_seconds(server) - before < 0.05:
            return


def _megabytes(server: psutil.Process) -> float:
    return float(server.memory_info().rss) / 1e6


if __name__ == "__main__":
    main()
