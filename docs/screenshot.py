"""Makes docs/screenshot.png: the second opinion page with a synthetic film, in headless Chromium.

Start the app (`make run`), then: .venv/bin/python docs/screenshot.py [URL]
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent


def main(url: str) -> None:
    """Uploads a sample and takes the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1180})
        page.goto(url)
        page.locator("input[type=file]").first.set_input_files(
            ROOT / "assets/samples/synthetic_hand_fracture.png"
        )
        page.locator(".st-key-viewer .viewer[data-matrix]").wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        page.screenshot(path=ROOT / "docs/screenshot.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501")
